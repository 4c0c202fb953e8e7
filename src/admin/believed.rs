//! Makes a store believe only rows that this service wrote.

use std::sync::Arc;

use super::StartError;
use super::witness::{Seen, Witness};
use crate::config::Config;
use crate::keys::{MasterKey, Vault};
use crate::store::{self, Migrate, SeenVersion, Store, StoreError};

/// Gives the store the vault's keys, so that it believes only rows under these keys. If an earlier
/// release left the store, this vouches for its rows, once, if `adopt` allows it. This refuses a
/// store of an earlier release if this release was used here before.
pub(super) async fn entrust(
    store: &dyn Store,
    config: &Config,
    vault: &Vault,
    sealed: &[u8],
    adopt: Migrate,
) -> Result<Witness, StartError> {
    let keys = vault.row_keys();
    let witness = Witness::in_folder(&config.audit.path, keys.clone());
    if let Some(resealed) = vault.to_adopt() {
        if Witness::is_in(&config.audit.path) {
            return Err(StartError::Downgraded(witness.path().into()));
        }
        if adopt == Migrate::No || store.is_read_only() {
            return Err(StoreError::NotAdopted.into());
        }
        store.adopt(keys.clone(), Some(sealed), resealed).await?;
    }
    let seen = match witness.read() {
        Ok(Seen::Version(seen)) => seen,
        _ => SeenVersion::default(),
    };
    store.entrust(keys.clone(), seen);
    Ok(witness)
}

/// Opens the configured store, to read what this service wrote in it.
///
/// # Errors
/// [`StartError`]: the store or the master key can't be read, or the key isn't the store's.
pub async fn believed_store(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    let store = store::open(&config.store, Migrate::No).await?;
    believe(&*store, config, Migrate::No).await?;
    Ok(store)
}

/// Gives the store the keys that the configured master key opens, if the store holds any key. With
/// `adopt`, also accepts a store of an earlier release.
///
/// # Errors
/// Like [`believed_store`].
pub async fn believe(store: &dyn Store, config: &Config, adopt: Migrate) -> Result<(), StartError> {
    if let Some(sealed) = store.key_material().await?.sealed_secret_key {
        let master = MasterKey::load(&config.keys.master_key_file)?;
        let vault = Vault::open(&master, &sealed)?;
        entrust(store, config, &vault, &sealed, adopt).await?;
    }
    Ok(())
}
