//! Which operation answers a path, over HTTP.

use dropshot_contract as rt;
use serde_json::{Value, json};

use crate::harness::{Server, send};

macro_rules! operations {
    ($($name:ident: $method:ident $path:literal;)+) => {
        $(static $name: rt::Operation = {
            let method = rt::http::Method::$method;
            let mut operation = rt::Operation::new(method, stringify!($name), $path);
            operation.pointer = concat!(stringify!($method), " ", $path);
            operation
        };)+
        fn all() -> Vec<&'static rt::Operation> {
            vec![$(&$name),+]
        }
    };
}

operations! {
    LIST_PUBLIC: GET "/gists/public";
    GET_GIST: GET "/gists/{gist_id}";
    DELETE_GIST: DELETE "/gists/{gist_id}";
    STAR: PUT "/gists/{gist_id}/star";
    FORKS: GET "/gists/{id}/forks";
    PUBLIC_STATS: GET "/gists/public/stats";
    LIST_REPORTS: GET "/reports";
    ADD_REPORT: POST "/reports/";
    AS_JSON: GET "/reports/{id}.json";
    OF_VERSION: GET "/reports/v{version}";
    COMPARE: GET "/compare/{base}...{head}";
    ARCHIVE: POST "/items/{id}:archive";
    PLAIN: GET "/plain/{one}/of/{two}";
    PLAIN_DELETE: DELETE "/plain/{one}/of/{two}";
    MENU: GET "/api/v1/menu/";
    OPENAPI: GET "/api/{version}/_openapi";
    TWICE: GET "/twice/{id}/and/{id}";
}

/// Answers with the operation's id and the values of its path's variables.
fn route(operation: &'static rt::Operation) -> rt::Route<()> {
    rt::Route {
        operation,
        call: |rqctx, mut input| {
            Box::pin(async move {
                let mut values = serde_json::Map::new();
                for name in ["gist_id", "id", "version", "base", "head", "one", "two"] {
                    match input.optional(rt::Location::Path, name, <String as rt::Decode>::decode) {
                        Ok(None) => (),
                        Ok(Some(value)) => drop(values.insert(name.to_owned(), value.into())),
                        Err(rejection) => return rejection.into_response(&rqctx.request_id),
                    }
                }
                rt::reply::json(
                    200,
                    "application/json",
                    &json!([rqctx.endpoint.operation_id, values]),
                )
            })
        },
    }
}

fn mounted(
    operations: Vec<&'static rt::Operation>,
) -> Result<rt::dropshot::ApiDescription<()>, rt::MountError> {
    rt::mount(
        operations.into_iter().map(route).collect(),
        "/v1",
        rt::Options::default(),
        |rqctx, rejection| Box::pin(async move { rejection.into_response(&rqctx.request_id) }),
    )
}

