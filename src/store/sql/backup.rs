//! Backups: a whole store in one file, consistent and ready for use.

use std::fs::{self, File};
use std::path::Path;

use super::copy::Copied;
use super::{Engine, SqlStore, file};
use crate::store::{Migrate, Store as _, StoreError};

impl SqlStore {
    /// Writes the whole store, as of one moment, into a new SQLite file, while other processes go
    /// on reading and writing. A service can use the file, or a copy of it, as its `store.url` and
    /// goes on from there.
    ///
    /// The file appears under its name once it is complete and on the disk. Until then, and after a
    /// failure, it is `FILE.part`.
    ///
    /// # Errors
    /// [`StoreError`]: the file exists already or can't be written, or a database fails.
    pub async fn back_up(
        &self,
        to: &Path,
        progress: impl Fn(Copied) + Send + Sync,
    ) -> Result<(), StoreError> {
        let part = to.with_added_extension("part");
        let failed = |error| StoreError::File {
            path: to.into(),
            error,
        };
        if to.try_exists().map_err(failed)? {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        if part.try_exists().map_err(failed)? {
            // The rest of a backup that was cut off.
            fs::remove_file(&part).map_err(failed)?;
        }
        file::make_private(&part).map_err(failed)?;
        match self.engine {
            Engine::Sqlite => {
                let name = part.to_string_lossy();
                let vacuum = sqlx::query("VACUUM INTO $1").bind(&*name);
                vacuum
                    .execute(&mut *self.connections.acquire().await?)
                    .await?;
            }
            Engine::Postgres => {
                let copy = Self::open_file(&part, Migrate::Yes).await?;
                self.copy_to(&copy, progress).await?;
                // SQLite moves the content of the `-wal` file into the database file when it
                // closes.
                copy.close().await;
            }
        }
        File::open(&part)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        // A link fails if the name exists by now. Renaming would replace that file.
        fs::hard_link(&part, to)
            .and_then(|()| fs::remove_file(&part))
            .map_err(failed)
    }
}
