//! A store in one file: complete, consistent, and to be used as it is.

use std::fs::{self, File};
use std::path::Path;

use super::copy::Copied;
use super::{Engine, SqlStore, file};
use crate::store::{Migrate, Store as _, StoreError};

impl SqlStore {
    /// Writes all that lasts, as of one moment, into a new SQLite file, while others go on reading
    /// and writing. A service whose `store.url` names the file, or a copy of it, goes on from
    /// there.
    ///
    /// The file appears under its name once it is whole and on the disk; until then, and after a
    /// failure, it is `FILE.part`.
    ///
    /// # Errors
    /// [`StoreError`]: there is such a file, it can't be written, or what the databases say.
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
            // Of a backup that was cut off.
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
                // Takes what stands beside the file into it.
                copy.close().await;
            }
        }
        File::open(&part)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        // Unlike renaming, this replaces nothing that came meanwhile.
        fs::hard_link(&part, to)
            .and_then(|()| fs::remove_file(&part))
            .map_err(failed)
    }
}
