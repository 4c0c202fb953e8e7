//! What administrators change, for commands: opened for one change, and closed after it.
//!
//! The records come from the store's outbox, where each was written down with its change: they are
//! appended here, and then removed there. After a crash in between they come again, and those that
//! are in the chain already are left out.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::journal::{Entry, Journal};
use super::{AuditError, Chain, Gap, Head, Known, Place, Settings};

/// The way to the chain of changes. Methods block on the disk.
#[derive(Debug, Clone)]
pub struct Changes {
    settings: Settings,
    /// The newest file as it was when it was last found right; the outer `None` before that.
    seen: Arc<Mutex<Option<Option<FileState>>>>,
}

/// A file as a look at its folder shows it: its name, which file that is, and how long.
type FileState = (PathBuf, u64, u64);

/// The chain, held for one change. Whoever changes something else meanwhile waits, so that the
/// chain has the order in which things changed.
#[derive(Debug)]
pub struct ChangeWriter {
    journal: Journal,
}

/// A record of the outbox.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// Its number in the store, which it shares with others of the same change.
    pub number: i64,
    /// The record, a JSON object.
    pub json: &'a str,
}

impl Changes {
    /// A change is a transaction of the store.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// In the folder of these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            seen: Arc::default(),
        }
    }

    /// Whether the newest file is another than when the chain was last found right, or longer, or
    /// shorter: its writer has to look.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        *lock(&self.seen) != Some(self.newest())
    }

    /// To be called when the chain was found right.
    pub fn note_right(&self) {
        *lock(&self.seen) = Some(self.newest());
    }

    /// Whether there is a chain, or should be.
    #[must_use]
    pub fn is_expected(&self, known: &Known) -> bool {
        self.newest().is_some() || known.last_at(&self.place()).is_some()
    }

    fn newest(&self) -> Option<FileState> {
        let (_, path) = Chain::Changes.files(&self.settings.folder).ok()?.pop()?;
        let file = std::fs::metadata(&path).ok()?;
        Some((path, file.ino(), file.len()))
    }

    /// This process' place for the chain.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::here(Chain::Changes, &self.settings.folder)
    }

    /// Opens the chain, before the change is made: one that could not be recorded isn't made.
    /// `known` is what the store knows of trails.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn open(&self, known: Known) -> Result<ChangeWriter, AuditError> {
        self.open_within(known, Self::PATIENCE)
    }

    /// The same without waiting for another writer: `None` if there is one.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn try_open(&self, known: Known) -> Result<Option<ChangeWriter>, AuditError> {
        match self.open_within(known, Duration::ZERO) {
            Err(AuditError::Locked(_)) => Ok(None),
            opened => opened.map(Some),
        }
    }

    fn open_within(&self, known: Known, patience: Duration) -> Result<ChangeWriter, AuditError> {
        let journal = Journal::open(Chain::Changes, self.settings.clone(), known, patience)?;
        Ok(ChangeWriter { journal })
    }
}

impl ChangeWriter {
    /// Where it is written.
    #[must_use]
    pub fn place(&self) -> &Place {
        self.journal.place()
    }

    /// The end of the chain.
    #[must_use]
    pub fn head(&self) -> &Head {
        self.journal.head()
    }

    /// What was found instead of the chain that was left, if a new one begins with the next record.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        self.journal.gaps()
    }

    /// The same, so that they are told once.
    pub fn take_gaps(&mut self) -> Vec<Gap> {
        self.journal.take_gaps()
    }

    /// Puts records on the disk that aren't there yet, under a checkpoint; and the record of a gap,
    /// also when there are no others.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn write(&mut self, waiting: &[Waiting<'_>], now: Timestamp) -> Result<(), AuditError> {
        let there = there(&self.place().path, waiting)?;
        let written = written(&there);
        // By what they say: a store that was restored from a backup gives the same numbers again.
        let is_new = |record: &&Waiting<'_>| !written.contains(record.in_line().as_bytes());
        let entries = waiting.iter().filter(is_new).map(|record| Entry::Waiting {
            number: record.number,
            json: record.json,
            at: now,
        });
        let entries: Vec<_> = entries.collect();
        let pin = (!entries.is_empty() || !self.gaps().is_empty()).then_some(now);
        let mut lines = Vec::new();
        self.journal
            .append_all(entries.into_iter(), pin, true, &mut lines)
    }
}

impl Waiting<'_> {
    /// The end of its line, from its number on.
    pub(super) fn in_line(&self) -> String {
        let members = self.json.strip_prefix('{').unwrap_or_default();
        format!("{CHANGE}{},{members}", self.number)
    }
}

/// How the member with the number of a change begins.
const CHANGE: &str = "\"change\":";

fn lock<T>(seen: &Mutex<T>) -> MutexGuard<'_, T> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of the chain, as far back as these records reach if they are in it.
fn there(folder: &Path, waiting: &[Waiting<'_>]) -> Result<Vec<u8>, AuditError> {
    /// More than a line has beside its record, with the checkpoints between.
    const LINKS: usize = 512;
    let length: usize = waiting.iter().map(|it| it.json.len() + LINKS).sum();
    let mut text = Vec::new();
    for (_, path) in Chain::Changes.files(folder)?.into_iter().rev() {
        let missing = (LINKS + length).saturating_sub(text.len());
        if missing == 0 {
            break;
        }
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&path)?;
            let from = file.metadata()?.len().saturating_sub(missing as u64);
            file.seek(SeekFrom::Start(from))?;
            let mut end = Vec::new();
            file.read_to_end(&mut end)?;
            Ok(end)
        };
        match read() {
            Ok(mut end) => {
                end.append(&mut text);
                text = end;
            }
            // Of a trail before this one, which this user may not read.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Err(error) => return Err(AuditError::io(&path, &error)),
        }
    }
    Ok(text)
}

/// The ends of its lines that are records of changes.
fn written(text: &[u8]) -> HashSet<&[u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    let ends = lines.filter_map(|line| {
        let mut places = line.windows(CHANGE.len());
        let at = places.position(|window| window == CHANGE.as_bytes())?;
        Some(&line[at..])
    });
    ends.collect()
}

#[cfg(test)]
mod tests;
