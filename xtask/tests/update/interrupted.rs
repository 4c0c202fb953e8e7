//! Tests `kill -9` during an update: the files are all old, or all new once the next command has
//! run.

use super::service::{DOCUMENT, Service};
use serde_json::Value;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often the update is killed at a random time, and how often as soon as the journal is there.
const KILLED: (u32, u32) = (30, 20);

/// Cargo compiles and tests, and touches no file of the tree. A program that does nothing replaces
/// it here, so that the kills often hit the time at which files are written.
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
        // The next command finishes the update, whatever the command does itself.
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

/// A number from 0 to 1, different in each run.
fn chance() -> f64 {
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or(Duration::ZERO);
    f64::from(now.subsec_nanos() % 1_000) / 1_000.0
}

/// The report of a command once it has the lock. If the parent was killed right after a fork, the
/// child holds the lock until it runs another program.
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
