//! The trail on a real disk, and on one that is full.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::super::Wrong;
use super::super::scratch::{Scratch, refused};
use super::*;
use crate::token::{ClientId, Scope, TokenId};

const EPOCH: Timestamp = Timestamp::UNIX_EPOCH;

/// The number and the reason of each record.
fn reasons(scratch: &Scratch) -> Vec<(u64, String)> {
    let of = |line: &serde_json::Value| {
        let reason = line["reason"].as_str().unwrap_or_default();
        (line["seq"].as_u64().unwrap(), reason.to_owned())
    };
    scratch.records().iter().map(of).collect()
}

fn full_disk() -> fs::File {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    full.unwrap()
}

#[tokio::test]
async fn a_record_is_one_line_of_json_and_holds_the_hash_of_the_one_before() {
    let scratch = Scratch::new();
    let trail = scratch.open().unwrap();
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
        source: Some("192.0.2.1".parse().unwrap()),
        correlation_id: Some("x-1".into()),
        ..Record::of(EPOCH, event)
    };
    trail.write(record).await.unwrap();
    trail.checkpoint(EPOCH).await.unwrap();
    let text = fs::read_to_string(scratch.file()).unwrap();
    let (first, second) = text.split_once('\n').unwrap();
    let id = scratch.lines()[0]["trail"].as_str().unwrap().to_owned();
    assert_eq!(
        first,
        format!(
            "{{\"trail\":\"{id}\",\"seq\":1,\"prev\":\"{}\",\"time\":\"1970-01-01T00:00:00Z\",\"source\":\"192.0.2.1\",\
             \"correlation_id\":\"x-1\",\"event\":\"token.issued\",\"client_id\":\"is_tbank01\",\
             \"grant_type\":\"client_credentials\",\"scope\":\"a b\",\"aud\":[\"https://api.example\"],\
             \"jti\":\"{token_id}\",\"kid\":\"kid\",\"expires_at\":\"1970-01-01T00:15:00Z\"}}",
            "0".repeat(64)
        )
    );
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, first.as_bytes());
    let hex: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let kid = &scratch.key.id;
    let covered = format!(
        "{{\"trail\":\"{id}\",\"seq\":2,\"prev\":\"{hex}\",\"time\":\"1970-01-01T00:00:00Z\",\
         \"event\":\"audit.checkpoint\",\"kid\":\"{kid}\"}}"
    );
    let (signed, signature) = second.split_once(",\"signature\":\"").unwrap();
    assert_eq!(format!("{signed}}}"), covered);
    let signature = signature.trim_end().strip_suffix("\"}").unwrap();
    assert!(scratch.key.has_signed(covered.as_bytes(), signature));
    let mode = fs::metadata(scratch.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_chain_goes_on_after_a_restart_and_what_a_crash_tore_is_cut_off() {
    let scratch = Scratch::new();
    let trail = scratch.open().unwrap();
    trail.write(refused("one")).await.unwrap();
    trail.write(refused("two")).await.unwrap();
    assert!(
        matches!(scratch.open(), Err(AuditError::Locked(_))),
        "one writer at a time"
    );
    close(trail, &scratch);
    let mut file = fs::OpenOptions::new();
    let mut file = file.append(true).open(scratch.file()).unwrap();
    file.write_all(b"{\"seq\":3,\"ti").unwrap();
    assert!(scratch.verify(&[]).unwrap().is_torn);

    let trail = scratch.open().unwrap();
    trail.write(refused("three")).await.unwrap();
    let expected = [(1, "one".into()), (2, "two".into()), (3, "three".into())];
    assert_eq!(reasons(&scratch), expected);
    let verified = scratch.verify(&[]).unwrap();
    assert_eq!(
        (verified.unsigned, verified.checkpoints, verified.is_torn),
        (0, 1, false),
        "what a crash left unsigned is signed at once"
    );
}

#[tokio::test]
async fn a_file_that_is_no_trail_is_left_alone() {
    for content in ["not json\n", "{\"no\":\"seq\"}\n", &"x".repeat(200_000)] {
        let scratch = Scratch::new();
        fs::write(scratch.file(), content).unwrap();
        let trail = scratch.open().unwrap();
        assert_eq!(trail.gaps()[0].what, Wrong::Unreadable);
        trail.write(refused("one")).await.unwrap();
        assert_eq!(fs::read_to_string(scratch.file()).unwrap(), content);
        let results = scratch.verify_all(&[]);
        assert_eq!(results.len(), 2, "the trail that is none, and the new one");
        assert!(results[1].as_ref().unwrap().is_sequel);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_records_of_many_requests_are_there_once_and_in_order() {
    for durability in [Durability::Fsync, Durability::Buffered] {
        let scratch = Scratch::new();
        let trail = Trail::open(
            scratch.settings.clone(),
            scratch.known(&[]),
            durability,
            None,
        )
        .unwrap();
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
        trail.flush(EPOCH).await.unwrap();
        let verified = scratch.verify(&[]).unwrap();
        assert_eq!(verified.last - verified.checkpoints, 3200);
        assert!(verified.checkpoints >= 1, "{verified:?}");
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_the_trail_whole() {
    let scratch = Scratch::new();
    let trail = scratch.open().unwrap();
    for number in 0..200 {
        // Dropped at its first or a later wait.
        let limit = Duration::from_micros(number % 20);
        let _given_up = tokio::time::timeout(limit, trail.write(refused("gone"))).await;
    }
    trail.write(refused("last")).await.unwrap();
    scratch.verify(&[]).unwrap();
    assert_eq!(reasons(&scratch).pop().unwrap().1, "last");
}

/// A full disk: `/dev/full` takes no byte, so the test moves the trail onto it and back.
#[tokio::test]
async fn a_full_disk_refuses_and_recovers_without_half_a_line() {
    let scratch = Scratch::new();
    let (one, two) = ([refused("one")], [refused("two")]);
    let mut journal = scratch.journal();
    let append = |journal: &mut Journal, records: &[Record]| {
        journal.append(records.iter(), None, true, &mut Vec::new())
    };
    append(&mut journal, &one).unwrap();
    let whole = journal.file().replace_file(full_disk());
    let error = append(&mut journal, &two).unwrap_err().to_string();
    assert!(
        error.contains("decisions-000000000001.jsonl") && error.contains("space"),
        "{error}"
    );
    journal.file().replace_file(whole);

    // Half a line of the failed write, which the next write has to remove.
    let mut file = fs::OpenOptions::new();
    let mut file = file.append(true).open(scratch.file()).unwrap();
    file.write_all(b"{\"se").unwrap();
    append(&mut journal, &two).unwrap();
    let expected = [(1, "one".into()), (2, "two".into())];
    assert_eq!(reasons(&scratch), expected);
    scratch.verify(&[]).unwrap();
}

#[tokio::test]
async fn a_trail_that_resumes_says_what_is_missing() {
    let scratch = Scratch::new();
    let mut journal = scratch.journal();
    let whole = journal.file().replace_file(full_disk());
    let state = Arc::<Mutex<State>>::default();
    let (_sender, receiver) = mpsc::channel(1);
    let mut writer = Writer {
        copies: None,
        journal,
        receiver,
        durable: true,
        state: state.clone(),
        lost: 0,
    };
    let is_failing = || lock(&state).fault.is_some();
    let (written, mut told) = oneshot::channel();
    let waited = Entry {
        written: Some(written),
        ..Entry::unwaited(refused("waited"))
    };
    let noted = || Entry::unwaited(refused("noted"));
    writer.write(&mut vec![waited, noted(), noted()], &mut Vec::new());
    assert!(told.try_recv().unwrap().is_err(), "who waits is told");
    assert!(is_failing());

    let flush = || Entry {
        at: EPOCH,
        work: Work::Flush,
        written: None,
    };
    writer.write(&mut vec![flush()], &mut Vec::new());
    assert!(is_failing(), "still full");

    writer.journal.file().replace_file(whole);
    writer.write(&mut vec![flush()], &mut Vec::new());
    assert!(!is_failing(), "recovers without a request");
    writer.write(&mut vec![noted()], &mut Vec::new());
    let lines = scratch.lines();
    assert_eq!(
        (&lines[0]["event"], &lines[0]["lost"]),
        (&"audit.resumed".into(), &2.into())
    );
    assert_eq!(reasons(&scratch)[1], (2, "noted".into()));
    scratch.verify(&[]).unwrap();
}

#[tokio::test]
async fn a_full_file_is_signed_and_followed_by_the_next() {
    let scratch = Scratch::with_files_of(4096);
    for _ in 0..3 {
        let trail = scratch.open().unwrap();
        for _ in 0..50 {
            trail.write(refused("x")).await.unwrap();
        }
        close(trail, &scratch);
    }
    let verified = scratch.verify(&[]).unwrap();
    assert_eq!(verified.last - verified.checkpoints, 150);
    let files = Chain::Decisions.files(scratch.folder()).unwrap();
    assert!(files.len() > 8, "{files:?}");
    for (_, file) in &files[..files.len() - 1] {
        let text = fs::read_to_string(file).unwrap();
        assert!((4096..5000).contains(&text.len()), "{}", text.len());
        assert!(text.lines().last().unwrap().contains("\"signature\""));
    }
    let (taken_away, rest) = files.split_at(files.len() - 1);
    for (_, file) in taken_away {
        fs::remove_file(file).unwrap();
    }
    let trail = scratch.open().unwrap();
    trail.write(refused("x")).await.unwrap();
    close(trail, &scratch);
    let verified = scratch.verify(&[]).expect("what is left of it");
    assert!(verified.first == rest[0].0 || verified.first == 1);
}

/// Drops the trail, and waits until its writer has released the chain.
fn close(trail: Trail, scratch: &Scratch) {
    drop(trail);
    drop(scratch.journal());
}

/// What an attacker can do to a trail, and what the next writer calls it.
#[tokio::test]
async fn a_writer_goes_on_from_nothing_but_the_trail_that_was_left() {
    type Way = fn(&Scratch, &str);
    let cut = |scratch: &Scratch, text: &str| {
        let lines: Vec<_> = text.split_inclusive('\n').take(9).collect();
        fs::write(scratch.file(), lines.concat()).unwrap();
    };
    let emptied = |scratch: &Scratch, _: &str| fs::write(scratch.file(), "").unwrap();
    let removed = |scratch: &Scratch, _: &str| fs::remove_file(scratch.file()).unwrap();
    let rewritten = |scratch: &Scratch, text: &str| {
        let forged = text.replace("\"signature\":\"", "\"signature\":\"A");
        fs::write(scratch.file(), forged).unwrap();
    };
    let other = |scratch: &Scratch, _: &str| {
        let other = Scratch::new();
        other.write(30);
        fs::copy(other.file(), scratch.file()).unwrap();
    };
    let ways: [(Way, Wrong); 5] = [
        (cut, Wrong::Truncated),
        (emptied, Wrong::Missing),
        (removed, Wrong::Missing),
        (rewritten, Wrong::Rewritten),
        (other, Wrong::Replaced),
    ];
    for (way, wrong) in ways {
        let scratch = Scratch::new();
        let head = scratch.write(20);
        let text = fs::read_to_string(scratch.file()).unwrap();
        way(&scratch, &text);
        let trail = scratch.open().unwrap();
        trail.write(refused("after")).await.unwrap();
        let gaps = trail.gaps();
        assert_eq!((gaps.len(), gaps[0].what), (1, wrong));
        close(trail, &scratch);
        // The next writer goes on from the new trail. `verify` still finds what is wrong with the
        // one before.
        let trail = scratch.open().unwrap();
        assert_eq!(trail.gaps(), []);
        let results = scratch.verify_all(std::slice::from_ref(&head));
        let last = results.last().unwrap().as_ref().unwrap();
        assert!(last.is_sequel && last.first > head.sequence, "{last:?}");
        let is_told = results.iter().any(Result::is_err);
        assert!(is_told || wrong == Wrong::Missing, "{wrong:?}: {results:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_changed_under_the_writer_is_noticed_and_no_record_lost() {
    type Way = fn(&Scratch, &str);
    let cut = |scratch: &Scratch, text: &str| fs::write(scratch.file(), &text[..900]).unwrap();
    let removed = |scratch: &Scratch, _: &str| fs::remove_file(scratch.file()).unwrap();
    let renamed = |scratch: &Scratch, _: &str| {
        fs::rename(scratch.file(), scratch.folder().join("aside")).unwrap();
    };
    let replaced = |scratch: &Scratch, text: &str| {
        fs::remove_file(scratch.file()).unwrap();
        fs::write(scratch.file(), &text[..text.len() / 2]).unwrap();
    };
    let gone = |scratch: &Scratch, _: &str| fs::remove_dir_all(scratch.folder()).unwrap();
    for way in [cut as Way, removed, renamed, replaced, gone] {
        let scratch = Scratch::new();
        let trail = scratch.open().unwrap();
        for _ in 0..20 {
            trail.write(refused("before")).await.unwrap();
        }
        way(&scratch, &fs::read_to_string(scratch.file()).unwrap());
        trail.look(EPOCH).await.unwrap();
        assert_eq!(trail.gaps().len(), 1);
        trail.write(refused("after")).await.unwrap();
        trail.look(EPOCH).await.unwrap();
        assert_eq!(trail.gaps().len(), 1, "told once");
        assert_eq!(reasons(&scratch).last().unwrap().1, "after");
        let head = trail.head().unwrap();
        assert!(head.sequence > 20 && scratch.verify(&[head]).unwrap().is_sequel);
    }
}
