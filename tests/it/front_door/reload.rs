//! Certificates that change while the service runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::{Bank, Open};
use crate::harness::{Authority, SERVER, eventually};

impl Open {
    /// Waits until the log has a text this many times.
    async fn log_has(&self, text: &str, times: usize) {
        let has = |log: &String| log.matches(text).count() >= times;
        eventually(text, async || self.service.log(), has).await;
    }

    fn put(&self, file: &str, from: &str) {
        let folder = self.service.setup.folder();
        // Certificate managers rename a complete new file too.
        let new = folder.join(format!("{file}.new"));
        std::fs::copy(folder.join(from), &new).unwrap();
        std::fs::rename(new, folder.join(file)).unwrap();
    }
}

const IN_FORCE: &str = "were read again and are in force";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_certificate_is_swapped_under_load_without_a_failed_request() {
    let open = Bank::with("").start();
    let address = open.address();
    open.own.issue("server-next", "/CN=bank.example", SERVER);
    let (stop, failed, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (d1, stop) = (open.d1.clone(), stop.clone());
            let (failed, done) = (failed.clone(), done.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let served = d1.is_served(address).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    failed.fetch_add(usize::from(!served), Ordering::Relaxed);
                }
            })
        })
        .collect();
    for (number, name) in ["server-next", "server-again"].into_iter().enumerate() {
        if number > 0 {
            open.own.issue(name, "/CN=bank.example", SERVER);
        }
        open.put("own/server.pem", &format!("own/{name}.pem"));
        open.put("own/server.key", &format!("own/{name}.key"));
        open.log_has(IN_FORCE, number + 1).await;
    }
    let so_far = done.load(Ordering::Relaxed);
    while done.load(Ordering::Relaxed) < so_far + 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    let (failed, done) = (failed.load(Ordering::Relaxed), done.load(Ordering::Relaxed));
    eprintln!("certificate swapped twice under load: {failed} of {done} requests failed");
    assert_eq!(failed, 0);
}

#[tokio::test]
async fn what_can_not_be_used_leaves_the_old_in_force() {
    let open = Bank::with("").start();
    open.put("own/server.pem", "thales/d1.pem");
    open.log_has("can't be used; those before stay in force", 1)
        .await;
    assert!(open.d1.is_served(open.address()).await);
    // After a SIGHUP, the service logs the reason again.
    open.service.signal("HUP");
    open.log_has("can't be used; those before stay in force", 2)
        .await;
    assert!(open.d1.is_served(open.address()).await);
}

#[tokio::test]
async fn authorities_and_revocations_change_too() {
    let bank = Bank::with(", crl = \"thales/crl.pem\"");
    bank.thales.revocations();
    let next = Authority::new(bank.setup.folder(), "next");
    let d1 = bank.d1.clone();
    let open = bank.start();
    let address = open.address();
    assert!(open.d1.is_served(address).await);
    open.thales.revoke(&d1);
    open.thales.revocations();
    open.service.signal("HUP");
    open.log_has(IN_FORCE, 1).await;
    assert!(!open.d1.is_served(address).await, "revoked");

    let moved = next.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    assert!(!open.caller(Some(&moved)).is_served(address).await);
    next.revocations();
    open.put("thales/crl.pem", "next/crl.pem");
    open.put("thales/ca.pem", "next/ca.pem");
    open.log_has(IN_FORCE, 2).await;
    assert!(open.caller(Some(&moved)).is_served(address).await);
}
