//! Trails that someone changed.

use std::fs;

use proptest::prelude::*;

use super::super::scratch::Scratch;
use super::*;

/// A trail of many lines in several files, and its end.
fn trail(records: usize) -> (Scratch, Head) {
    let scratch = Scratch::with_files_of(20_000);
    let head = scratch.write(records);
    (scratch, head)
}

/// Lets `change` alter all lines of the trail, and writes them back to files with as many lines as
/// before.
fn tamper(scratch: &Scratch, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let files = Chain::Decisions.files(scratch.folder()).unwrap();
    let mut lines = Vec::new();
    let mut lengths = Vec::new();
    for (_, file) in &files {
        let text = fs::read(file).unwrap();
        let before = lines.len();
        lines.extend(
            text.split_inclusive(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec),
        );
        lengths.push(lines.len() - before);
    }
    change(&mut lines);
    let mut rest = lines.into_iter();
    for (at, (_, file)) in files.iter().enumerate() {
        let length = if at + 1 == files.len() {
            usize::MAX
        } else {
            lengths[at]
        };
        let content: Vec<u8> = rest.by_ref().take(length).flatten().collect();
        fs::write(file, content).unwrap();
    }
}

fn broken(scratch: &Scratch, head: &Head) -> Broken {
    scratch.verify(std::slice::from_ref(head)).unwrap_err()
}

/// Where the line with this number in the whole trail, from 0, stands.
fn place(scratch: &Scratch, mut number: usize) -> LinePlace {
    for (_, file) in Chain::Decisions.files(scratch.folder()).unwrap() {
        let lines = fs::read(&file).unwrap();
        let lines = lines.split_inclusive(|byte| *byte == b'\n').count();
        if number < lines {
            return LinePlace {
                file: file.into(),
                line: number as u64 + 1,
            };
        }
        number -= lines;
    }
    panic!("no such line");
}

#[test]
fn an_untouched_trail_is_good() {
    let (scratch, head) = trail(3_000);
    let verified = scratch.verify(std::slice::from_ref(&head)).unwrap();
    let checkpoints = verified.checkpoints;
    assert!(checkpoints > 3, "{verified:?}");
    let expected = Verified {
        trail: Some(head.trail.as_ref().into()),
        first: 1,
        last: head.sequence,
        checkpoints,
        unsigned: 0,
        is_sequel: false,
        is_torn: false,
    };
    assert_eq!(verified, expected);
    assert_eq!(Scratch::new().verify(&[]).unwrap().trail, None);
}

#[test]
fn files_that_were_taken_away_from_the_front_are_no_break() {
    let (scratch, head) = trail(600);
    let files = Chain::Decisions.files(scratch.folder()).unwrap();
    fs::remove_file(&files[0].1).unwrap();
    assert_eq!(
        scratch.verify(std::slice::from_ref(&head)).unwrap().first,
        files[1].0
    );
    fs::remove_file(&files[2].1).unwrap();
    let broken = broken(&scratch, &head);
    let last = files[3].0 - 1;
    assert_eq!(broken.what, Break::Removed { last });
    assert_eq!((broken.sequence, broken.place.line), (files[2].0, 1));
}

#[test]
fn an_end_that_was_cut_off_is_missed_as_far_as_the_store_knows_it() {
    let (scratch, before) = trail(50);
    let head = scratch.write(50);
    let lines = usize::try_from(head.sequence).unwrap();
    tamper(&scratch, |all| all.truncate(lines - 20));
    let found = broken(&scratch, &head);
    let known = head.sequence;
    assert_eq!(found.what, Break::Truncated { known });
    assert_eq!(found.sequence, head.sequence - 20);
    assert_eq!(scratch.verify(&[before]).unwrap().unsigned, 31);
}

#[test]
fn a_trail_that_is_written_anew_needs_the_key() {
    let (scratch, head) = trail(50);
    let other = Scratch::new();
    other.write(50);
    for (_, file) in Chain::Decisions.files(scratch.folder()).unwrap() {
        fs::remove_file(file).unwrap();
    }
    let forged = fs::read_to_string(other.file()).unwrap();
    fs::write(scratch.file(), &forged).unwrap();
    let found = scratch.verify(&[]).unwrap_err();
    let kid = other.key.id.clone();
    assert_eq!(found.what, Break::UnknownKey { kid });

    // Under the id of a trail that the store knows, and without checkpoints.
    let mut anew = Head {
        sequence: 0,
        hash: Hash::NONE,
        ..head.clone()
    };
    let mut lines = Vec::new();
    for _ in 0..5_000 {
        anew.append(&super::super::scratch::refused("forged"), &mut lines);
    }
    fs::write(scratch.file(), &lines).unwrap();
    assert_eq!(broken(&scratch, &head).what, Break::Rewritten);
    let found = scratch.verify(&[]).unwrap_err();
    assert_eq!((found.what, found.sequence), (Break::Unsigned, 4_001));
}

#[test]
fn what_is_found_is_told_in_words() {
    let (scratch, head) = trail(100);
    tamper(&scratch, |lines| drop(lines.drain(4..7)));
    let text = broken(&scratch, &head).to_string();
    let expected = "decisions-000000000001.jsonl:5: records 5 to 7 were removed before this line";
    assert!(text.ends_with(expected), "{text}");
}

