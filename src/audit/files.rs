//! The files of a folder: which of them belong to a chain, their order, and the lock of the one
//! process that may write.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::AuditError;
use crate::keys::give_to_its_owner;

/// A chain of records. A folder has two chains, since they have different writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// What the service decided: tokens, refusals, its starts and stops.
    Decisions,
    /// What administrators and commands changed: clients, secrets, keys.
    Changes,
}

impl Chain {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Decisions, Self::Changes];

    /// The beginning of its files' names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Changes => "changes",
        }
    }

    /// Its files in `folder`, in order. Each comes with the number of its first record, which is in
    /// its name.
    ///
    /// # Errors
    /// [`AuditError::Io`]: the folder can't be read.
    pub fn files(self, folder: &Path) -> Result<Vec<(u64, PathBuf)>, AuditError> {
        let failed = |error: io::Error| AuditError::io(folder, &error);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(first) = name.and_then(|name| self.first_record(name)) {
                files.push((first, path));
            }
        }
        files.sort();
        Ok(files)
    }

    /// The name of the file whose first record has this number.
    pub(super) fn file_name(self, first: u64) -> String {
        format!("{self}-{first:012}.jsonl")
    }

    fn first_record(self, name: &str) -> Option<u64> {
        let digits = name
            .strip_prefix(self.as_str())?
            .strip_prefix('-')?
            .strip_suffix(".jsonl")?;
        let first = digits.parse().ok()?;
        (self.file_name(first) == name).then_some(first)
    }

    /// Locks the chain for writing, until the returned file is dropped. Makes the folder if it
    /// doesn't exist. Waits for another writer to end, for `patience` at most.
    pub(super) fn lock(self, folder: &Path, patience: Duration) -> Result<File, AuditError> {
        make_folder(folder)?;
        let path = folder.join(format!("{self}.lock"));
        let open = || -> io::Result<File> {
            let is_new = !path.try_exists()?;
            let file = private()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            if is_new {
                give_to_its_owner(&file, &path, None)?;
            }
            Ok(file)
        };
        let file = open().map_err(|error| AuditError::io(&path, &error))?;
        let end = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(AuditError::io(&path, &error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= end => {
                    return Err(AuditError::Locked(folder.into()));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Chain {
    /// Locks the chain in the folder that has the name now. If that is still the folder of the lock
    /// `held`, returns that lock.
    pub(super) fn lock_again(self, folder: &Path, held: &File) -> Result<File, AuditError> {
        let path = folder.join(format!("{self}.lock"));
        let is_held = || -> io::Result<bool> {
            let (there, held) = (std::fs::metadata(&path)?, held.metadata()?);
            Ok((there.dev(), there.ino()) == (held.dev(), held.ino()))
        };
        if matches!(is_held(), Ok(true)) {
            return held
                .try_clone()
                .map_err(|error| AuditError::io(&path, &error));
        }
        self.lock(folder, Duration::ZERO)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Options that give a new file to its owner alone (mode 0600).
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes the folder's list of files durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn make_folder(folder: &Path) -> Result<(), AuditError> {
    let make = || -> io::Result<()> {
        if folder.try_exists()? {
            return Ok(());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder)?;
        give_to_its_owner(&File::open(folder)?, folder, None)
    };
    make().map_err(|error| AuditError::io(folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_ordered_by_their_first_record_and_others_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            Chain::Decisions.file_name(900),
            Chain::Decisions.file_name(1),
            Chain::Decisions.file_name(1_000_000_000_000),
            Chain::Changes.file_name(1),
            "decisions-1.jsonl".into(),
            "decisions-000000000001.jsonl.gz".into(),
            "decisions.lock".into(),
        ];
        for name in &names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let files = |chain: Chain| -> Vec<u64> {
            let files = chain.files(folder.path()).unwrap();
            files.into_iter().map(|(first, _)| first).collect()
        };
        assert_eq!(files(Chain::Decisions), [1, 900, 1_000_000_000_000]);
        assert_eq!(files(Chain::Changes), [1]);
    }

    #[test]
    fn one_writer_at_a_time_to_each_chain() {
        let folder = tempfile::tempdir().unwrap();
        let lock = |chain: Chain, millis| chain.lock(folder.path(), Duration::from_millis(millis));
        let held = lock(Chain::Decisions, 0).unwrap();
        assert!(matches!(
            lock(Chain::Decisions, 20),
            Err(AuditError::Locked(_))
        ));
        lock(Chain::Changes, 0).unwrap();
        drop(held);
        lock(Chain::Decisions, 0).unwrap();
    }
}
