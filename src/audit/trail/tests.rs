//! The trail on a real disk, and on one that is full.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::token::{ClientId, Scope, TokenId};

fn refused(reason: &'static str) -> Record {
    let event = Event::TokenRefused {
        client_id: Some("c".into()),
        error: "invalid_client",
        reason,
        turned_away: None,
    };
    Record {
        time: Timestamp::UNIX_EPOCH,
        source: None,
        correlation_id: None,
        event,
    }
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file(folder)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("decisions.jsonl")
}

#[tokio::test]
async fn a_record_is_one_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path(), Durability::Fsync).unwrap();
    let token_id = TokenId::generate().unwrap();
    let event = Event::TokenIssued {
        client_id: ClientId::parse("is_tbank01").unwrap(),
        grant_type: "client_credentials",
        scope: Scope::parse("a b").unwrap(),
        audiences: ["https://api.example".parse().unwrap()].into(),
        token_id,
        key_id: "kid".into(),
        expires_at: Timestamp::from_second(900).unwrap(),
    };
    let record = Record {
        time: Timestamp::UNIX_EPOCH,
        source: Some("192.0.2.1".parse().unwrap()),
        correlation_id: Some("x-1".into()),
        event,
    };
    trail.write(record).await.unwrap();
    assert_eq!(
        fs::read_to_string(file(folder.path())).unwrap(),
        format!(
            "{{\"seq\":1,\"time\":\"1970-01-01T00:00:00Z\",\"source\":\"192.0.2.1\",\"correlation_id\":\"x-1\",\
             \"event\":\"token.issued\",\"client_id\":\"is_tbank01\",\"grant_type\":\"client_credentials\",\
             \"scope\":\"a b\",\"aud\":[\"https://api.example\"],\"jti\":\"{token_id}\",\"kid\":\"kid\",\
             \"expires_at\":\"1970-01-01T00:15:00Z\"}}\n"
        )
    );
    assert_eq!(
        fs::metadata(file(folder.path()))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

#[tokio::test]
async fn numbers_go_on_after_a_restart_and_what_a_crash_tore_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Trail::open(folder.path(), Durability::Fsync);
    let trail = open().unwrap();
    trail.write(refused("one")).await.unwrap();
    trail.write(refused("two")).await.unwrap();
    assert!(
        matches!(open(), Err(AuditError::Locked(_))),
        "one writer at a time"
    );
    close(trail, folder.path()).await;
    fs::OpenOptions::new()
        .append(true)
        .open(file(folder.path()))
        .unwrap()
        .write_all(b"{\"seq\":3,\"ti")
        .unwrap();

    let trail = open().unwrap();
    trail.write(refused("three")).await.unwrap();
    let found: Vec<_> = lines(folder.path())
        .iter()
        .map(|line| (line["seq"].clone(), line["reason"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            (1.into(), "one".into()),
            (2.into(), "two".into()),
            (3.into(), "three".into())
        ]
    );
}

#[tokio::test]
async fn a_file_that_is_no_trail_is_left_alone() {
    for content in ["not json\n", "{\"no\":\"seq\"}\n", &"x".repeat(200_000)] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(file(folder.path()), content).unwrap();
        assert!(matches!(
            Trail::open(folder.path(), Durability::Fsync),
            Err(AuditError::Corrupt(_))
        ));
        assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), content);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_records_of_many_requests_are_there_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for durability in [Durability::Fsync, Durability::Buffered] {
        let trail = Trail::open(&folder.path().join(durability.to_string()), durability).unwrap();
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let trail = trail.clone();
                tokio::spawn(async move {
                    for _ in 0..50 {
                        trail.write(refused("x")).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        trail.flush(Timestamp::UNIX_EPOCH).await.unwrap();
        let lines = lines(&folder.path().join(durability.to_string()));
        assert!(
            lines
                .iter()
                .zip(1u64..)
                .all(|(line, seq)| line["seq"] == seq)
        );
        assert_eq!(lines.len(), 3200);
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_the_trail_whole() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(folder.path(), Durability::Fsync).unwrap();
    for number in 0..200 {
        // Dropped at its first or a later wait.
        let limit = Duration::from_micros(number % 20);
        let _given_up = tokio::time::timeout(limit, trail.write(refused("gone"))).await;
    }
    trail.write(refused("last")).await.unwrap();
    let lines = lines(folder.path());
    assert!(
        lines
            .iter()
            .zip(1u64..)
            .all(|(line, seq)| line["seq"] == seq)
    );
    assert_eq!(lines.last().unwrap()["reason"], "last");
}

/// A full disk, as the smallest one there is: `/dev/full` takes nothing, so the trail is moved onto it and back.
#[tokio::test]
async fn a_full_disk_refuses_and_recovers_without_half_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = TrailFile::open(folder.path()).unwrap();
    disk.append(b"{\"seq\":1}\n", true).unwrap();
    let whole = disk.replace_file(
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let error = disk.append(b"{\"seq\":2}\n", true).unwrap_err();
    assert!(
        error.to_string().contains("decisions.jsonl") && error.to_string().contains("space"),
        "{error}"
    );
    disk.replace_file(whole);

    // Half a line from the failed write, which the next one has to remove.
    fs::OpenOptions::new()
        .append(true)
        .open(file(folder.path()))
        .unwrap()
        .write_all(b"{\"se")
        .unwrap();
    disk.append(b"{\"seq\":2}\n", true).unwrap();
    assert_eq!(
        fs::read_to_string(file(folder.path())).unwrap(),
        "{\"seq\":1}\n{\"seq\":2}\n"
    );
}

#[tokio::test]
async fn a_trail_that_resumes_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = TrailFile::open(folder.path()).unwrap();
    let whole = disk.replace_file(
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let fault = Arc::new(Mutex::new(None));
    let (_sender, receiver) = mpsc::channel(1);
    let mut writer = Writer {
        file: disk,
        receiver,
        durable: true,
        fault: fault.clone(),
        lost: 0,
    };
    let (written, mut told) = oneshot::channel();
    let waited = Entry {
        at: Timestamp::UNIX_EPOCH,
        record: Some(refused("waited")),
        written: Some(written),
    };
    let noted = || Entry {
        at: Timestamp::UNIX_EPOCH,
        record: Some(refused("noted")),
        written: None,
    };
    writer.write(&mut vec![waited, noted(), noted()], &mut Vec::new());
    assert!(told.try_recv().unwrap().is_err(), "who waits is told");
    assert!(fault.lock().unwrap().is_some());

    let flush = || Entry {
        at: Timestamp::UNIX_EPOCH,
        record: None,
        written: None,
    };
    writer.write(&mut vec![flush()], &mut Vec::new());
    assert!(fault.lock().unwrap().is_some(), "still full");

    writer.file.replace_file(whole);
    writer.write(&mut vec![flush()], &mut Vec::new());
    assert!(
        fault.lock().unwrap().is_none(),
        "recovers without a request"
    );
    writer.write(&mut vec![noted()], &mut Vec::new());
    let lines = lines(folder.path());
    assert_eq!(
        (&lines[0]["event"], &lines[0]["lost"], &lines[0]["seq"]),
        (&"audit.resumed".into(), &2.into(), &1.into())
    );
    assert_eq!(
        (&lines[1]["reason"], &lines[1]["seq"]),
        (&"noted".into(), &2.into())
    );
}

/// Drops the trail and waits until its writer has let go of the file.
async fn close(trail: Trail, folder: &Path) {
    drop(trail);
    for _ in 0..200 {
        if TrailFile::open(folder).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the writer still holds the file");
}
