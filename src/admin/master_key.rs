//! Puts a store under another master key: seals everything that is sealed anew, in one step.

use std::path::Path;
use std::sync::Arc;

use super::audit_settings::audit_settings;
use super::believed::entrust;
use super::{ChangeLog, KeyRegistryError, StartError};
use crate::audit::Event;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::{MasterKey, MasterKeyError, PrivateHalf, StoredKey, Vault};
use crate::store::{self, Store};

/// What a rotation of the master key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterKeyRotation {
    /// The store's keys are under the new master key. Until the new file is in the old one's place,
    /// nothing can be opened.
    Done {
        /// How many signing keys were sealed anew.
        signing_keys: usize,
    },
    /// The keys were under the new master key already, for example because the last run was cut off
    /// after its work was done.
    DoneBefore,
}

/// Puts everything that is sealed in the store under the master key of `new_file`. Makes that file
/// if it doesn't exist.
///
/// This is one transaction. Until it ends, the old master key opens everything. From then on, the
/// new one does. Running services go on with what they have opened. They can open new keys after a
/// restart with the new master key.
///
/// # Errors
/// [`StartError`]: the store holds nothing yet, the file of a master key can't be used, or the old
/// master key doesn't open everything.
pub async fn rotate_master_key(
    config: &Config,
    new_file: &Path,
    clock: &dyn Clock,
) -> Result<MasterKeyRotation, StartError> {
    let store = store::open(&config.store, config.store.migrate.into()).await?;
    let done = rotate(&store, config, new_file, clock).await;
    store.close().await;
    done
}

async fn rotate(
    store: &Arc<dyn Store>,
    config: &Config,
    new_file: &Path,
    clock: &dyn Clock,
) -> Result<MasterKeyRotation, StartError> {
    const ATTEMPTS: usize = 20;
    for _ in 0..ATTEMPTS {
        let seen = store.key_material().await?;
        let Some(sealed) = &seen.sealed_secret_key else {
            return Err(StartError::NothingSealed);
        };
        let new = match MasterKey::load(new_file) {
            Err(MasterKeyError::Missing(_)) => MasterKey::create(new_file)?,
            loaded => loaded?,
        };
        if Vault::open(&new, sealed).is_ok() {
            return Ok(MasterKeyRotation::DoneBefore);
        }
        let old = MasterKey::load(&config.keys.master_key_file)?;
        let vault = Vault::open(&old, sealed)?;
        let adopt = config.store.migrate.into();
        let witness = entrust(&**store, config, &vault, sealed, adopt).await?;
        let seen = store.key_material().await?;
        let resealed = vault.reseal(seen.clone(), &new)?;
        let keys = resealed.signing_keys.iter();
        let is_sealed = |key: &&StoredKey| matches!(key.private_half, Some(PrivateHalf::Sealed(_)));
        let signing_keys = keys.filter(is_sealed).count();
        let changes = ChangeLog::new(
            audit_settings(config, &**store, &vault).await?,
            store.clone(),
            witness,
        );
        let record = changes.open().await?;
        let now = clock.now();
        let event = Event::MasterKeyRotated { signing_keys };
        let recording = record.store(vec![event], now);
        if recording.swap_key_material(&seen, &resealed, now).await? {
            record.done(now).await;
            return Ok(MasterKeyRotation::Done { signing_keys });
        }
    }
    Err(StartError::Keys(KeyRegistryError::Busy))
}
