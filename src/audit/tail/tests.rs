//! A chain that grows while it is followed.

use super::super::scratch::Scratch;
use super::*;

fn numbers(lines: &[Vec<u8>]) -> Vec<u64> {
    let seq = |line: &Vec<u8>| {
        let line: serde_json::Value = serde_json::from_slice(line).unwrap();
        line["seq"].as_u64().unwrap()
    };
    lines.iter().map(seq).collect()
}

fn all_of(tail: &mut Tail) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let more = tail.more().unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

#[test]
fn the_last_lines_and_those_that_follow_over_all_files() {
    let scratch = Scratch::with_files_of(4096);
    let end = scratch.write(200).sequence;
    assert!(Chain::Decisions.files(scratch.folder()).unwrap().len() > 2);
    for count in [0, 1, 5, 100, 10_000] {
        let folder = scratch.folder().to_owned();
        let (mut tail, lines) = Tail::of(Chain::Decisions, folder, count).unwrap();
        let first = (end + 1).saturating_sub(count as u64).max(1);
        assert_eq!(numbers(&lines), (first..=end).collect::<Vec<_>>());
        assert!(tail.more().unwrap().is_empty());
    }
    let folder = scratch.folder().to_owned();
    let (mut tail, _) = Tail::of(Chain::Decisions, folder, 0).unwrap();
    let later = scratch.write(200).sequence;
    let expected: Vec<_> = (end + 1..=later).collect();
    assert_eq!(numbers(&all_of(&mut tail)), expected);
}

#[test]
fn a_chain_that_is_not_there_yet_is_followed_from_its_beginning() {
    let scratch = Scratch::new();
    let folder = scratch.folder().to_owned();
    let (mut tail, lines) = Tail::of(Chain::Decisions, folder, 10).unwrap();
    assert!(lines.is_empty() && tail.more().unwrap().is_empty());
    scratch.write(1);
    assert_eq!(numbers(&all_of(&mut tail)), [1, 2]);
}

#[test]
fn half_a_line_waits_for_its_other_half() {
    let scratch = Scratch::new();
    scratch.write(1);
    let whole = std::fs::read(scratch.file()).unwrap();
    std::fs::write(scratch.file(), &whole[..whole.len() - 7]).unwrap();
    let folder = scratch.folder().to_owned();
    let (mut tail, lines) = Tail::of(Chain::Decisions, folder, 10).unwrap();
    assert_eq!(numbers(&lines), [1]);
    assert!(tail.more().unwrap().is_empty());
    std::fs::write(scratch.file(), &whole).unwrap();
    assert_eq!(numbers(&tail.more().unwrap()), [2]);
}
