//! The life of client secrets: two work at once and replace each other while the client asks for
//! tokens.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{GRANT, Service, Setup, basic, eventually};

fn rotate(setup: &Setup, overlap: &str) -> String {
    let rotate = ["client", "rotate-secret", "is_tbank01", "--output", "json"];
    // A further rotation within the overlap ends the oldest secret, and so it needs `--force`.
    let rotated = setup.run(&[&rotate[..], &["--force", "--overlap", overlap]].concat());
    rotated.ok().json()["client_secret"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn secrets(setup: &Setup) -> Vec<Value> {
    let show = ["client", "show", "is_tbank01", "--output", "json"];
    let shown = setup.run(&show).ok().json();
    shown["secrets"].as_array().unwrap().clone()
}

async fn status(service: &Service, secret: &str) -> u16 {
    service
        .token(&basic("is_tbank01", secret), GRANT)
        .await
        .status
        .as_u16()
}

/// Callers use a new secret some time after the rotation, as people do. The service refuses no
/// request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotating_under_load_refuses_nobody() {
    let service = Setup::with_d1().start();
    let secret = Mutex::new("123".to_owned());
    let over = AtomicBool::new(false);
    let caller = async || {
        let mut asked = 0_u32;
        while !over.load(Ordering::Relaxed) {
            let secret = secret.lock().unwrap().clone();
            assert_eq!(status(&service, &secret).await, 200, "after {asked}");
            asked += 1;
        }
        asked
    };
    let operator = async {
        for _ in 0..3 {
            let new = tokio::task::block_in_place(|| rotate(&service.setup, "24h"));
            // The new secret is in force within a second. The callers get it after that.
            tokio::time::sleep(Duration::from_secs(1)).await;
            *secret.lock().unwrap() = new;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (one, two, ()) = tokio::join!(caller(), caller(), operator);
    assert!(one > 10 && two > 10, "{one} and {two} requests");
    let kept = secrets(&service.setup);
    assert_eq!(kept.len(), 2, "the newest and the one before");
    assert_eq!(status(&service, "123").await, 401);
}

#[tokio::test]
async fn each_secret_shows_its_end_and_when_and_from_where_it_was_last_used() {
    let service = Setup::with_d1().start();
    let new = rotate(&service.setup, "24h");
    assert_eq!(status(&service, "123").await, 200);
    let patience = Instant::now() + Duration::from_secs(20);
    let kept = loop {
        let kept = secrets(&service.setup);
        if !kept[0]["last_used_at"].is_null() {
            break kept;
        }
        assert!(Instant::now() < patience, "{kept:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(kept[0]["kind"], "argon2id");
    assert_eq!(kept[0]["last_used_from"], "127.0.0.1");
    assert!(kept[0]["expires_at"].is_string());
    assert_eq!(kept[1]["kind"], "hmac-sha256");
    assert!(kept[1]["last_used_at"].is_null() && kept[1]["expires_at"].is_null());
    let text = service
        .setup
        .run(&["client", "show", "is_tbank01"])
        .ok()
        .stdout;
    assert!(
        text.contains("UNTIL") && text.contains("127.0.0.1"),
        "{text}"
    );

    let newer = rotate(&service.setup, "0s");
    let by_old = async || status(&service, &new).await;
    eventually("without an overlap it ends at once", by_old, |status| {
        *status == 401
    })
    .await;
    assert_eq!(status(&service, &newer).await, 200);
    assert_eq!(secrets(&service.setup).len(), 1);
}

/// A core dump would write every key to the disk.
#[tokio::test]
async fn the_process_leaves_no_core_dump() {
    let service = Setup::empty().start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{line}");
}
