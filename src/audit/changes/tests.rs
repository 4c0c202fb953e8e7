//! Records of the store's outbox on their way into the chain.

use super::super::scratch::Scratch;
use super::super::{Lines, verify};
use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn waiting(number: i64) -> Waiting<'static> {
    Waiting {
        number,
        json: r#"{"time":"1970-01-01T00:00:00Z","event":"client.added"}"#,
    }
}

/// The number of each change in the chain.
fn changes(scratch: &Scratch) -> Vec<i64> {
    let mut lines = Lines::of(Chain::Changes, scratch.folder()).unwrap();
    let (mut all, mut bytes) = (Vec::new(), Vec::new());
    while lines.read(&mut bytes).unwrap().is_some() {
        let line: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        all.extend(line["change"].as_i64());
    }
    all
}

fn write(scratch: &Scratch, records: &[Waiting<'_>]) {
    let changes = Changes::new(scratch.settings.clone());
    let mut writer = changes.open(scratch.known(&[])).unwrap();
    writer.write(records, NOW).unwrap();
    let results = verify(Chain::Changes, scratch.folder(), &scratch.known(&[])).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[test]
fn what_comes_again_after_a_crash_is_written_once() {
    let scratch = Scratch::with_files_of(2_000);
    write(&scratch, &[7, 8].map(waiting));
    // Only one of the two records of change 9 was written.
    write(&scratch, &[waiting(9)]);
    let other = Waiting {
        json: r#"{"time":"1970-01-01T00:00:00Z","event":"client.removed"}"#,
        ..waiting(9)
    };
    write(&scratch, &[waiting(8), waiting(9), other, waiting(10)]);
    assert_eq!(changes(&scratch), [7, 8, 9, 9, 10]);
    // A store that was restored from a backup gives the number again, for another change.
    let other = Waiting {
        json: r#"{"time":"1970-01-01T00:00:01Z","event":"client.added"}"#,
        ..waiting(8)
    };
    write(&scratch, &[other]);
    assert_eq!(changes(&scratch), [7, 8, 9, 9, 10, 8]);
}

#[test]
fn checkpoints_come_within_what_is_written_at_once() {
    let scratch = Scratch::new();
    let many: Vec<_> = (0..9_000).map(waiting).collect();
    write(&scratch, &many);
    assert_eq!(changes(&scratch).len(), 9_000);
}

#[test]
fn what_is_no_record_is_told_and_keeps_nobody_else_out() {
    let scratch = Scratch::new();
    let long = format!("{{\"event\":\"{}\"}}", "x".repeat(70_000));
    let none = [
        "",
        "{}",
        "nonsense",
        "{\"event\":\"audit.checkpoint\"}",
        "{\"event\":\"x\",\"seq\":9}",
        "{\"event\":\"x\"\n}",
        &long,
    ];
    let none = none.iter().map(|json| Waiting { json, ..waiting(1) });
    let all: Vec<_> = none.chain([waiting(2)]).collect();
    write(&scratch, &all);
    let mut lines = Lines::of(Chain::Changes, scratch.folder()).unwrap();
    let (mut events, mut bytes) = (Vec::new(), Vec::new());
    while lines.read(&mut bytes).unwrap().is_some() {
        let line: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        events.push(line["event"].as_str().unwrap().to_owned());
    }
    let unreadable = events.iter().filter(|it| *it == "audit.unreadable");
    assert_eq!((unreadable.count(), &*events[7]), (7, "client.added"));
}
