//! Restores a backup: the store then holds exactly what the backup holds, or is unchanged.
//!
//! There are three steps, so that the caller can look at what would be lost. First, the backup is
//! copied beside the store and checked. Then the caller compares the two. Then the copy replaces
//! the store.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sqlx::Row;

use super::in_use::{Held, beside, hold};
use super::{SqlStore, file};
use crate::store::{Migrate, SchemaStatus, Store as _, StoreError};

/// The ends of the names of the files that SQLite keeps beside a database file.
const WAL: &str = "-wal";
const SHM: &str = "-shm";

/// A backup that was copied beside the store's file and checked.
#[derive(Debug)]
pub struct Staged {
    /// The store's file.
    path: PathBuf,
    copy: PathBuf,
    store: SqlStore,
}

impl Staged {
    /// Copies a backup, with its `-wal` if it has one, beside the store's file, and checks that all
    /// of it can be used. Nothing is replaced yet.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NotABackup`], an error of the operating system, or a
    /// schema that can't be used.
    pub async fn prepare(backup: &Path, path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        // If the path is a link, the file that it leads to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let failed = |error| StoreError::File {
            path: path.clone(),
            error,
        };
        drop(held(&path)?);
        let copy = beside(&path, ".restoring");
        discard(&copy).map_err(failed)?;
        let staged = Self::check(backup, &path, &copy, migrate).await;
        if staged.is_err() {
            let _discarded = discard(&copy);
        }
        staged
    }

    async fn check(
        backup: &Path,
        path: &Path,
        copy: &Path,
        migrate: Migrate,
    ) -> Result<Self, StoreError> {
        let failed = |error| StoreError::File {
            path: backup.into(),
            error,
        };
        let refused = |why: String| StoreError::NotABackup {
            path: backup.into(),
            why,
        };
        for (from, to) in [
            (backup.to_owned(), copy.to_owned()),
            (beside(backup, WAL), beside(copy, WAL)),
        ] {
            copy_private(&from, &to).or_else(|error| {
                let is_optional = from != *backup && error.kind() == io::ErrorKind::NotFound;
                if is_optional {
                    Ok(())
                } else {
                    Err(failed(error))
                }
            })?;
        }
        let store = SqlStore::at_file(copy, Migrate::No)
            .await
            .map_err(|error| refused(error.to_string()))?;
        let schema = store.schema().await;
        let SchemaStatus { version, .. } = schema.map_err(|error| refused(error.to_string()))?;
        if version == 0 {
            return Err(refused("it holds no store".to_owned()));
        }
        store.check_integrity().await.map_err(refused)?;
        store.check_schema(migrate).await?;
        Ok(Self {
            path: path.into(),
            copy: copy.into(),
            store,
        })
    }

    /// The store that the copy holds.
    #[must_use]
    pub fn store(&self) -> &SqlStore {
        &self.store
    }

    /// The store's file, which is replaced.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the store's file by the copy, with the owner and the mode of the replaced file. The
    /// replaced file is kept beside it: gives its new path, `None` if there was none.
    ///
    /// # Errors
    /// [`StoreError::InUse`], or an error of the operating system; then the store is unchanged.
    pub async fn replace(self, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        let Self { path, copy, store } = self;
        // SQLite moves the content of the `-wal` file into the copy when it closes.
        store.close().await;
        let failed = |error| StoreError::File {
            path: path.clone(),
            error,
        };
        let done = held(&path).and_then(|held| swap(&path, &copy, now, held).map_err(failed));
        if done.is_err() {
            let _discarded = discard(&copy);
        }
        done
    }

    /// Removes the copy and leaves the store as it is.
    pub async fn abandon(self) {
        self.store.close().await;
        let _discarded = discard(&self.copy);
    }
}

impl SqlStore {
    /// Checks the file page by page and row by row. The error says what is wrong.
    async fn check_integrity(&self) -> Result<(), String> {
        let check = async {
            let mut connection = self.connections.acquire().await?;
            let pages = sqlx::query("PRAGMA integrity_check(1)").fetch_one(&mut *connection);
            let found: String = pages.await?.try_get(0)?;
            let rows = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut *connection);
            let is_whole = rows.await?.is_none();
            Ok::<_, StoreError>((found, is_whole))
        };
        match check.await {
            Ok((found, true)) if found == "ok" => Ok(()),
            Ok((found, true)) => Err(format!("it is damaged: {found}")),
            Ok(_) => Err("it is damaged: rows refer to others that are not there".to_owned()),
            Err(error) => Err(format!("it is damaged: {error}")),
        }
    }
}

fn held(path: &Path) -> Result<Held, StoreError> {
    let held = hold(path).map_err(|error| StoreError::File {
        path: path.into(),
        error,
    })?;
    held.ok_or_else(|| StoreError::InUse(path.into()))
}

/// Replaces the store's file in steps of which a power failure can stop any: at no moment does a
/// file lie beside the WAL of another one.
fn swap(path: &Path, copy: &Path, now: Timestamp, _held: Held) -> io::Result<Option<PathBuf>> {
    if beside(copy, WAL).try_exists()? {
        return Err(io::Error::other("the copy of the backup is still in use"));
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let before = match path.metadata() {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let (owner, mode) = match &before {
        Some(file) => (file.clone(), file.mode() & 0o777),
        None => (folder.metadata()?, 0o600),
    };
    let made = copy.metadata()?;
    if (made.uid(), made.gid()) != (owner.uid(), owner.gid()) {
        chown(copy, Some(owner.uid()), Some(owner.gid()))?;
    }
    fs::set_permissions(copy, fs::Permissions::from_mode(mode))?;
    File::open(copy)?.sync_all()?;
    let kept = before.is_some().then(|| kept_at(path, now));
    if let Some(kept) = &kept {
        fs::hard_link(path, kept)?;
    }
    let wal = beside(path, WAL);
    if wal.try_exists()? {
        match &kept {
            Some(kept) => fs::rename(&wal, beside(kept, WAL))?,
            None => fs::remove_file(&wal)?,
        }
        File::open(folder)?.sync_all()?;
    }
    remove(&beside(path, SHM))?;
    fs::rename(copy, path)?;
    File::open(folder)?.sync_all()?;
    Ok(kept)
}

fn kept_at(path: &Path, now: Timestamp) -> PathBuf {
    beside(
        path,
        &now.strftime(".before-restore-%Y%m%dT%H%M%S%3fZ")
            .to_string(),
    )
}

/// Copies a file into a new one that only its owner can read.
fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    file::make_private(to)?;
    let mut to = fs::OpenOptions::new().write(true).open(to)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

fn discard(copy: &Path) -> io::Result<()> {
    for end in ["", WAL, SHM] {
        remove(&beside(copy, end))?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
