//! Malicious or broken callers: the service answers each one and goes on.

use std::time::{Duration, Instant};

use crate::harness::{Connection, D1, GRANT, Setup, header, status};

fn head(length: impl std::fmt::Display) -> String {
    format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_body_announced_as_100_mb_is_answered_before_a_byte_of_it() {
    let service = Setup::with_d1().start();
    let mut connection = Connection::open(service.api).await;
    connection.send(head("Content-Length: 100000000")).await;
    let answer = connection.read_answer().await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains("invalid_request"), "{answer}");
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    assert_eq!(
        header(&answer, "connection"),
        Some("close"),
        "the rest of it is not read"
    );
    service.token(D1, GRANT).await.granted();
}

#[tokio::test]
async fn a_body_of_100_mb_in_chunks_is_cut_off_early() {
    let service = Setup::with_d1().start();
    let mut connection = Connection::open(service.api).await;
    connection.send(head("Transfer-Encoding: chunked")).await;
    let chunk = format!("{:x}\r\n{}\r\n", 1_000_000, "a".repeat(1_000_000));
    let mut sent = 0;
    while sent < 100 && connection.send(&chunk).await {
        sent += 1;
    }
    // The kernel buffers a few megabytes at most.
    assert!(sent < 50, "{sent} MB were taken");
    service.token(D1, GRANT).await.granted();
}

#[tokio::test]
async fn a_body_within_the_cap_is_read_and_one_above_it_is_not() {
    let service = Setup::with_d1().start();
    let form = |length: usize| format!("{GRANT}&x={}", "a".repeat(length - GRANT.len() - 3));
    service.token(D1, &form(16 * 1024)).await.granted();
    service
        .token(D1, &form(16 * 1024 + 1))
        .await
        .refused(413, "invalid_request");
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_ten_seconds() {
    let service = Setup::with_d1().start();
    let mut connection = Connection::open(service.api).await;
    let started = Instant::now();
    connection.send(head("Content-Length: 29")).await;
    connection.send("grant_type=").await;
    let answer = connection.read_answer().await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    let waited = started.elapsed();
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(15)).contains(&waited),
        "{waited:?}"
    );
    service.token(D1, GRANT).await.granted();
}

#[tokio::test]
async fn callers_that_hang_up_leave_nothing_behind() {
    let service = Setup::with_d1().start();
    for _ in 0..50 {
        let mut connection = Connection::open(service.api).await;
        connection.send(head("Content-Length: 29")).await;
        connection.send(&GRANT[..10]).await;
        drop(connection);
        let mut connection = Connection::open(service.api).await;
        connection.send(head("Content-Length: 29")).await;
        connection.send(GRANT).await;
        drop(connection);
    }
    service.token(D1, GRANT).await.granted();
    let issued = service
        .stop()
        .audit()
        .iter()
        .filter(|record| record["event"] == "token.issued")
        .count();
    assert!((1..=51).contains(&issued), "{issued}");
}

#[tokio::test]
async fn noise_is_no_request() {
    let service = Setup::with_d1().start();
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"POST /authz/d1/v1/oauth2/token HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let mut connection = Connection::open(service.api).await;
        connection.send(noise).await;
        connection.send("\r\n\r\n").await;
        let answer = connection.read_to_end().await;
        assert!(
            answer.is_empty() || (400..600).contains(&status(&answer)),
            "{answer}"
        );
    }
    let wide = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(500));
    let answer = Connection::exchange(service.api, wide).await;
    assert_eq!(status(&answer), 431, "{answer}");
    service.token(D1, GRANT).await.granted();
}

/// The first check of a chosen secret is slow. Requests that wait for it must get its result.
#[tokio::test]
async fn the_first_requests_of_a_client_may_come_together() {
    let service = Setup::with_d1().start();
    let answers = (0..8).map(|_| async { service.token(D1, GRANT).await.status == 200 });
    assert!(futures(answers).await.into_iter().all(|good| good));
}

#[tokio::test]
async fn many_at_once_are_all_answered() {
    let service = Setup::with_d1().start();
    service.token(D1, GRANT).await.granted();
    let answers = (0..200).map(|number| {
        let service = &service;
        async move {
            let (credential, expected) = if number % 2 == 0 {
                (D1, 200)
            } else {
                ("Basic AAAA", 401)
            };
            service.token(credential, GRANT).await.status.as_u16() == expected
        }
    });
    assert!(futures(answers).await.into_iter().all(|good| good));
}

async fn futures<F: Future<Output = bool>>(all: impl Iterator<Item = F>) -> Vec<bool> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        all.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(good) => {
                done.push(good);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done
}