/// Only the first line says which trail it is, so a fault in it shows at the second line.
#[test]
fn the_first_line_is_no_blind_spot() {
    let (scratch, head) = trail(30);
    let file = scratch.file();
    let good = fs::read(&file).unwrap();
    for byte in 0..good.iter().position(|byte| *byte == b'\n').unwrap() {
        let mut altered = good.clone();
        altered[byte] ^= 1;
        fs::write(&file, altered).unwrap();
        for found in [broken(&scratch, &head), scratch.verify(&[]).unwrap_err()] {
            assert_eq!(found.what, Break::Altered, "byte {byte}: {found}");
            assert_eq!((found.place.line, found.sequence), (1, 1), "byte {byte}");
        }
    }
    let mut foreign = Vec::new();
    Head::new().append(&super::super::scratch::refused("x"), &mut foreign);
    for inserted in [&b"\n"[..], b"nonsense\n", &foreign] {
        fs::write(&file, [inserted, &good].concat()).unwrap();
        let found = broken(&scratch, &head);
        assert_eq!((found.place.line, found.what), (1, Break::Inserted));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn an_altered_byte_is_found_where_it_is(at in 0.0..1.0, within in 0.0..1.0, flip in 1_u8..=255) {
        let (scratch, head) = trail(200);
        let mut number = 0;
        tamper(&scratch, |lines| {
            number = index(at, lines.len());
            let line = &mut lines[number];
            let byte = index(within, line.len() - 1);
            // A line feed inside the line would make two lines of it.
            line[byte] = match line[byte] ^ flip {
                b'\n' => b'\r',
                other => other,
            };
        });
        let found = broken(&scratch, &head);
        prop_assert_eq!(&found.place, &place(&scratch, number), "{}", found);
        let told = matches!(
            found.what,
            Break::Altered | Break::BadSignature | Break::UnknownKey { .. } | Break::Rewritten
        );
        prop_assert!(told, "{}", found);
    }

    #[test]
    fn removed_lines_are_found_where_they_were(at in 0.0..1.0, count in 1_usize..20) {
        let (scratch, head) = trail(200);
        let mut number = 0;
        tamper(&scratch, |lines| {
            number = index(at, lines.len() - count);
            lines.drain(number..number + count);
        });
        let found = broken(&scratch, &head);
        prop_assert_eq!(&found.place, &place(&scratch, number), "{}", found);
        prop_assert_eq!(found.sequence, number as u64 + 1);
        prop_assert_eq!(found.what, Break::Removed { last: (number + count) as u64 });
    }

    #[test]
    fn an_inserted_line_is_found_where_it_is(at in 0.0..1.0, from in 0.0..1.0, kind in 0..4) {
        let (scratch, head) = trail(200);
        let mut number = 0;
        tamper(&scratch, |lines| {
            number = index(at, lines.len());
            let copied = lines[index(from, lines.len())].clone();
            let line = match kind {
                0 => copied,
                1 => b"{\"event\":\"token.issued\"}\n".to_vec(),
                2 => lines[number].clone(),
                _ => forged(lines, number),
            };
            lines.insert(number, line);
        });
        let found = broken(&scratch, &head);
        // Of two equal lines, either one may be the copy.
        let copy_is_after = found.place == place(&scratch, number + 1);
        prop_assert!(copy_is_after || found.place == place(&scratch, number), "{}", found);
        prop_assert_eq!(&found.what, &Break::Inserted, "{}", found);
    }

    #[test]
    fn lines_in_another_order_are_found_where_it_begins(one in 0.0..1.0, other in 0.0..1.0, moves: bool) {
        let (scratch, head) = trail(200);
        let (mut first, mut sequence) = (0, 0);
        tamper(&scratch, |lines| {
            let (one, other) = (index(one, lines.len()), index(other, lines.len()));
            first = one.min(other);
            if moves {
                let line = lines.remove(one);
                lines.insert(other, line);
                sequence = if one < other { one + 2 } else { one + 1 };
            } else {
                lines.swap(one, other);
                sequence = one.max(other) + 1;
            }
            if one == other { sequence = 0; }
        });
        if sequence == 0 { return Ok(()); }
        let found = broken(&scratch, &head);
        prop_assert_eq!(&found.place, &place(&scratch, first), "{}", found);
        let expected = first as u64 + 1;
        prop_assert_eq!((found.sequence, found.what), (sequence as u64, Break::Reordered { expected }));
    }
}

fn index(share: f64, length: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = (share * length as f64) as usize;
    index.min(length - 1)
}

/// A line that continues the chain at `number` as the right line does, but with other content.
fn forged(lines: &[Vec<u8>], number: usize) -> Vec<u8> {
    let before = number.checked_sub(1).map(|before| &lines[before]);
    let mut head = match before {
        Some(line) => Head::after(line.trim_ascii_end()).unwrap(),
        None => Head {
            sequence: 0,
            hash: Hash::NONE,
            ..Head::after(lines[0].trim_ascii_end()).unwrap()
        },
    };
    let mut line = Vec::new();
    head.append(&super::super::scratch::refused("forged"), &mut line);
    line
}
