//! The kept inputs of every target: seeds of each kind, and every input that once broke a target.

#![allow(clippy::unwrap_used)] // a test that unwraps says where it failed

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use d1_authz_fuzz::{TARGETS, Target};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn inputs(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(corpus().join(target.name)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

fn holds(target: &Target, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.check)(bytes))).is_ok()
}

#[test]
fn every_target_has_inputs_and_every_input_a_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.into()).collect();
    let folders = fs::read_dir(corpus()).unwrap();
    let folders: BTreeSet<_> = folders.map(|folder| folder.unwrap().file_name()).collect();
    assert_eq!(folders, targets);
    assert!(TARGETS.iter().all(|target| inputs(target).len() > 1));
}

#[test]
fn what_must_hold_holds_of_every_kept_input() {
    for target in TARGETS {
        for (path, bytes) in inputs(target) {
            assert!(holds(target, &bytes), "{}", path.display());
        }
    }
}

/// Does a little of libFuzzer's work in every test run: cuts each input short, and changes one
/// byte.
#[test]
fn what_must_hold_holds_of_kept_inputs_that_are_damaged() {
    for target in TARGETS.iter().filter(|target| target.quick) {
        for (path, bytes) in inputs(target) {
            // Damages at most about 64 places of a long input, and each place of a short one.
            for at in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << (at % 8);
                let what = format!("{}, damaged at {at}", path.display());
                assert!(holds(target, &damaged), "{what}");
                assert!(holds(target, &bytes[..at]), "{what}: cut");
            }
        }
    }
}
