//! Forms, multipart, text, XML and binary bodies of one operation, over HTTP.

use dropshot_contract as rt;
use rt::{Decode as _, MediaKind, Shape, Style};
use serde_json::{Value, json};

use crate::harness::{Answer, Server, send};

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

static BODYLESS: rt::Operation =
    rt::Operation::new(rt::http::Method::POST, "bodyless", "/bodyless");

/// Answers with the index of the media type and the body as JSON.
fn uploads() -> Server<()> {
    let route = |operation| rt::Route {
        operation,
        call: |rqctx: rt::RequestContext<()>,
               mut input: Box<rt::Received>|
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
