//! The file of the trail: opened by one process at a time, never left with half a line.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::AuditError;

/// The open file. `length` is where the last record that counts as written ends.
#[derive(Debug)]
pub(super) struct TrailFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// The number of the last record; 0 before the first.
    pub last_seq: u64,
    torn: bool,
}

impl TrailFile {
    const NAME: &str = "decisions.jsonl";
    /// No line is longer: texts in a record are bounded by the limits on what a request may hold.
    const LONGEST_LINE: u64 = 64 * 1024;

    /// Opens the trail in `folder`, making both when there are none.
    pub(super) fn open(folder: &Path) -> Result<Self, AuditError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| AuditError::io(folder, &error))?;
        let path = folder.join(Self::NAME);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path);
        let file = file.map_err(|error| AuditError::io(&path, &error))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => AuditError::Locked(path.clone()),
            TryLockError::Error(error) => AuditError::io(&path, &error),
        })?;
        let mut trail = Self {
            path,
            file,
            length: 0,
            last_seq: 0,
            torn: false,
        };
        trail.recover()?;
        Ok(trail)
    }

    /// Appends whole lines; all of them count as written, or none. With `durable`, they are on the disk.
    pub(super) fn append(&mut self, lines: &[u8], durable: bool) -> Result<(), AuditError> {
        let done = self.try_append(lines, durable);
        if done.is_err() {
            // What was written of them must go, or the next record would continue half a line. If even that fails, it is
            // tried again before the next record.
            self.torn = self.file.set_len(self.length).is_err();
        }
        done.map_err(|error| AuditError::io(&self.path, &error))
    }

    fn try_append(&mut self, lines: &[u8], durable: bool) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        self.file.write_all(lines)?;
        if durable {
            self.file.sync_data()?;
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Puts another file in this one's place; gives this one.
    #[cfg(test)]
    pub(super) fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }

    /// Finds the last record, and cuts off what a crash left of one that never counted.
    fn recover(&mut self) -> Result<(), AuditError> {
        #[derive(Deserialize)]
        struct Numbered {
            seq: u64,
        }
        let io_error = |error: io::Error| AuditError::io(&self.path, &error);
        let length = self.file.metadata().map_err(io_error)?.len();
        let from = length.saturating_sub(2 * Self::LONGEST_LINE);
        let mut tail = Vec::new();
        self.file.seek(SeekFrom::Start(from)).map_err(io_error)?;
        self.file.read_to_end(&mut tail).map_err(io_error)?;

        let whole = tail
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if whole == 0 && from > 0 {
            return Err(AuditError::Corrupt(self.path.clone()));
        }
        if whole < tail.len() {
            self.file.set_len(from + whole as u64).map_err(io_error)?;
            self.file.sync_data().map_err(io_error)?;
        }
        if let Some(last) = tail[..whole]
            .trim_ascii_end()
            .rsplit(|byte| *byte == b'\n')
            .next()
            .filter(|l| !l.is_empty())
        {
            let last: Numbered =
                serde_json::from_slice(last).map_err(|_| AuditError::Corrupt(self.path.clone()))?;
            self.last_seq = last.seq;
        }
        self.length = from + whole as u64;
        Ok(())
    }
}
