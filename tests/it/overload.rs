//! More requests than the service answers at a time. It tells the next caller to come again, and no
//! source gets all places.

use std::net::IpAddr;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::front_door::Bank;
use crate::harness::{
    Caller, D1, GRANT, Secure, Service, Setup, eventually, header, plain, read_answer, status,
    token_request,
};

const LIMIT: &str = "throttle = { requests = 16 }\n";

/// A request without the end of its body.
fn unfinished() -> String {
    let request = token_request(D1);
    request[..request.len() - 5].to_owned()
}

async fn under_way(service: &Service, number: u64) {
    let look = async || service.metric("d1_authz_requests_under_way").await;
    eventually("so many are under way", look, |seen| *seen == number).await;
}

/// The answer is as in the document and as RFC 9110 10.2.3 says.
#[track_caller]
fn is_told_to_come_again(answer: &str) {
    assert_eq!(status(answer), 503, "{answer}");
    assert_eq!(header(answer, "retry-after"), Some("1"));
    assert_eq!(header(answer, "cache-control"), Some("no-store"));
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"], "temporarily_unavailable", "{body}");
}

/// The same for an operation without errors of OAuth. The answer is as in the document too.
#[track_caller]
fn is_unread(answer: &str, operation: &str) {
    assert_eq!(status(answer), 503, "{answer}");
    assert_eq!(header(answer, "retry-after"), Some("1"));
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["operation"], operation);
    assert_eq!(body["error_code"], "overloaded");
    for member in ["request_id", "message"] {
        assert!(body[member].is_string(), "{body}");
    }
}

#[tokio::test]
async fn one_too_many_is_told_to_come_again() {
    let setup = Setup::of(LIMIT);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    let from = async |address: [u8; 4], request: &str| -> TcpStream {
        let mut stream = plain(IpAddr::from(address), service.api).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    // A source may have half of all places.
    let mut greedy = Vec::new();
    for _ in 0..8 {
        greedy.push(from([127, 0, 1, 1], &unfinished()).await);
    }
    under_way(&service, 8).await;
    let mut one_more = from([127, 0, 1, 1], &token_request(D1)).await;
    is_told_to_come_again(&read_answer(&mut one_more).await.unwrap());
    // The service has read this request's body, so the connection stays open.
    for (path, operation) in [
        ("/authz/d1/v1/openapi.json", "getOpenApiDocument"),
        ("/authz/d1/v1/oauth2/jwks", "getJsonWebKeySet"),
        (
            "/.well-known/oauth-authorization-server/authz/d1/v1",
            "getAuthorizationServerMetadata",
        ),
    ] {
        let document = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        one_more.write_all(document.as_bytes()).await.unwrap();
        let answer = read_answer(&mut one_more).await.unwrap();
        is_unread(&answer, operation);
    }
    // The service doesn't wait for a body that hasn't arrived.
    let announced = unfinished().replace("Content-Length: 29", "Content-Length: 16000");
    let mut unread = from([127, 0, 1, 1], &announced).await;
    is_told_to_come_again(&read_answer(&mut unread).await.unwrap());
    // The service answers other sources meanwhile.
    let mut honest = from([127, 0, 1, 2], &token_request(D1)).await;
    let answer = read_answer(&mut honest).await.unwrap();
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(
        service.metric("d1_authz_requests_turned_away_total").await,
        5
    );
    // The service answers the requests that it began. Then it has room again.
    for stream in &mut greedy {
        stream
            .write_all(&GRANT.as_bytes()[GRANT.len() - 5..])
            .await
            .unwrap();
        let answer = read_answer(stream).await.unwrap();
        assert_eq!(status(&answer), 200, "{answer}");
    }
    under_way(&service, 0).await;
    let mut again = from([127, 0, 1, 1], &token_request(D1)).await;
    assert_eq!(status(&read_answer(&mut again).await.unwrap()), 200);
    // The service decided nothing about the requests that it turned away.
    assert_eq!(service.stop().reasons(), Vec::<String>::new());
}

#[tokio::test]
async fn behind_the_front_door_sources_are_the_callers_own() {
    let open = Bank::configured("", LIMIT).start();
    let to = open.service.api;
    let greedy: Caller = open.d1.from([127, 0, 1, 1]);
    let mut held: Vec<Secure> = Vec::new();
    for _ in 0..8 {
        let mut connection = greedy.connect(to).await.unwrap();
        connection.send(unfinished()).await.unwrap();
        held.push(connection);
    }
    under_way(&open.service, 8).await;
    is_told_to_come_again(&greedy.token(to).await.unwrap());
    assert!(open.d1.from([127, 0, 1, 2]).is_served(to).await);
    // A caller that hangs up makes room.
    drop(held);
    under_way(&open.service, 0).await;
    assert!(greedy.is_served(to).await);
}
