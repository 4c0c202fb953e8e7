//! `kill -9` in the middle: every file is as it was, or all are new once the next command has run.

use super::service::{DOCUMENT, Service, said};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often it is killed at a time by chance, and how often as soon as the journal is there.
const KILLED: (usize, usize) = (8, 6);

#[test]
fn who_is_killed_leaves_the_tree_clean() {
    let service = Service::new();
    let old = service.tree();
    let new = DOCUMENT.replace(
        "\"holder\": {",
        "\"limit\": {\"type\": \"integer\"}, \"holder\": {",
    );
    // Once to its end, which also compiles what the rounds below need not compile again.
    let out = service.update(&new, &[]).output().unwrap();
    assert!(out.status.success(), "{}", said(&out));
    assert!(service.has_taken(&new));
    service.restore(&old);
    let start = Instant::now();
    assert!(service.update(&new, &[]).output().unwrap().status.success());
    let whole = start.elapsed();

    let mut taken = 0;
    for round in 0..KILLED.0 + KILLED.1 {
        service.restore(&old);
        let mut update = service.update(&new, &[]);
        update
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut update = update.spawn().unwrap();
        if round < KILLED.0 {
            sleep(whole.mul_f64((round as f64 + chance()) / KILLED.0 as f64));
        } else {
            let journal = service.path("target/update/journal.json");
            while !journal.exists() && update.try_wait().unwrap().is_none() {
                std::hint::spin_loop();
            }
        }
        update.kill().unwrap();
        update.wait().unwrap();
        let interrupted = service.path("target/update/journal.json").exists();
        if !interrupted {
            assert!(
                service.tree() == old || service.has_taken(&new),
                "round {round}: a mixture, and no journal"
            );
        }
        // The next command finishes it, whatever it is there for.
        let (_, next) = service.report("{", &[]);
        assert_eq!(next["outcome"], "refused", "round {round}: {next:#}");
        if interrupted || service.tree() != old {
            assert!(
                service.has_taken(&new),
                "round {round}: neither old nor new"
            );
            taken += 1;
        }
        service.restore(&old);
        assert!(
            service.tree() == old,
            "round {round}: a file was left behind"
        );
    }
    eprintln!(
        "killed {} times within {whole:?}: {taken} new, the others old",
        KILLED.0 + KILLED.1
    );
}

/// A number from 0 to 1 that differs from run to run.
fn chance() -> f64 {
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or(Duration::ZERO);
    f64::from(now.subsec_nanos() % 1_000) / 1_000.0
}