#[tokio::test]
async fn every_operation_is_reached_at_its_own_path() {
    let server = Server::start(mounted(all()).unwrap(), ());
    let cases: &[(&str, &str, Value)] = &[
        ("GET", "/v1/gists/public", json!(["LIST_PUBLIC", {}])),
        ("GET", "/v1/gists/7", json!(["GET_GIST", {"gist_id": "7"}])),
        (
            "DELETE",
            "/v1/gists/publicly",
            json!(["DELETE_GIST", {"gist_id": "publicly"}]),
        ),
        (
            "PUT",
            "/v1/gists/public/star",
            json!(["STAR", {"gist_id": "public"}]),
        ),
        (
            "GET",
            "/v1/gists/public/forks",
            json!(["FORKS", {"id": "public"}]),
        ),
        ("GET", "/v1/gists/public/stats", json!(["PUBLIC_STATS", {}])),
        ("GET", "/v1/reports", json!(["LIST_REPORTS", {}])),
        ("GET", "//v1//reports", json!(["LIST_REPORTS", {}])),
        ("POST", "/v1/reports/", json!(["ADD_REPORT", {}])),
        (
            "GET",
            "/v1/reports/1.2.json",
            json!(["AS_JSON", {"id": "1.2"}]),
        ),
        (
            "GET",
            "/v1/reports/v2.json",
            json!(["AS_JSON", {"id": "v2"}]),
        ),
        (
            "GET",
            "/v1/reports/v2",
            json!(["OF_VERSION", {"version": "2"}]),
        ),
        (
            "GET",
            "/v1/compare/main...a...b",
            json!(["COMPARE", {"base": "main", "head": "a...b"}]),
        ),
        (
            "GET",
            "/v1/compare/a%2Fb...%E2%82%AC",
            json!(["COMPARE", {"base": "a/b", "head": "€"}]),
        ),
        (
            "POST",
            "/v1/items/a:b:archive",
            json!(["ARCHIVE", {"id": "a:b"}]),
        ),
        (
            "GET",
            "/v1/plain/a%2Fb/of/%20",
            json!(["PLAIN", {"one": "a/b", "two": " "}]),
        ),
        (
            "GET",
            "/v1//plain/a///of/b/",
            json!(["PLAIN", {"one": "a", "two": "b"}]),
        ),
        (
            "DELETE",
            "/v1/plain/a/of/b",
            json!(["PLAIN_DELETE", {"one": "a", "two": "b"}]),
        ),
        ("GET", "/v1/api/v1/menu", json!(["MENU", {}])),
        (
            "GET",
            "/v1/api/v1/_openapi",
            json!(["OPENAPI", {"version": "v1"}]),
        ),
        ("GET", "/v1/twice/a/and/a", json!(["TWICE", {"id": "a"}])),
    ];
    for (method, path, expected) in cases {
        let answer = send(server.request(method, path)).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, expected.clone()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn the_path_is_chosen_before_the_method() {
    let server = Server::start(mounted(all()).unwrap(), ());
    for (method, path, allow) in [
        ("DELETE", "/v1/gists/public", "GET, HEAD"),
        ("POST", "/v1/gists/7", "DELETE, GET, HEAD"),
        ("GET", "/v1/reports/", "POST"),
        ("POST", "/v1/reports", "GET, HEAD"),
        // Methods are case-sensitive (RFC 9110 9.1).
        ("get", "/v1/gists/7", "DELETE, GET, HEAD"),
        ("GET", "/v1/items/1:archive", "POST"),
    ] {
        let answer = send(server.request(method, path)).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found_in_dropshots_words() {
    let server = Server::start(mounted(all()).unwrap(), ());
    for path in [
        "/v1/gists",
        "/v1/gists/1/2",
        "/v1/compare/a..b",
        "/v1/items/:archive",
        "/v1/nothing",
        "/gists/public",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let body = answer.json();
        assert_eq!(body["message"], "Not Found", "{path}");
        assert_eq!(
            body["request_id"].as_str(),
            answer.header("x-request-id"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_path_value_that_is_no_text_is_refused() {
    let server = Server::start(mounted(all()).unwrap(), ());
    let answer = server
        .raw(b"GET /v1/plain/%zz/of/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("malformed_encoding"),
        "{answer}"
    );
    assert_eq!(server.get("/v1/gists/%FF").await.status, 400);
    assert_eq!(
        server.get("/v1/twice/a/and/b").await.refusal(),
        "400 repeated_parameter path/id"
    );
    // Dot segments would be resolved by the client.
    let answer = server
        .raw(b"GET /v1/gists/.. HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn operations_that_no_request_tells_apart_are_refused_with_both_pointers() {
    operations! {
        ONE: GET "/x/{a}/y";
        OTHER: GET "/x/{b}/y";
    }
    let Err(error) = mounted(all()) else {
        panic!("they were mounted")
    };
    assert_eq!(
        error.to_string(),
        "GET /x/{a}/y and GET /x/{b}/y are the same method of the same path, /v1/x/{b}/y: remove or rename one"
    );
}

#[test]
fn a_thousand_routes_mount_in_milliseconds_on_a_small_stack() {
    let operations: Vec<&'static rt::Operation> = (0..1000)
        .map(|n| {
            let path: &str =
                Box::leak(format!("/area{}/{{id}}/part{n}/{{name}}", n % 40).into_boxed_str());
            &*Box::leak(Box::new(rt::Operation {
                pointer: path,
                ..rt::Operation::get("blank", path)
            }))
        })
        .collect();
    let mount = move || {
        let start = std::time::Instant::now();
        assert!(mounted(operations).is_ok());
        start.elapsed()
    };
    let took = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(mount)
        .unwrap()
        .join()
        .unwrap();
    println!("1,000 routes mounted in {took:?}");
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
