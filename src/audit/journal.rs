//! A chain that is written: where it stands, which file it is in, when it is signed and when the next file begins.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::chain::{Head, Link};
use super::file::TrailFile;
use super::files::sync_folder;
use super::{AuditError, Chain, Record};
use crate::keys::AuditKey;

/// How chains are written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Their folder; made when there is none.
    pub folder: PathBuf,
    /// The size in bytes from which on a file is followed by the next.
    pub max_file_size: u64,
    /// Signs checkpoints.
    pub key: Arc<AuditKey>,
}

/// An open chain. Nobody else writes to it.
#[derive(Debug)]
pub(super) struct Journal {
    chain: Chain,
    settings: Settings,
    file: TrailFile,
    head: Head,
    /// The last checkpoint, of those that this process wrote.
    pinned: Option<Head>,
    /// Lines since the last checkpoint.
    unsigned: usize,
    _lock: File,
}

impl Journal {
    /// Lines without a signature at most, those of one write aside: a signature costs as much as some ten lines.
    pub(super) const CHECKPOINT_EVERY: usize = 1000;

    /// Opens the chain, and begins it when there is none.
    pub(super) fn open(
        chain: Chain,
        settings: Settings,
        patience: Duration,
    ) -> Result<Self, AuditError> {
        let lock = chain.lock(&settings.folder, patience)?;
        let mut files = chain.files(&settings.folder)?;
        let newest = match files.pop() {
            Some((_, path)) => path,
            None => settings.folder.join(chain.file_name(1)),
        };
        let (mut file, mut last) = TrailFile::open(newest)?;
        if last.is_empty() {
            // Begun, and nothing written to it: the chain's end is in the file before.
            match files.pop() {
                Some((_, before)) => last = TrailFile::open(before)?.1,
                None => file = Self::first_file(chain, &settings.folder, &file)?,
            }
        }
        let (head, unsigned) = if last.is_empty() {
            (Head::new(), 0)
        } else {
            let corrupt = || AuditError::Corrupt(file.path().into());
            let head = Head::after(&last).ok_or_else(corrupt)?;
            let is_signed = Link::read(&last).is_some_and(|link| link.is_checkpoint());
            // How many more are unsigned isn't known, so they are at once.
            (head, if is_signed { 0 } else { Self::CHECKPOINT_EVERY })
        };
        Ok(Self {
            chain,
            settings,
            file,
            head,
            pinned: None,
            unsigned,
            _lock: lock,
        })
    }

    /// In the place of an empty one, which may have the name of a later one if those before were taken away.
    fn first_file(chain: Chain, folder: &Path, empty: &TrailFile) -> Result<TrailFile, AuditError> {
        let failed = |error| AuditError::io(folder, &error);
        std::fs::remove_file(empty.path()).map_err(failed)?;
        let (file, _) = TrailFile::open(folder.join(chain.file_name(1)))?;
        sync_folder(folder).map_err(failed)?;
        Ok(file)
    }

    /// Appends records; all of them, or none. A checkpoint follows where one is due, or with `pin` where anything is unsigned.
    /// `lines` is a buffer to use again.
    pub(super) fn append<'a>(
        &mut self,
        records: impl Iterator<Item = &'a Record>,
        pin: Option<Timestamp>,
        durable: bool,
        lines: &mut Vec<u8>,
    ) -> Result<(), AuditError> {
        lines.clear();
        let mut head = self.head.clone();
        let mut unsigned = self.unsigned;
        let mut at = None;
        for record in records {
            head.append(record, lines);
            unsigned += 1;
            at = Some(record.time);
        }
        let is_full = self.file.length() + lines.len() as u64 >= self.settings.max_file_size;
        let due = at.filter(|_| is_full || unsigned >= Self::CHECKPOINT_EVERY);
        let signs = due.or(pin).filter(|_| unsigned > 0);
        if let Some(at) = signs {
            head.append_checkpoint(at, &self.settings.key, lines)?;
            unsigned = 0;
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.file.append(lines, durable)?;
        self.head = head;
        self.unsigned = unsigned;
        if signs.is_some() {
            self.pinned = Some(self.head.clone());
        }
        if is_full {
            self.begin_next_file();
        }
        Ok(())
    }

    /// The last checkpoint that this process wrote.
    pub(super) fn pinned(&self) -> Option<&Head> {
        self.pinned.as_ref()
    }

    /// When it can't be begun, the one before grows on, and it is tried again with the next lines.
    fn begin_next_file(&mut self) {
        let name = self.chain.file_name(self.head.sequence + 1);
        let folder = &self.settings.folder;
        if let Ok((next, _)) = TrailFile::open(folder.join(name))
            && sync_folder(folder).is_ok()
        {
            self.file = next;
        }
    }

    #[cfg(test)]
    pub(super) fn file(&mut self) -> &mut TrailFile {
        &mut self.file
    }
}
