//! What administrators change, for commands: opened for one change, and closed after it.
//!
//! The records come from the store's outbox, where each was written down with its change: they are appended here, and then removed
//! there. After a crash in between they come again, and those that are in the chain already are left out.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

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

/// The chain, held for one change. Whoever changes something else meanwhile waits, so that the chain has the order in which things
/// changed.
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
    /// Whether it was this chain's before: it may be in it already.
    pub is_again: bool,
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

    /// Whether the newest file is another than when the chain was last found right, or longer, or shorter: its writer has to look.
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

    /// Opens the chain, before the change is made: one that could not be recorded isn't made. `known` is what the store knows of
    /// trails.
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

    /// Puts records on the disk, under a checkpoint; and the record of a gap, also when there are no others.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn write(&mut self, waiting: &[Waiting<'_>], now: Timestamp) -> Result<(), AuditError> {
        let last = match waiting.iter().any(|record| record.is_again) {
            true => last_change(&self.place().path)?,
            false => None,
        };
        let mut again = 0;
        let is_new = |record: &&Waiting<'_>| {
            let Some((number, written)) = last.filter(|_| record.is_again) else {
                return true;
            };
            again += usize::from(record.number == number);
            record.number > number || (record.number == number && again > written)
        };
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

fn lock<T>(seen: &Mutex<T>) -> MutexGuard<'_, T> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of the last change that is in the chain, and how many of its records are.
fn last_change(folder: &Path) -> Result<Option<(i64, usize)>, AuditError> {
    /// Far more than one change without its checkpoint, but of an import: of that, whole rows are told apart by the number.
    const TAIL: u64 = 256 * 1024;
    #[derive(Deserialize)]
    struct Line {
        change: i64,
    }
    for (_, path) in Chain::Changes.files(folder)?.into_iter().rev() {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&path)?;
            let from = file.metadata()?.len().saturating_sub(TAIL);
            file.seek(SeekFrom::Start(from))?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            Ok(text)
        };
        let text = read().map_err(|error| AuditError::io(&path, &error))?;
        let lines = text.split(|byte| *byte == b'\n').rev();
        let mut changes = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        if let Some(Line { change }) = changes.next() {
            let more = changes.take_while(|line| line.change == change).count();
            return Ok(Some((change, more + 1)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
