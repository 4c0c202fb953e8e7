//! `kill -9` in the middle: every file is as it was, or all are new once the next command has run.

use super::service::{DOCUMENT, Service};
use serde_json::Value;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often it is killed at a time by chance, and how often as soon as the journal is there.
const KILLED: (u32, u32) = (30, 20);

/// Compiling and testing is cargo's, and touches no file of the tree: here a program that does
/// nothing stands in for it, so that there is time to be killed often where files are written.
#[test]
fn who_is_killed_leaves_the_tree_clean() {
    let service = Service::new();
    let old = service.tree();
    let new = DOCUMENT.replace(
        "\"holder\": {",
        "\"limit\": {\"type\": \"integer\"}, \"holder\": {",
    );
    let update = || {
        let mut command = service.update(&new, &[]);
        command
            .env("CARGO", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let start = Instant::now();
    assert!(update().status().unwrap().success());
    let whole = start.elapsed();
    assert!(service.has_taken(&new));

    let (mut taken, mut finished) = (0, 0);
    for round in 0..KILLED.0 + KILLED.1 {
        service.restore(&old);
        let mut update = update().spawn().unwrap();
        if round < KILLED.0 {
            sleep(whole.mul_f64((f64::from(round) + chance()) / f64::from(KILLED.0)));
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
        let next = unlocked(|| service.report("{", &[]).1);
        assert_eq!(next["outcome"], "refused", "round {round}: {next:#}");
        if interrupted || service.tree() != old {
            assert!(
                service.has_taken(&new),
                "round {round}: neither old nor new"
            );
            taken += 1;
            finished += u32::from(interrupted);
        }
        service.restore(&old);
        assert!(
            service.tree() == old,
            "round {round}: a file was left behind"
        );
    }
    eprintln!(
        "killed {} times within {whole:?}: {taken} times all was new, {finished} of them finished by the next command",
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

/// What a command reports once it has the lock: a child that was forked when its parent was killed
/// holds it until it is another program.
fn unlocked(report: impl Fn() -> Value) -> Value {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let report = report();
        let message = report["message"].as_str().unwrap_or_default();
        if !message.contains("another update is running") || Instant::now() > deadline {
            return report;
        }
        sleep(Duration::from_millis(10));
    }
}
