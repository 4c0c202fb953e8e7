//! Callers that pipeline requests and hang up, next to callers with another certificate. The
//! service never takes a request for another caller's.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Bank;
use crate::harness::{basic, parts, status, token_request};

/// This variable sets how many seconds the test runs.
const SECONDS: &str = "VANISHING_SECONDS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_taken_for_another_callers() {
    let seconds = std::env::var(SECONDS).map_or(3, |text| text.parse().unwrap());
    let bank = Bank::with(", connections_per_source = 512");
    bank.setup.add("other", "secret", &["--scope", "cards"]);
    let other = bank.thales.issue("other", "/CN=other", "DNS:other.example");
    for client in ["is_tbank01", "other"] {
        let set = ["client", "set", client, "--bind-certificate", "required"];
        bank.setup.run(&set).ok();
    }
    let own = bank.d1.thumbprint();
    let open = bank.start();
    let address = open.address();
    // The first check of a secret that an operator chose is slow.
    assert!(open.d1.is_served(address).await);
    let vanishing = open.caller(Some(&other));
    let first = token_request(&basic("other", "secret"));
    let mut connection = vanishing.connect(address).await.unwrap();
    assert_eq!(status(&connection.ask(&first).await.unwrap()), 200);
    let stop = Arc::new(AtomicBool::new(false));
    let (honest, refused, vanished, wrong) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (caller, stop, vanished) = (vanishing.clone(), stop.clone(), vanished.clone());
        tasks.push(tokio::spawn(async move {
            let requests = token_request(&basic("other", "secret")).repeat(20);
            while !stop.load(Ordering::Relaxed) {
                if let Ok(mut connection) = caller.connect(address).await {
                    let _sent = connection.send(&requests).await;
                    vanished.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    for _ in 0..4 {
        let (caller, stop) = (open.d1.clone(), stop.clone());
        let (honest, refused) = (honest.clone(), refused.clone());
        let (wrong, own) = (wrong.clone(), own.clone());
        tasks.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                honest.fetch_add(1, Ordering::Relaxed);
                match caller.token(address).await {
                    Ok(answer) if status(&answer) == 200 => {
                        let is_own = bound_to(&answer) == own;
                        wrong.fetch_add(usize::from(!is_own), Ordering::Relaxed);
                    }
                    _ => drop(refused.fetch_add(1, Ordering::Relaxed)),
                }
            }
        }));
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until || honest.load(Ordering::Relaxed) < 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        wrong.load(Ordering::Relaxed),
        0,
        "tokens with another's certificate"
    );
    let audit = open.service.stop().audit();
    let mut certificates: HashMap<&str, Vec<&str>> = HashMap::new();
    for record in audit
        .iter()
        .filter(|record| record["event"] == "token.issued")
    {
        let client = record["client_id"].as_str().unwrap();
        let certificate = record["certificate"].as_str().expect("each has one");
        let seen = certificates.entry(client).or_default();
        if !seen.contains(&certificate) {
            seen.push(certificate);
        }
    }
    let (honest, refused) = (
        honest.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed),
    );
    eprintln!(
        "{} connections vanished in {seconds} s; {refused} of {honest} honest requests refused; certificates: {certificates:?}",
        vanished.load(Ordering::Relaxed)
    );
    assert_eq!(refused, 0);
    assert_eq!(certificates["is_tbank01"].len(), 1);
    assert_eq!(certificates["other"].len(), 1);
    assert_ne!(certificates["is_tbank01"], certificates["other"]);
    assert!(vanished.load(Ordering::Relaxed) > 20);
}

/// The thumbprint of the certificate that the token is bound to.
fn bound_to(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let [_, claims] = parts(body["access_token"].as_str().unwrap());
    claims["cnf"]["x5t#S256"].as_str().unwrap().to_owned()
}
