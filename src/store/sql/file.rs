//! The file of a store on SQLite.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::in_use::{beside, is_of_another};
use crate::keys::give_to_its_owner;
use crate::store::{Migrate, StoreError};

/// The characters that are escaped in the path of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The URL with which sqlx opens an existing file.
pub(super) fn url(path: &Path) -> Result<String, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::File {
        path: path.into(),
        error: io::Error::new(io::ErrorKind::InvalidFilename, "its name is not UTF-8"),
    })?;
    Ok(format!("sqlite:{}", utf8_percent_encode(text, ESCAPED)))
}

/// The file of a store that is open.
#[derive(Debug)]
pub(super) struct StoreFile {
    path: PathBuf,
    identity: Identity,
}

/// Device and inode number. An open file keeps them, whatever file is at its path later.
type Identity = (u64, u64);

impl StoreFile {
    /// Makes the file if there is none and `migrate` allows it. Only its owner can read it from the
    /// first moment on. SQLite gives its `-wal` and `-shm` files the same mode.
    pub(super) fn prepare(path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        let prepared = made_or_there(path, migrate).and_then(|()| identity(path));
        let identity = prepared.map_err(|error| StoreError::File {
            path: path.into(),
            error,
        })?;
        Ok(Self {
            path: path.into(),
            identity,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if the file at the path is not the one that was opened: what is written into a removed
    /// file is lost.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match identity(&self.path) {
            Ok(found) if found == self.identity => Ok(()),
            _ => Err(StoreError::Replaced(self.path.clone())),
        }
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    let metadata = path.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

fn made_or_there(path: &Path, migrate: Migrate) -> io::Result<()> {
    if path.try_exists()? {
        if is_of_another(path)? {
            return Err(io::Error::other(
                "it was put in the place of another one, which a service or a command still uses; stop them, and use \
                 `store restore` to put a backup back",
            ));
        }
        return Ok(());
    }
    let wal = beside(path, "-wal");
    if wal.try_exists()? {
        return Err(io::Error::other(format!(
            "it was removed, and {} is still there; put a backup back with `store restore`, or remove that too, with the \
             service stopped, to begin anew",
            wal.display()
        )));
    }
    if migrate == Migrate::No {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is none yet; it is made when the service first starts",
        ));
    }
    match make_private(path) {
        // Another process made it in between.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Makes an empty file that only its owner can read. If root makes it, it belongs to the owner of
/// its folder. SQLite gives its `-wal` and `-shm` files the same owner.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    give_to_its_owner(&options.open(path)?, path, None)
}
