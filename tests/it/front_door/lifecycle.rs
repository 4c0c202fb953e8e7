//! Start and stop of a service that terminates TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Bank;
use crate::harness::{D1, GRANT, is_closed, plain, status, token_request};

#[tokio::test]
async fn sigterm_answers_the_requests_under_way_and_lets_nobody_in() {
    let mut open = Bank::with("").start();
    let address = open.address();
    let request = token_request(D1);
    let (begin, rest) = request.split_at(request.len() - GRANT.len() + 7);
    let mut connections = Vec::new();
    for _ in 0..16 {
        let mut connection = open.d1.connect(address).await.unwrap();
        connection.send(begin).await.unwrap();
        connections.push(connection);
    }
    // Idle connections: between requests, after the handshake, and before it.
    let mut kept = open.d1.connect(address).await.unwrap();
    assert_eq!(status(&kept.ask(&request).await.unwrap()), 200);
    let mut silent = open.d1.connect(address).await.unwrap();
    let mut tcp = plain([127, 0, 0, 1].into(), address).await.unwrap();
    open.service.signal("TERM");
    while !open.service.log().contains("stopping") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for mut connection in connections {
        connection.send(rest).await.unwrap();
        let answer = connection.read_answer().await.unwrap();
        assert_eq!(status(&answer), 200, "{answer}");
        assert!(connection.is_closed().await);
    }
    assert!(kept.is_closed().await && silent.is_closed().await && is_closed(&mut tcp).await);
    assert!(open.service.ended().success(), "{}", open.service.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_no_accepted_request() {
    let mut open = Bank::with("").start();
    let address = open.address();
    let (answered, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (d1, answered, lost) = (open.d1.clone(), answered.clone(), lost.clone());
            tokio::spawn(async move {
                // Each connection has one request. If the service accepted the connection and the
                // request, it answers.
                while let Ok(mut connection) = d1.connect(address).await {
                    if connection.send(token_request(D1)).await.is_err() {
                        return;
                    }
                    match connection.read_answer().await {
                        Ok(answer) if status(&answer) == 200 => {
                            answered.fetch_add(1, Ordering::Relaxed)
                        }
                        // The connection closed without an answer: the listener closed between
                        // handshake and request.
                        Err(_) => return,
                        Ok(_) => lost.fetch_add(1, Ordering::Relaxed),
                    };
                }
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) < 50 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    open.service.signal("TERM");
    for task in load {
        task.await.unwrap();
    }
    assert!(open.service.ended().success(), "{}", open.service.log());
    let answered = answered.load(Ordering::Relaxed);
    let audit = open.service.setup.audit();
    let issued = audit
        .iter()
        .filter(|record| record["event"] == "token.issued")
        .count();
    eprintln!("SIGTERM under load: {issued} tokens issued, {answered} arrived");
    assert_eq!((issued, lost.load(Ordering::Relaxed)), (answered, 0));
}
