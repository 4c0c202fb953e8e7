//! The report "A stop refuses callers at once (missing)", at both listeners, with TLS and without.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::front_door::Bank;
use crate::harness::{Connection, D1, GRANT, Service, Setup, header, status, token_request};

/// Long enough for the test to see it.
const DRAIN: Duration = Duration::from_secs(2);

fn drains(setup: Setup) -> Setup {
    setup.configure("drain_time = \"0s\"", "drain_time = \"2s\"");
    setup
}

/// Asks on new connections until the service refuses one. Gives the number of answers before.
async fn answered(service: &Service) -> usize {
    let mut answered = 0;
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let Ok(stream) = tokio::net::TcpStream::connect(service.api).await else {
            return answered;
        };
        drop(stream);
        let request = reqwest::Client::new()
            .post(service.url("/oauth2/token"))
            .header("authorization", D1)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(GRANT);
        match request.send().await {
            Ok(answer) => assert_eq!(answer.status(), 200),
            // The listener closed in between.
            Err(_) => return answered,
        }
        answered += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not end: {}", service.log());
}

async fn readiness(address: SocketAddr) -> String {
    Connection::exchange(address, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").await
}

#[tokio::test]
async fn callers_are_served_while_it_drains() {
    let mut service = drains(Setup::with_d1()).start();
    assert_eq!(status(&readiness(service.ops).await), 200);
    let mut kept = Connection::open(service.api).await;
    kept.send(token_request(D1)).await;
    let answer = kept.read_answer().await;
    assert_eq!(
        (status(&answer), header(&answer, "connection")),
        (200, None)
    );
    let begun = Instant::now();
    service.signal("TERM");
    while !service.log().contains("draining") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ready = readiness(service.ops).await;
    assert_eq!(status(&ready), 503);
    assert!(ready.contains("it is draining"), "{ready}");
    // The service answers on a kept connection, and asks the caller to close it.
    kept.send(token_request(D1)).await;
    let answer = kept.read_answer().await;
    assert_eq!(status(&answer), 200);
    assert_eq!(header(&answer, "connection"), Some("close"));
    let answered = answered(&service).await;
    assert!(begun.elapsed() >= DRAIN && answered > 10, "{answered}");
    assert!(service.ended().success(), "{}", service.log());
    assert!(begun.elapsed() < DRAIN + Duration::from_secs(10));
}

#[tokio::test]
async fn a_second_signal_ends_the_drain() {
    let setup = Setup::with_d1();
    setup.configure("drain_time = \"0s\"", "drain_time = \"5m\"");
    let mut service = setup.start();
    service.signal("TERM");
    while !service.log().contains("draining") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    service.token(D1, GRANT).await.granted();
    service.signal("TERM");
    assert!(service.ended().success(), "{}", service.log());
}

#[tokio::test]
async fn so_it_is_with_tls() {
    let bank = Bank::with("");
    bank.setup
        .configure("drain_time = \"0s\"", "drain_time = \"1s\"");
    let mut open = bank.start();
    open.service.signal("TERM");
    while !open.service.log().contains("draining") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(open.d1.is_served(open.service.api).await);
    let ready = readiness(open.service.ops).await;
    assert_eq!(status(&ready), 503, "{ready}");
    assert!(open.service.ended().success(), "{}", open.service.log());
    assert!(!open.d1.is_served(open.service.api).await);
}
