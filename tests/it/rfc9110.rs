//! RFC 9110, HTTP Semantics, and RFC 9112, HTTP/1.1.

use crate::harness::{Connection, D1, GRANT, Service, Setup, status};

fn request(headers: &str, body: &str) -> String {
    format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n{body}"
    )
}

/// Sends two requests on one connection. Gives the answers until the service closes it.
async fn answers(service: &Service, headers: &str, body: &str) -> String {
    let mut connection = Connection::open(service.api).await;
    connection.send(request(headers, body)).await;
    connection.send(request("Content-Length: 0\r\n", "")).await;
    connection.read_to_end().await
}

/// If two readers used different lengths, they would see different requests. An attacker could
/// write the second request.
#[tokio::test]
async fn rfc_9112_section_6_3_two_lengths_are_refused() {
    let service = Setup::with_d1().start();
    let length = GRANT.len();
    for headers in [
        format!("Content-Length: {length}\r\nContent-Length: 5\r\n"),
        format!("Content-Length: 5\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}, 5\r\n"),
        format!("Content-Length: {length}, 0\r\n"),
        format!("Content-Length: +{length}\r\n"),
        "Content-Length: -1\r\n".to_owned(),
    ] {
        let answers = answers(&service, &headers, GRANT).await;
        assert_eq!(status(&answers), 400, "{headers:?}: {answers}");
        let count = answers.matches("HTTP/1.1 ").count();
        assert_eq!(count, 1, "{headers:?}: {answers}");
    }
    service.token(D1, GRANT).await.granted();
}

/// The service reads the chunks or refuses the request. A length beside chunks never starts a
/// second request.
#[tokio::test]
async fn rfc_9112_section_6_3_a_length_beside_chunks_counts_for_nothing() {
    let service = Setup::with_d1().start();
    let chunked = format!("{:x}\r\n{GRANT}\r\n0\r\n\r\n", GRANT.len());
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nConnection: close\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
    ] {
        let mut connection = Connection::open(service.api).await;
        connection.send(request(headers, &chunked)).await;
        let answers = connection.read_to_end().await;
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        assert!([200, 400].contains(&status(&answers)), "{answers}");
    }
    for coding in [
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked, identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 29\r\nTransfer-Encoding: xchunked\r\n",
    ] {
        for body in [GRANT, &chunked] {
            let answers = answers(&service, coding, body).await;
            assert_eq!(status(&answers), 400, "{coding}: {answers}");
            let count = answers.matches("HTTP/1.1 ").count();
            assert_eq!(count, 1, "{coding}: {answers}");
        }
    }
    service.token(D1, GRANT).await.granted();
}

#[tokio::test]
async fn section_5_5_an_unrelated_header_may_have_any_bytes() {
    let service = Setup::with_d1().start();
    let mut bytes = request(&format!("Content-Length: {}\r\n", GRANT.len()), GRANT).into_bytes();
    let at = bytes
        .windows(6)
        .position(|window| window == b"Host: ")
        .unwrap();
    bytes.splice(at..at, *b"X-Name: J\xfcrgen\r\n");
    let answer = Connection::exchange(service.api, bytes).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn section_9_3_a_connection_serves_one_request_after_another() {
    let service = Setup::with_d1().start();
    let mut connection = Connection::open(service.api).await;
    let good = request(&format!("Content-Length: {}\r\n", GRANT.len()), GRANT);
    let bad = request("Content-Length: 6\r\n", "foo=%z");
    for (request, expected) in [(&good, 200), (&bad, 400), (&good, 200)] {
        connection.send(request).await;
        assert_eq!(status(&connection.read_answer().await), expected);
    }
}

#[tokio::test]
async fn section_10_1_1_expect_is_answered_before_the_body() {
    let service = Setup::with_d1().start();
    let mut connection = Connection::open(service.api).await;
    let headers = format!(
        "Content-Length: {}\r\nExpect: 100-continue\r\n",
        GRANT.len()
    );
    connection.send(request(&headers, "")).await;
    assert_eq!(status(&connection.read_answer().await), 100);
    connection.send(GRANT).await;
    assert_eq!(status(&connection.read_answer().await), 200);
}

#[tokio::test]
async fn section_15_5_5_other_paths_are_not_found() {
    let service = Setup::with_d1().start();
    for path in [
        "/",
        "/oauth2/token",
        "/authz/d1/v1",
        "/authz/d1/v1/oauth2/token/x",
        "/authz/d1/v2/oauth2/token",
    ] {
        assert_eq!(
            service.get_at(service.api, path).await.status,
            404,
            "{path}"
        );
    }
}
