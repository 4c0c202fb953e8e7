//! What handlers return and what is sent, over HTTP; the service that the other tests use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dropshot_contract::{self as rt, dropshot};
use serde_json::{Value, json};

use crate::harness::{Answer, Server, send};
use crate::sample::{Api, PutPetReply, PutPetRequest, api_description};

/// A valid body.
pub const PET: &str = r#"{"id": 1, "name": "Rex"}"#;

/// Answers as the header `x-want` says; with the pet otherwise.
pub struct Service;

impl Api for Service {
    type Context = Self;

    async fn put_pet(
        rqctx: rt::RequestContext<Self>,
        request: PutPetRequest,
    ) -> Result<PutPetReply, rt::Failure> {
        let headers = rqctx.request.headers();
        let not_found = |body: &str, hint: Option<&str>| {
            Ok(PutPetReply::NotFound {
                body: body.to_owned(),
                retry_after: 7,
                hint: hint.map(str::to_owned),
            })
        };
        if headers.contains_key("x-debug") {
            let mut response =
                rt::reply::text(200, "text/plain", format!("{:?}", request.credentials));
            response
                .headers_mut()
                .insert("x-request", request.limit.into());
            return Err(response.into());
        }
        match headers.get("x-want").map(|value| value.to_str().unwrap()) {
            Some("404") => not_found("no pet", None),
            Some("hint") => not_found("no pet", Some("try 2")),
            Some("injection") => not_found("no pet", Some("a\r\nset-cookie: b")),
            Some("409") => Ok(PutPetReply::ClientError {
                status: rt::StatusCode::CONFLICT,
            }),
            Some("200 as 4XX") => Ok(PutPetReply::ClientError {
                status: rt::StatusCode::OK,
            }),
            Some("501") => Err(rt::Failure::not_implemented("putPet")),
            Some("503") => Err(dropshot::HttpError::for_unavail(
                Some("Busy".to_owned()),
                "the store is away".to_owned(),
            )
            .into()),
            Some("panic") => panic!("a bug of the handler"),
            Some("500") => Err(rt::Failure::internal("a secret reason")),
            _ => Ok(PutPetReply::Ok(request.body)),
        }
    }
}

pub fn server(options: rt::Options) -> Server<Service> {
    Server::start(api_description::<Service>(options).unwrap(), Service)
}

pub fn put(server: &Server<Service>, query: &str) -> reqwest::RequestBuilder {
    let request = server.request("PUT", &format!("/v1/pets/1{query}"));
    request
        .header("authorization", "Basic dXNlcjpwYXNz")
        .header("content-type", "application/json")
}

async fn want(what: &str) -> Answer {
    let server = server(rt::Options::default());
    send(put(&server, "").header("x-want", what).body(PET)).await
}

#[tokio::test]
async fn a_declared_reply() {
    let answer = want("the pet").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    let expected = json!({"id": 1, "name": "Rex", "size": 10, "color": "red", "weights": [1.5]});
    assert_eq!(answer.json(), expected);

    let answer = want("404").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, "no pet"));
    assert_eq!(
        (answer.header("retry-after"), answer.header("x-hint")),
        (Some("7"), None)
    );
    assert_eq!(want("hint").await.header("x-hint"), Some("try 2"));
    let answer = want("409").await;
    assert_eq!(
        (
            answer.status,
            answer.text.as_str(),
            answer.header("content-type")
        ),
        (409, "", None)
    );
}

#[tokio::test]
async fn what_is_not_declared_is_the_servers_fault() {
    let answer = want("injection").await;
    assert_eq!((answer.status, answer.header("set-cookie")), (500, None));
    assert_eq!(want("200 as 4XX").await.status, 500);
}

#[tokio::test]
async fn failures() {
    let answer = want("501").await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["operation"], &body["error_code"]),
        (501, &json!("putPet"), &json!("not_implemented"))
    );
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));

    let answer = want("503").await;
    assert_eq!(
        (answer.status, &answer.json()["error_code"]),
        (503, &json!("Busy"))
    );
    let answer = want("500").await;
    assert_eq!(
        (answer.status, answer.text.contains("secret")),
        (500, false)
    );
    assert_eq!(
        answer.json()["request_id"].as_str(),
        answer.header("x-request-id")
    );
}

#[tokio::test]
async fn a_service_refuses_in_its_own_words() {
    struct Dialect;
    impl Api for Dialect {
        type Context = ();
        async fn put_pet(
            _: rt::RequestContext<()>,
            _: PutPetRequest,
        ) -> Result<PutPetReply, rt::Failure> {
            Err(rt::Failure::internal("not reached"))
        }
        async fn rejected(_: rt::RequestContext<()>, rejection: rt::Rejection) -> rt::Response {
            let body = json!({"error": rejection.reason().as_str(), "at": rejection.pointer(), "in": rejection.operation()});
            rt::reply::json(418, "application/json", &body)
        }
    }
    let options = rt::Options {
        body_bytes: 40,
        body_deadline: Duration::from_secs(5),
        ..rt::Options::default()
    };
    let server = Server::start(api_description::<Dialect>(options).unwrap(), ());
    let refused = async |body: &'static str| -> (u16, Option<String>, Value) {
        let request = server
            .request("PUT", "/v1/pets/1")
            .header("authorization", "Basic dXNlcjpwYXNz");
        let answer = send(
            request
                .header("content-type", "application/json")
                .body(body),
        )
        .await;
        (
            answer.status,
            answer.header("connection").map(str::to_owned),
            answer.json(),
        )
    };
    let (status, connection, body) = refused(r#"{"id": 1, "name": ""}"#).await;
    assert_eq!((status, connection), (418, None));
    assert_eq!(
        body,
        json!({"error": "length", "at": "/name", "in": "putPet"})
    );
    // The connection is closed whatever the service says.
    let (status, connection, body) =
        refused(r#"{"id": 1, "name": "more than forty bytes of a body"}"#).await;
    assert_eq!((status, connection.as_deref()), (418, Some("close")));
    assert_eq!(body["error"], "body_too_large");
}

#[tokio::test]
async fn what_is_not_admitted_is_not_read() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let admit = {
        let under_way = under_way.clone();
        Box::new(
            move |request: &dropshot::RequestInfo| -> Result<rt::Admitted, rt::Admitted> {
                if request.headers().contains_key("x-one-too-many") {
                    return Err(Box::new(()));
                }
                under_way.fetch_add(1, Ordering::Relaxed);
                Ok(Box::new(Counted(under_way.clone())))
            },
        )
    };
    let server = server(rt::Options {
        admit: Some(admit),
        ..rt::Options::default()
    });
    let answer = send(put(&server, "").header("x-debug", "1").body(PET)).await;
    assert_eq!((answer.status, under_way.load(Ordering::Relaxed)), (200, 0));
    // Whatever its body is.
    for body in [PET.to_owned(), "{".to_owned(), "x".repeat(2_000_000)] {
        let answer = send(put(&server, "").header("x-one-too-many", "1").body(body)).await;
        let said = answer.json();
        assert_eq!(
            (
                answer.status,
                answer.header("retry-after"),
                &said["error_code"]
            ),
            (503, Some("1"), &json!("overloaded"))
        );
    }
}

/// Counts one less when it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
