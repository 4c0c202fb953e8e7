//! The process can't open files that its configuration doesn't name, even if an attacker controls
//! it.

use std::os::unix::fs::symlink;

use crate::front_door::Bank;
use crate::harness::{Setup, eventually};

/// The line of the log about the confinement.
fn told(log: &str) -> &str {
    let told = log.lines().find(|line| line.contains("confined to"));
    told.unwrap_or_else(|| panic!("nothing is said about it: {log}"))
}

/// The file permissions would let the service read the file. Only the confinement denies it.
#[tokio::test]
async fn what_the_configuration_does_not_name_can_not_be_opened() {
    let open = Bank::with("").start();
    let log = open.service.log();
    if told(&log).contains("does not offer Landlock") {
        println!("not tested: this machine's kernel has no Landlock");
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = open.service.setup.folder();
    let (certificate, copy) = (
        folder.join("own/server.pem"),
        elsewhere.path().join("server.pem"),
    );
    std::fs::copy(&certificate, &copy).unwrap();
    std::fs::remove_file(&certificate).unwrap();
    symlink(&copy, &certificate).unwrap();
    open.service.signal("HUP");
    let denied = |log: &String| {
        let mut lines = log.lines();
        lines.any(|line| line.contains("can't be used") && line.contains("Permission denied"))
    };
    eventually("it is denied", async || open.service.log(), denied).await;
    // The service keeps its certificate. When the file is back, it reads the file again.
    assert!(open.d1.is_served(open.service.api).await);
    std::fs::remove_file(&certificate).unwrap();
    std::fs::copy(&copy, &certificate).unwrap();
    open.service.signal("HUP");
    let again = |log: &String| log.contains("were read again and are in force");
    eventually("it is read again", async || open.service.log(), again).await;
}

/// The log says that the process is confined, or why not. A confined process can gain no
/// privileges.
#[tokio::test]
async fn it_is_told_whether_the_process_is_confined() {
    let service = Setup::with_d1().start();
    let log = service.log();
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    let is_confined = told(&log).contains("\"confined to");
    assert_eq!(status.contains("NoNewPrivs:\t1"), is_confined, "{log}");
}
