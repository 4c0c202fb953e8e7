//! Bodies: media types, sizes, times, syntax and the rules of their schemas, over HTTP.

use std::time::{Duration, Instant};

use dropshot_contract as rt;
use rt::{Decode as _, MediaKind, Shape, Style};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Answer, Server, read_all, send};
use crate::replies::{PET, put, server};

async fn put_pet(body: &str) -> Answer {
    send(put(&server(rt::Options::default()), "").body(body.to_owned())).await
}

#[tokio::test]
async fn a_violated_rule_names_its_field() {
    for (body, refusal) in [
        (r#"{"id": 1}"#, "400 missing_property body/name"),
        (r#"{"id": "1", "name": "a"}"#, "400 wrong_type body/id"),
        (r#"{"id": 1.5, "name": "a"}"#, "400 wrong_type body/id"),
        (
            r#"{"id": 9223372036854775808, "name": "a"}"#,
            "400 bounds body/id",
        ),
        (r#"{"id": 1, "name": ""}"#, "400 length body/name"),
        (r#"{"id": 1, "name": null}"#, "400 wrong_type body/name"),
        (
            r#"{"id": 1, "name": "a", "tag": "abcdefghi"}"#,
            "400 length body/tag",
        ),
        (
            r#"{"id": 1, "name": "a", "tag": "A"}"#,
            "400 pattern body/tag",
        ),
        (
            r#"{"id": 1, "name": "a", "tag": null}"#,
            "400 wrong_type body/tag",
        ),
        (
            r#"{"id": 1, "name": "a", "note": 1}"#,
            "400 wrong_type body/note",
        ),
        (
            r#"{"id": 1, "name": "a", "size": 0}"#,
            "400 bounds body/size",
        ),
        (
            r#"{"id": 1, "name": "a", "size": 101}"#,
            "400 bounds body/size",
        ),
        (
            r#"{"id": 1, "name": "a", "size": 7}"#,
            "400 multiple_of body/size",
        ),
        (
            r#"{"id": 1, "name": "a", "color": "green"}"#,
            "400 not_allowed body/color",
        ),
        (
            r#"{"id": 1, "name": "a", "weights": []}"#,
            "400 item_count body/weights",
        ),
        (
            r#"{"id": 1, "name": "a", "weights": [1, 2, 3, 4]}"#,
            "400 item_count body/weights",
        ),
        (
            r#"{"id": 1, "name": "a", "weights": [1, 2, 1.0]}"#,
            "400 repeated_item body/weights/2",
        ),
        (
            r#"{"id": 1, "name": "a", "weights": [1, 0]}"#,
            "400 bounds body/weights/1",
        ),
        (
            r#"{"id": 1, "name": "a", "weights": [99.75]}"#,
            "400 bounds body/weights/0",
        ),
        (
            r#"{"id": 1, "name": "a", "weights": [0.75]}"#,
            "400 multiple_of body/weights/0",
        ),
        (
            r#"{"id": 1, "name": "a", "home": {}}"#,
            "400 missing_property body/home/kind",
        ),
        (
            r#"{"id": 1, "name": "a", "home": {"kind": "tent"}}"#,
            "400 not_allowed body/home/kind",
        ),
        (
            r#"{"id": 1, "name": "a", "home": {"kind": "kennel", "toys": [{"name": 1}]}}"#,
            "400 wrong_type body/home/toys/0/name",
        ),
        (
            r#"{"id": 1, "name": "a", "a/b~c": 1}"#,
            "400 wrong_type body/a~1b~0c",
        ),
        (
            r#"{"id": 1, "name": "a", "ball": {"name": "b", "x": 1}}"#,
            "400 unknown_property body/ball/x",
        ),
        (r#"[]"#, "400 wrong_type body"),
        (r#"{"id": 1, "name": "a""#, "400 malformed_body body"),
        (r#"{"id": 1, "name": "a"} x"#, "400 malformed_body body"),
        (
            r#"{"id": 1, "id": 1, "name": "a"}"#,
            "400 malformed_body body",
        ),
        (
            "{\"id\": 1, \"name\": \"\\ud800\"}",
            "400 malformed_body body",
        ),
    ] {
        assert_eq!(put_pet(body).await.refusal(), refusal, "{body}");
    }
    let answer = put_pet(r#"{"id": 1, "name": "a", "size": 0}"#).await;
    assert_eq!(
        answer.json()["message"],
        "/size in the body must be at least 1"
    );
    let many = (0..40)
        .map(|n| format!("\"k{n}\": {{\"name\": \"x\"}}"))
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(
        put_pet(&format!("{{\"id\": 1, \"name\": \"a\", {many}}}"))
            .await
            .status,
        200
    );
    assert_eq!(
        put_pet(&format!("{{\"id\": 1, \"k7\": 1, {many}}}"))
            .await
            .refusal(),
        "400 malformed_body body"
    );
}

#[tokio::test]
async fn a_valid_body_arrives_whole() {
    let body = json!({
        "id": -9223372036854775808_i64, "name": "é".repeat(64), "tag": "abcdefgh", "note": null, "size": 100,
        "color": "blue", "weights": [0.5, 99.5, 3.0], "home": {"kind": "kennel", "toys": [{"name": "b"}]},
        "ball": {"name": "c"},
    });
    let answer = put_pet(&body.to_string()).await;
    assert_eq!((answer.status, answer.json()), (200, body));
}

#[tokio::test]
async fn depth_is_limited() {
    let nested = |levels: usize| {
        format!(
            "{{\"id\": 1, \"name\": \"a\", \"x\": {}1{}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(
        put_pet(&nested(rt::MAX_DEPTH - 1)).await.refusal(),
        "400 wrong_type body/x"
    );
    assert_eq!(
        put_pet(&nested(rt::MAX_DEPTH)).await.refusal(),
        "400 malformed_body body"
    );
    assert_eq!(
        put_pet(&nested(100_000)).await.refusal(),
        "400 malformed_body body"
    );
}

#[tokio::test]
async fn the_content_type_is_looked_at_first() {
    let server = server(rt::Options::default());
    let put = |headers: &[(&str, &str)], body: &str| {
        let request = server
            .request("PUT", "/v1/pets/1")
            .header("authorization", "Basic dXNlcjpwYXNz")
            .body(body.to_owned());
        send(headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        }))
    };
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
    ] {
        assert_eq!(
            put(&[("content-type", good)], PET).await.status,
            200,
            "{good}"
        );
    }
    for bad in [
        "text/plain",
        "application/json; charset=utf-16",
        "application/vnd.x+json",
        "json",
        "",
    ] {
        assert_eq!(
            put(&[("content-type", bad)], PET).await.refusal(),
            "415 unsupported_media_type body",
            "{bad}"
        );
    }
    let json = ("content-type", "application/json");
    assert_eq!(
        put(&[], PET).await.refusal(),
        "415 unsupported_media_type body"
    );
    assert_eq!(
        put(&[json, json], PET).await.refusal(),
        "415 unsupported_media_type body"
    );
    assert_eq!(put(&[json], "").await.refusal(), "400 missing_body body");
    assert_eq!(put(&[], "").await.refusal(), "400 missing_body body");
}

const HEAD: &str = "PUT /v1/pets/1 HTTP/1.1\r\nhost: x\r\nauthorization: Basic dXNlcjpwYXNz\r\n";

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_before_it_is_sent() {
    let server = server(rt::Options {
        body_bytes: 1000,
        ..rt::Options::default()
    });
    let head = format!("{HEAD}content-type: application/json\r\ncontent-length: 1001\r\n\r\n");
    let answer = server.raw(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        answer.to_lowercase().contains("connection: close") && answer.contains("body_too_large"),
        "{answer}"
    );
    // The same without a length, as soon as it is known.
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
    let head = format!(
        "{HEAD}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"
    );
    let answer = server.raw(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // What is wrong in two ways is refused for its type, which comes first.
    let head = format!("{HEAD}content-type: text/plain\r\ncontent-length: 1001\r\n\r\n");
    assert!(
        server
            .raw(head.as_bytes())
            .await
            .starts_with("HTTP/1.1 415 ")
    );
    // Nobody asks for a body that won't be read (RFC 9110, 10.1.1).
    let head = format!(
        "{HEAD}content-type: application/json\r\ncontent-length: 1001\r\nexpect: 100-continue\r\n\r\n"
    );
    assert!(
        server
            .raw(head.as_bytes())
            .await
            .starts_with("HTTP/1.1 413 ")
    );
    let body = format!("{PET}{}", " ".repeat(1000 - PET.len()));
    assert_eq!(send(put(&server, "").body(body)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let server = server(rt::Options {
        body_deadline: Duration::from_millis(200),
        ..rt::Options::default()
    });
    let start = Instant::now();
    let head = format!("{HEAD}content-type: application/json\r\ncontent-length: 10\r\n\r\n{{");
    let answer = server.raw(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.to_lowercase().contains("connection: close") && answer.contains("body_timeout"),
        "{answer}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    // A byte now and then doesn't extend the deadline.
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    connection
        .write_all(
            format!("{HEAD}content-type: application/json\r\ncontent-length: 90\r\n\r\n")
                .as_bytes(),
        )
        .await
        .unwrap();
    for _ in 0..5 {
        connection.write_all(b" ").await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert!(read_all(&mut connection).await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_body_in_many_pieces_is_one_body() {
    let server = server(rt::Options::default());
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "{HEAD}content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    for byte in PET.chars() {
        connection
            .write_all(format!("1\r\n{byte}\r\n").as_bytes())
            .await
            .unwrap();
    }
    connection.write_all(b"0\r\n\r\n").await.unwrap();
    let answer = read_all(&mut connection).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"Rex\""),
        "{answer}"
    );
}

const fn field(
    name: &'static str,
    shape: Shape,
    style: Style,
    content_type: Option<&'static str>,
) -> rt::Field {
    rt::Field {
        name,
        shape,
        style,
        explode: true,
        content_type,
    }
}

const FIELDS: &[rt::Field] = &[
    field("name", Shape::Scalar, Style::Form, None),
    field("tags", Shape::Array(&Shape::Scalar), Style::Form, None),
    field(
        "owner",
        Shape::Object(&[("id", Shape::Scalar)]),
        Style::DeepObject,
        None,
    ),
];

const PARTS: &[rt::Field] = &[
    field("name", Shape::Scalar, Style::Form, None),
    field(
        "meta",
        Shape::Object(&[]),
        Style::Form,
        Some("application/json"),
    ),
    field(
        "files",
        Shape::Array(&Shape::Scalar),
        Style::Form,
        Some("image/png, text/*"),
    ),
];

static UPLOAD: rt::Operation = rt::Operation {
    id: "upload",
    method: rt::http::Method::POST,
    path: "/upload",
    base_path: None,
    pointer: "/paths/~1upload/post",
    tags: &[],
    summary: None,
    description: None,
    deprecated: false,
    parameters: &[],
    body: Some(rt::RequestBody {
        required: false,
        content: &[
            rt::Media {
                media_type: "application/x-www-form-urlencoded",
                kind: MediaKind::Form,
                fields: FIELDS,
            },
            rt::Media {
                media_type: "multipart/form-data",
                kind: MediaKind::Multipart,
                fields: PARTS,
            },
            rt::Media {
                media_type: "text/*",
                kind: MediaKind::Text,
                fields: &[],
            },
            rt::Media {
                media_type: "application/xml",
                kind: MediaKind::Xml,
                fields: &[],
            },
            rt::Media {
                media_type: "application/octet-stream",
                kind: MediaKind::Bytes,
                fields: &[],
            },
        ],
    }),
    responses: &[],
    security: &[],
};

static BODYLESS: rt::Operation = rt::Operation {
    id: "bodyless",
    method: rt::http::Method::POST,
    path: "/bodyless",
    base_path: None,
    pointer: "",
    tags: &[],
    summary: None,
    description: None,
    deprecated: false,
    parameters: &[],
    body: None,
    responses: &[],
    security: &[],
};

/// Answers with the index of the media type and the body as JSON.
fn uploads() -> Server<()> {
    let route = |operation| rt::Route {
        operation,
        call: |rqctx: rt::RequestContext<()>,
               mut input: rt::Received|
         -> rt::BoxFuture<rt::Response> {
            Box::pin(async move {
                let media = input.media();
                match input.optional_body(Value::decode) {
                    Ok(body) => rt::reply::json(200, "application/json", &(media, body)),
                    Err(rejection) => rejection.into_response(&rqctx.request_id),
                }
            })
        },
    };
    let rejected =
        |rqctx: rt::RequestContext<()>, rejection: rt::Rejection| -> rt::BoxFuture<rt::Response> {
            Box::pin(async move { rejection.into_response(&rqctx.request_id) })
        };
    let routes = vec![route(&UPLOAD), route(&BODYLESS)];
    Server::start(
        rt::mount(routes, "", rt::Options::default(), rejected).unwrap(),
        (),
    )
}

async fn upload(content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    send(
        uploads()
            .request("POST", "/upload")
            .header("content-type", content_type)
            .body(body.into()),
    )
    .await
}

#[tokio::test]
async fn forms() {
    let form = "application/x-www-form-urlencoded";
    for (body, expected) in [
        (
            "name=a+b%26&tags=x&tags=y",
            json!({"name": "a b&", "tags": ["x", "y"]}),
        ),
        (
            "owner[id]=7&owner%5Bname%5D=n",
            json!({"owner": {"id": "7", "name": "n"}}),
        ),
        (
            "name=&extra=1&more=1&more=2",
            json!({"name": "", "extra": "1", "more": ["1", "2"]}),
        ),
        ("", json!({})),
    ] {
        let answer = upload(form, body).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!([0, expected])),
            "{body}"
        );
    }
    for (body, refusal) in [
        (&b"name=a&name=a"[..], "400 repeated_parameter body/name"),
        (b"name=%zz", "400 malformed_encoding body/name"),
        (b"extra=%E9", "400 malformed_encoding body/extra"),
        (b"n%=1", "400 malformed_encoding body"),
        (b"name=\xE9", "400 malformed_encoding body"),
        (b"owner=1", "400 wrong_type body/owner"),
    ] {
        assert_eq!(upload(form, body).await.refusal(), refusal, "{body:?}");
    }
}

fn parts(parts: &[(&str, &str, &str)]) -> String {
    let mut body = String::new();
    for (disposition, headers, data) in parts {
        body.push_str(&format!(
            "--B\r\nContent-Disposition: form-data; {disposition}\r\n{headers}\r\n{data}\r\n"
        ));
    }
    body + "--B--\r\n"
}

#[tokio::test]
async fn multipart() {
    let form = "multipart/form-data; boundary=B";
    let body = parts(&[
        ("name=\"name\"", "", "Rex"),
        (
            "name=\"meta\"",
            "Content-Type: application/json\r\n",
            r#"{"a": [1]}"#,
        ),
        (
            "name=\"files\"; filename=\"a.png\"",
            "Content-Type: image/png\r\n",
            "one",
        ),
        ("name=\"other\"", "", "o"),
        (
            "name=\"files\"; filename=\"b.txt\"",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "two",
        ),
    ]);
    let answer = upload(form, body).await;
    let expected =
        json!({"name": "Rex", "meta": {"a": [1]}, "files": ["one", "two"], "other": "o"});
    assert_eq!((answer.status, answer.json()), (200, json!([1, expected])));

    for (body, refusal) in [
        (
            parts(&[("name=\"name\"", "", "a"), ("name=\"name\"", "", "b")]),
            "400 repeated_parameter body/name",
        ),
        (
            parts(&[("name=\"meta\"", "", "{")]),
            "400 malformed_body body/meta",
        ),
        (
            parts(&[("name=\"meta\"", "Content-Type: text/plain\r\n", "{}")]),
            "415 unsupported_media_type body/meta",
        ),
        (
            parts(&[("name=\"files\"", "Content-Type: image/gif\r\n", "x")]),
            "415 unsupported_media_type body/files",
        ),
        (
            parts(&[("filename=\"x\"", "", "x")]),
            "400 malformed_body body",
        ),
        (
            parts(&vec![("name=\"x\"", "", ""); 1001]),
            "400 malformed_body body",
        ),
        ("--B\r\n".to_owned(), "400 malformed_body body"),
        ("nothing of the kind".to_owned(), "400 malformed_body body"),
    ] {
        assert_eq!(
            upload(form, body.as_str()).await.refusal(),
            refusal,
            "{}",
            &body[..body.len().min(200)]
        );
    }
    assert_eq!(
        upload("multipart/form-data", "x").await.refusal(),
        "400 malformed_body body"
    );
}

#[tokio::test]
async fn text_xml_and_bytes() {
    assert_eq!(upload("text/csv", "a,é").await.json(), json!([2, "a,é"]));
    assert_eq!(upload("text/plain", "").await.json(), json!([2, ""]));
    assert_eq!(
        upload("text/plain", b"\xff").await.refusal(),
        "400 malformed_encoding body"
    );
    assert_eq!(
        upload("application/xml", "<a/>").await.json(),
        json!([3, "<a/>"])
    );
    assert_eq!(
        upload("application/octet-stream", "x").await.json(),
        json!([4, "x"])
    );
    assert_eq!(
        upload("image/png", "x").await.refusal(),
        "415 unsupported_media_type body"
    );
    let server = uploads();
    // RFC 9110, 8.3: a body without a type is bytes.
    assert_eq!(
        send(server.request("POST", "/upload").body("x"))
            .await
            .json(),
        json!([4, "x"])
    );
    assert_eq!(
        send(server.request("POST", "/upload")).await.json(),
        json!([null, null])
    );
}

#[tokio::test]
async fn a_body_that_is_not_declared_is_not_read() {
    let server = uploads();
    let head = "POST /bodyless HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n";
    let answer = server.raw(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
