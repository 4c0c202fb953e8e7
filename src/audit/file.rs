//! One file of a chain. Only whole lines are appended to it. If a write fails, its half line is
//! removed before the next write.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::AuditError;
use super::files::private;
use super::lines::LONGEST_LINE;
use crate::keys::give_to_its_owner;

/// The open file. `length` is where the last line that counts as written ends.
#[derive(Debug)]
pub(super) struct TrailFile {
    path: PathBuf,
    file: File,
    length: u64,
    torn: bool,
    /// Its device and its inode, which stay the same if the file is renamed.
    id: (u64, u64),
}

impl TrailFile {
    /// Opens the file, or makes it. A file that root makes is given to the owner of its folder, or
    /// of the file `before`. Cuts off the half line that a crash may have left, which never counted
    /// as written. Returns the last line.
    pub(super) fn open(
        path: PathBuf,
        before: Option<&Path>,
    ) -> Result<(Self, Vec<u8>), AuditError> {
        let open = || -> io::Result<(File, (u64, u64))> {
            let is_new = !path.try_exists()?;
            let file = private().read(true).append(true).create(true).open(&path)?;
            if is_new {
                give_to_its_owner(&file, &path, before)?;
            }
            let id = id(&file.metadata()?);
            Ok((file, id))
        };
        let (file, id) = open().map_err(|error| AuditError::io(&path, &error))?;
        let mut trail = Self {
            path,
            file,
            length: 0,
            torn: false,
            id,
        };
        let last = trail.recover()?;
        Ok((trail, last))
    }

    /// Appends whole lines. Either all of them count as written, or none. With `durable`, they are
    /// on the disk when this returns.
    pub(super) fn append(&mut self, lines: &[u8], durable: bool) -> Result<(), AuditError> {
        let done = self.try_append(lines, durable);
        if done.is_err() {
            // Remove the part that was written, or the next record would continue half a line. If
            // that fails as well, the next append tries it again.
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

    /// Whether the file still has the length that this writer left, and a name. This is checked
    /// before each append: otherwise records could go into a deleted file, or follow a gap.
    pub(super) fn is_whole(&self) -> bool {
        // If an append failed, the length may differ. The next append cuts off what is left of it.
        let is_whole = |it: Metadata| {
            let has_length = self.torn || !it.is_file() || it.len() == self.length;
            has_length && it.nlink() > 0
        };
        self.file.metadata().is_ok_and(is_whole)
    }

    /// Whether its path still leads to this file.
    pub(super) fn is_in_its_place(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok_and(|there| id(&there) == self.id)
    }

    /// How many bytes count as written.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the open file. Returns the one before.
    #[cfg(test)]
    pub(super) fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }

    /// Returns the last whole line, empty if there is none. Cuts off what follows it.
    fn recover(&mut self) -> Result<Vec<u8>, AuditError> {
        let failed = |error: io::Error| AuditError::io(&self.path, &error);
        let length = self.file.metadata().map_err(failed)?.len();
        let from = length.saturating_sub(2 * LONGEST_LINE);
        let mut tail = Vec::new();
        self.file.seek(SeekFrom::Start(from)).map_err(failed)?;
        self.file.read_to_end(&mut tail).map_err(failed)?;
        let whole = tail
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if whole == 0 && from > 0 {
            return Err(AuditError::Corrupt(self.path.clone()));
        }
        if whole < tail.len() {
            self.file.set_len(from + whole as u64).map_err(failed)?;
            self.file.sync_data().map_err(failed)?;
        }
        self.length = from + whole as u64;
        let lines = tail[..whole].strip_suffix(b"\n").unwrap_or_default();
        let last = lines.rsplit(|byte| *byte == b'\n').next();
        Ok(last.unwrap_or_default().to_vec())
    }
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
