//! Attackers change files of the trail at random places, with the service stopped, killed and
//! running. Each change is noticed.
//!
//! `AUDIT_PLACES=20` tries that many places of each kind. The default is a few, so that the test
//! stays short.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{files, tokens, verify};
use crate::harness::{Setup, eventually};

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Cuts off the end, within a line or after one.
    Truncation,
    /// Takes out a line or the file.
    Deletion,
    /// Changes a byte, or puts another trail's file in place of the file.
    Replacement,
    /// Puts the file back to its state of some records ago.
    Rollback,
}

const KINDS: [Kind; 4] = [
    Kind::Truncation,
    Kind::Deletion,
    Kind::Replacement,
    Kind::Rollback,
];

/// A generator that is random enough to choose a place.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = std::time::SystemTime::now();
        let seed = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        println!("seed {}", seed.subsec_nanos());
        Self(seed.subsec_nanos().into())
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn places(default: usize) -> usize {
    std::env::var("AUDIT_PLACES").map_or(default, |text| text.parse().unwrap())
}

/// Tampers with the file once.
fn tamper(file: &Path, kind: Kind, other: &[u8], random: &mut Random) {
    let text = std::fs::read(file).unwrap();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let place = random.below(lines.len());
    let changed = match kind {
        Kind::Truncation => text[..random.below(text.len())].to_vec(),
        Kind::Deletion if place == 0 => return std::fs::remove_file(file).unwrap(),
        Kind::Deletion => [&lines[..place], &lines[place + 1..]].concat().concat(),
        Kind::Replacement if place == 0 => other.to_vec(),
        Kind::Replacement => {
            let mut changed = text.clone();
            let at = random.below(text.len() - 1);
            changed[at] ^= 1 + u8::try_from(random.below(255)).unwrap();
            changed
        }
        Kind::Rollback => lines[..place].concat(),
    };
    // The file is never empty in between. A running service would notice an empty file too.
    let open = std::fs::File::options().write(true).open(file).unwrap();
    open.write_all_at(&changed, 0).unwrap();
    if changed.len() < text.len() {
        open.set_len(changed.len() as u64).unwrap();
    }
}

async fn trail(killed: bool) -> Setup {
    // With buffered records, a kill can lose the record of a token that has left.
    let service = Setup::with_d1().with_durable_audit().start();
    tokens(&service, 40).await;
    if killed {
        service.kill()
    } else {
        service.stop()
    }
}

/// Tampers in each way at random places of a trail that no process writes. `audit verify` finds it.
async fn at_rest(killed: bool) {
    let other = trail(false).await;
    let other = std::fs::read(&files(&other, "decisions")[0]).unwrap();
    let setup = trail(killed).await;
    verify(&setup).ok();
    let mut random = Random::new();
    for chain in ["decisions", "changes"] {
        let file = files(&setup, chain).pop().unwrap();
        let good = std::fs::read(&file).unwrap();
        for kind in KINDS {
            for place in 0..places(5) {
                tamper(&file, kind, &other, &mut random);
                let found = verify(&setup);
                assert_eq!(found.code, 1, "{kind:?} {place} of {chain}: {found:?}");
                std::fs::write(&file, &good).unwrap();
            }
        }
    }
    verify(&setup).ok();
}

#[tokio::test]
async fn tampering_while_the_service_is_stopped_is_noticed() {
    at_rest(false).await;
}

#[tokio::test]
async fn tampering_after_the_service_was_killed_is_noticed() {
    at_rest(true).await;
}

/// The attacker puts back the whole folder, as it was some tokens before the kill.
#[tokio::test]
async fn a_folder_that_is_put_back_is_noticed() {
    let mut random = Random::new();
    for place in 0..places(3) {
        let service = Setup::with_d1().with_durable_audit().start();
        tokens(&service, 1 + random.below(20)).await;
        let folder = service.setup.folder().join("audit");
        let content: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        tokens(&service, 1 + random.below(5)).await;
        let setup = service.kill();
        for (path, content) in content {
            std::fs::write(path, content).unwrap();
        }
        assert_eq!(verify(&setup).code, 1, "place {place}");
        let service = setup.start();
        super::told(&service).await;
        assert_eq!(verify(&service.stop()).code, 1, "place {place}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_while_the_service_is_running_is_noticed() {
    let other = trail(false).await;
    let other = std::fs::read(&files(&other, "decisions")[0]).unwrap();
    let mut random = Random::new();
    for kind in KINDS {
        for place in 0..places(2) {
            let service = Setup::with_d1().start();
            tokens(&service, 10 + random.below(20)).await;
            // `audit verify` finds it at once. The service finds it within a second if the file's
            // length changes.
            tamper(
                &files(&service.setup, "decisions")[0],
                kind,
                &other,
                &mut random,
            );
            let found = verify(&service.setup);
            assert_eq!(found.code, 1, "{kind:?} {place}: {found:?}");
            tokens(&service, 3).await;
            let length_is_same = matches!(kind, Kind::Replacement);
            let gaps = async || service.metric("d1_authz_audit_gaps_total").await;
            if !length_is_same {
                eventually(&format!("{kind:?}"), gaps, |gaps| *gaps == 1).await;
            }
            let found = verify(&service.stop());
            assert_eq!(found.code, 1, "{kind:?} {place}, afterwards: {found:?}");
        }
    }
}
