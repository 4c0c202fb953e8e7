//! Opens the store that the `[store]` section of the configuration names.

use std::sync::Arc;

use super::{SqlStore, Store, StoreError};
use crate::config::StoreConfig;

/// What to do about a schema that is older than this program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date. Make the store if there is none.
    Yes,
    /// Refuse to use it.
    No,
}

impl From<bool> for Migrate {
    /// Reads the setting `store.migrate`.
    fn from(migrate: bool) -> Self {
        if migrate { Self::Yes } else { Self::No }
    }
}

/// Opens the store that the configuration names.
///
/// # Errors
/// As [`SqlStore::open`].
pub async fn open(config: &StoreConfig, migrate: Migrate) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(SqlStore::open(config, migrate).await?))
}
