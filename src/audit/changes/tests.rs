//! Records of the store's outbox on their way into the chain.

use super::super::scratch::Scratch;
use super::super::{Lines, verify};
use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn waiting(number: i64, is_again: bool) -> Waiting<'static> {
    Waiting {
        number,
        json: r#"{"time":"1970-01-01T00:00:00Z","event":"client.added"}"#,
        is_again,
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
    let scratch = Scratch::new();
    write(&scratch, &[waiting(7, false), waiting(8, true)]);
    // Of 9, one of two was written.
    write(&scratch, &[waiting(9, false)]);
    write(&scratch, &[8, 9, 9, 10].map(|number| waiting(number, true)));
    assert_eq!(changes(&scratch), [7, 8, 9, 9, 10]);
    // One that another trail's writer left may have a lower number.
    write(&scratch, &[waiting(3, false)]);
    assert_eq!(changes(&scratch), [7, 8, 9, 9, 10, 3]);
}

#[test]
fn checkpoints_come_within_what_is_written_at_once() {
    let scratch = Scratch::new();
    let many: Vec<_> = (0..9_000).map(|number| waiting(number, false)).collect();
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
    let none = none.iter().map(|json| Waiting {
        json,
        ..waiting(1, false)
    });
    let all: Vec<_> = none.chain([waiting(2, false)]).collect();
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
