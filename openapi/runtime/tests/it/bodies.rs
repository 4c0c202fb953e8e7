//! Bodies: media types, sizes, times, syntax and the rules of their schemas, over HTTP.

use std::time::{Duration, Instant};

use dropshot_contract as rt;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Answer, read_all, send};
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
    for _ in 0..3 {
        // On a busy machine the deadline may be over already, and the connection closed.
        if connection.write_all(b" ").await.is_err() {
            break;
        }
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
