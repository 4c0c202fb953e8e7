//! From a store to one whose rows are believed only if this service wrote them.

use std::sync::Arc;

use super::StartError;
use super::witness::{Seen, Witness};
use crate::config::Config;
use crate::keys::{MasterKey, Vault};
use crate::store::{self, Migrate, SeenVersion, Store, StoreError};

/// Has a store be believed by a vault's keys. Vouches for the rows of one that an earlier release
/// left, which is done once, if `adopt` allows it: not a store that has been under this release
/// here.
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

/// Opens the store that the configuration names, to read what this service wrote in it.
///
/// # Errors
/// [`StartError`]: the store or the master key can't be read, or aren't of one another.
pub async fn believed_store(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    let store = store::open(&config.store, Migrate::No).await?;
    believe(&*store, config, Migrate::No).await?;
    Ok(store)
}

/// Has a store be believed by the configuration's master key, if it holds any key. With `adopt`,
/// one of an earlier release as well.
///
/// # Errors
/// As [`believed_store`].
pub async fn believe(store: &dyn Store, config: &Config, adopt: Migrate) -> Result<(), StartError> {
    if let Some(sealed) = store.key_material().await?.sealed_secret_key {
        let master = MasterKey::load(&config.keys.master_key_file)?;
        let vault = Vault::open(&master, &sealed)?;
        entrust(store, config, &vault, &sealed, adopt).await?;
    }
    Ok(())
}
