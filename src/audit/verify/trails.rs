//! Divides the files of a chain into its trails. A file whose first line says so begins a new
//! trail.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::chain::Head;
use super::super::hash::Hash;
use super::super::{AuditError, Chain, Event, Known, Lines};

/// The files of one trail, in order, each with the number of its first record.
pub(super) type Files = Vec<(u64, PathBuf)>;

/// What the first record of a new trail says of the one before.
#[derive(Deserialize)]
struct Began<'a> {
    event: &'a str,
    prev: Hash,
    known_trail: Option<&'a str>,
    known_seq: Option<u64>,
    known_hash: Option<Hash>,
}

/// The trails of a chain in a folder. Adds to `known` what their first records say of the trails
/// before.
pub(super) fn of(chain: Chain, folder: &Path, known: &mut Known) -> Result<Vec<Files>, AuditError> {
    let mut trails: Vec<Files> = Vec::new();
    let mut bytes = Vec::with_capacity(1024);
    for file in chain.files(folder)? {
        let mut lines = Lines::in_files(vec![file.clone()]);
        let first = lines.read(&mut bytes)?.map(|_| &*bytes);
        let began = first.and_then(|line| serde_json::from_slice::<Began<'_>>(line).ok());
        let began = began.filter(|it| it.event == Event::BEGAN && it.prev == Hash::NONE);
        if let Some(before) = began.as_ref().and_then(Began::before) {
            known.add(before, None);
        }
        match trails.last_mut().filter(|_| began.is_none()) {
            Some(files) => files.push(file),
            None => trails.push(vec![file]),
        }
    }
    if trails.is_empty() {
        trails.push(Vec::new());
    }
    Ok(trails)
}

impl Began<'_> {
    fn before(&self) -> Option<Head> {
        Some(Head {
            trail: self.known_trail?.into(),
            sequence: self.known_seq?,
            hash: self.known_hash?,
        })
    }
}
