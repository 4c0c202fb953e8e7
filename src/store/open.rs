//! From `store.url` to a store.

use std::sync::Arc;

use super::{SqliteStore, Store, StoreError};
use crate::config::StoreUrl;

/// What to do about a schema that is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date; makes the store if there is none.
    Yes,
    /// Refuse to use it.
    No,
}

impl From<bool> for Migrate {
    /// Of `store.migrate`.
    fn from(migrate: bool) -> Self {
        if migrate { Self::Yes } else { Self::No }
    }
}

/// Opens the store that the configuration names.
///
/// # Errors
/// [`StoreError`]: a file that can't be made or opened, a schema of another release.
pub async fn open(url: &StoreUrl, migrate: Migrate) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        StoreUrl::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, migrate).await?)),
    }
}
