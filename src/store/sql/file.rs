//! The file of a store on SQLite.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::keys::give_to_its_owner;
use crate::store::{Migrate, StoreError};

/// What needs no escape in the path of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The URL by which the library opens a file that there is.
pub(super) fn url(path: &Path) -> Result<String, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::File {
        path: path.into(),
        error: io::Error::new(io::ErrorKind::InvalidFilename, "its name is not UTF-8"),
    })?;
    Ok(format!("sqlite:{}", utf8_percent_encode(text, ESCAPED)))
}

/// Makes the file, private from its first moment, if there is none and `migrate` allows it; SQLite gives its other files (`-wal`,
/// `-shm`) the same mode.
pub(super) fn prepare(path: &Path, migrate: Migrate) -> Result<(), StoreError> {
    made_or_there(path, migrate).map_err(|error| StoreError::File {
        path: path.into(),
        error,
    })
}

fn made_or_there(path: &Path, migrate: Migrate) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    if migrate == Migrate::No {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is none yet; it is made when the service first starts",
        ));
    }
    match make_private(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Makes an empty file that only its owner reads. One that root makes is its folder's owner's; SQLite gives its other files the
/// same owner.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    give_to_its_owner(&options.open(path)?, path, None)
}
