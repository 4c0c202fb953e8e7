//! The disk under the store or the audit trail is full. The disk is a small file system in memory,
//! which only root can make.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Load;
use crate::harness::{D1, GRANT, Setup, eventually, is_root, run};

/// A file system of a given size. It is unmounted on drop.
pub(crate) struct Disk {
    at: PathBuf,
}

impl Disk {
    pub(crate) fn at(path: &Path, size: &str) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=0700"),
                "none",
            ])
            .arg(path);
        run(&mut mount, "").ok();
        Self { at: path.into() }
    }

    /// Fills the disk, up to a part of its last block.
    fn fill(&self) {
        let filler = std::fs::File::create(self.at.join("filler")).unwrap();
        let block = vec![0; 4096];
        while std::io::Write::write_all(&mut &filler, &block).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

/// Whether this user may mount file systems. If not, it prints which test is left out.
pub(crate) fn may_mount() -> bool {
    let may = is_root();
    if !may {
        eprintln!("only root may make a file system: a full disk is not tested");
    }
    may
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_the_store_tokens_go_on_and_changes_fail_until_there_is_room() {
    if !may_mount() {
        return;
    }
    let setup = Setup::on("sqlite:disk/store.db");
    let disk = Disk::at(&setup.folder().join("disk"), "1m");
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    let load = Load::on(&service, 4, Duration::from_millis(5));
    disk.fill();
    let token = service.token(D1, GRANT).await.access_token();
    let mut failures = Vec::new();
    for number in 0..200 {
        let id = format!("client-{number}");
        let add = ["client", "add", "--id", &id, "--secret-stdin"];
        let added = tokio::task::block_in_place(|| service.setup.run_with(&add, "123"));
        if added.code != 0 {
            failures.push((id, added));
            break;
        }
    }
    let (id, failed) = failures.pop().expect("the disk is full");
    assert!(failed.stderr.contains("full"), "{failed:?}");
    let revoked = service.revoke(D1, &token).await;
    disk.free();
    let seen = load.end().await;
    assert_eq!(seen.refused, 0);
    println!(
        "store's disk full: {} tokens, 0 refused; `client add` said {:?}; a revocation was answered {}",
        seen.tokens.len(),
        failed.stderr.trim(),
        revoked.status
    );

    service.setup.add(&id, "123", &[]);
    let other = crate::harness::basic(&id, "123");
    // The service reopens its connections with pauses. A client that the service hasn't read yet
    // waits for a connection.
    let token = async || service.token(&other, GRANT).await.status.as_u16();
    eventually("granted", token, |status| *status == 200).await;
    let ready = async || service.get_at(service.ops, "/readyz").await.status.as_u16();
    eventually("ready", ready, |status| *status == 200).await;
    let status = service.setup.run(&["store", "status"]);
    status.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_the_audit_trail_tokens_stop_until_there_is_room() {
    if !may_mount() {
        return;
    }
    let setup = Setup::empty().with_durable_audit();
    let disk = Disk::at(&setup.folder().join("audit"), "1m");
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    disk.fill();
    let load = Load::on(&service, 2, Duration::from_millis(5));
    let full = async || service.token(D1, GRANT).await;
    let answer = eventually("full", full, |answer| answer.status == 503).await;
    answer.refused(503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    let ready = async || service.get_at(service.ops, "/readyz").await.status.as_u16();
    eventually("not ready", ready, |status| *status == 503).await;
    disk.free();
    let status = async || service.token(D1, GRANT).await.status.as_u16();
    eventually("room again", status, |status| *status == 200).await;
    let seen = load.end().await;
    println!(
        "audit's disk full: {} tokens with their records, {} times 503",
        seen.tokens.len(),
        seen.refused
    );
    let setup = service.stop();
    setup.run(&["audit", "verify"]).ok();
    let audit = setup.audit();
    let recorded = |token: &String| {
        let [_, claims] = crate::harness::parts(token);
        audit.iter().any(|record| record["jti"] == claims["jti"])
    };
    assert!(
        seen.tokens.iter().all(recorded),
        "a token without its record"
    );
}
