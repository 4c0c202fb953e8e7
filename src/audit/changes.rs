//! The chain of administrators' changes. It is opened for one change, and closed after it.
//!
//! The records come from the store's outbox, where each was stored in one transaction with its
//! change. They are appended here, and then removed from the outbox. After a crash in between they
//! come again, and those that are already in the chain are left out.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::chain::CHANGE;
use super::journal::{Entry, Journal};
use super::{AuditError, Chain, Gap, Head, Known, Place, Settings, Waiting};

/// The way to the chain of changes. Methods block on the disk.
#[derive(Debug, Clone)]
pub struct Changes {
    settings: Settings,
    /// The newest file as it was when the chain was last found right. The outer `None`: not found
    /// right yet.
    seen: Arc<Mutex<Option<Option<FileState>>>>,
}

/// A file's path, inode and length.
type FileState = (PathBuf, u64, u64);

/// The chain, locked for one change. Other writers wait meanwhile, so that the records are in the
/// order of the changes.
#[derive(Debug)]
pub struct ChangeWriter {
    journal: Journal,
}

impl Changes {
    /// How long to wait for another writer, which holds the chain during a transaction of the
    /// store.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// The chain in the folder of these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            seen: Arc::default(),
        }
    }

    /// Whether the newest file was replaced, or has another length, since the chain was last found
    /// right. Then the chain has to be opened and checked.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        *lock(&self.seen) != Some(self.newest())
    }

    /// Remembers the newest file. The caller has found the chain right.
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

    /// Opens the chain before the change is made: a change that can't be recorded isn't made.
    /// `known` is what the store knows of trails.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn open(&self, known: Known) -> Result<ChangeWriter, AuditError> {
        self.open_within(known, Self::PATIENCE)
    }

    /// Opens the chain without waiting for another writer. `None` if there is one.
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

    /// What was found instead of the chain that was left. Empty, unless a new trail begins with the
    /// next record.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        self.journal.gaps()
    }

    /// Takes the gaps out, so that they are reported once.
    pub fn take_gaps(&mut self) -> Vec<Gap> {
        self.journal.take_gaps()
    }

    /// Writes those of the records to the disk that aren't there yet, and a checkpoint after them.
    /// Writes the record of a gap as well, even if there are no other records.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn write(&mut self, waiting: &[Waiting<'_>], now: Timestamp) -> Result<(), AuditError> {
        let there = there(&self.place().path, waiting)?;
        let written = written(&there);
        // Records are compared by their content: a store that was restored from a backup gives the
        // same numbers again.
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

fn lock<T>(seen: &Mutex<T>) -> MutexGuard<'_, T> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of the chain, as far back as these records would reach.
fn there(folder: &Path, waiting: &[Waiting<'_>]) -> Result<Vec<u8>, AuditError> {
    /// More bytes than a line has besides its record, with the checkpoints between.
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
            // A file of an earlier trail, which this user may not read.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Err(error) => return Err(AuditError::io(&path, &error)),
        }
    }
    Ok(text)
}

/// The ends of the lines that are records of changes, each from its number on.
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
