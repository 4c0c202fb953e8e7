//! Tests `cargo xtask bench measured` from outside. It writes down what a command cost, and stops a
//! command when its parent is gone.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn measured(log: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["bench", "measured", "--log"]).arg(log);
    command
}

#[test]
fn the_cost_of_a_command_and_its_children_is_written_down_and_its_status_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // A grandchild does the work.
    let work = "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; exit 3";
    let started = Instant::now();
    let status = measured(&log)
        .args(["--", "sh", "-c", work, "--crate-name", "things"])
        .status();
    let wall_s = started.elapsed().as_secs_f64();
    assert_eq!(status.unwrap().code(), Some(3));
    let entry: Value = serde_json::from_str(&fs::read_to_string(&log).unwrap()).unwrap();
    assert_eq!(entry["crate_name"], "things");
    let cost = |name: &str| entry["cost"][name].as_f64().unwrap();
    assert!(cost("cpu_s") > 0.01, "{entry}");
    assert!(cost("wall_s") <= wall_s, "{entry}");
    assert!(cost("peak_mb") > 0.1 && cost("peak_mb") < 1000.0, "{entry}");
}

#[test]
fn a_command_on_the_leash_ends_with_whoever_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let sleep = format!("echo $$ > {}; exec sleep 600", pid_file.display());
    let mut child = measured(&folder.path().join("log"))
        .args(["--leash", "--", "sh", "-c", &sleep])
        .process_group(0)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    let pid = loop {
        match fs::read_to_string(&pid_file) {
            Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
            _ => assert!(Instant::now() < end, "the command did not start"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
    let runs =
        || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while runs() {
        assert!(Instant::now() < end, "process {pid} still runs");
        std::thread::sleep(Duration::from_millis(5));
    }
}
