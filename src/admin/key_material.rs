//! Opens the store's key material with the master key, and opens the PKCS#11 token that keeps
//! signing keys.

use std::io;
use std::path::Path;

use dropshot_chassis::private_file::read_private_line;

use super::believed::entrust;
use super::witness::Witness;
use super::{KeyRegistryError, StartError};
use crate::config::Config;
use crate::keys::{HsmToken, MasterKey, MasterKeyError, SignError, Vault};
use crate::store::Store;

/// The longest PIN, in bytes.
const PIN_BYTES: usize = 4096;

/// Opens the configured PKCS#11 token. `None` if none is configured. The token's module may take
/// some time.
pub(super) async fn open_token(config: &Config) -> Result<Option<HsmToken>, StartError> {
    let Some(settings) = config.keys.pkcs11.clone() else {
        return Ok(None);
    };
    let open = move || {
        let pin = read_private_line(&settings.pin_file, PIN_BYTES)?;
        let token = HsmToken::open(&settings.module, &settings.token, &pin);
        token.map_err(|error| StartError::Key(SignError::Token(error).into()))
    };
    let opened = tokio::task::spawn_blocking(open).await;
    opened.map_err(KeyRegistryError::from)?.map(Some)
}

/// Opens the store's key material. If the store holds none, makes it, and the master key as well.
/// If the store holds some and the master key is missing, that is an error, because a new master
/// key could open nothing.
pub(super) async fn open_vault(
    store: &dyn Store,
    config: &Config,
) -> Result<(Vault, Witness), StartError> {
    let master_key_file = &config.keys.master_key_file;
    let adopt = config.store.migrate.into();
    if let Some(sealed) = store.key_material().await?.sealed_secret_key {
        let vault = Vault::open(&MasterKey::load(master_key_file)?, &sealed)?;
        let witness = entrust(store, config, &vault, &sealed, adopt).await?;
        return Ok((vault, witness));
    }
    let master = match MasterKey::load(master_key_file) {
        Err(MasterKeyError::Missing(_)) => match MasterKey::create(master_key_file) {
            // Another process that also starts for the first time was faster.
            Err(MasterKeyError::Io { error, .. })
                if error.kind() == io::ErrorKind::AlreadyExists =>
            {
                MasterKey::load(master_key_file)?
            }
            made => made?,
        },
        loaded => loaded?,
    };
    let (vault, sealed) = Vault::create(&master);
    if store.adopt(vault.row_keys().clone(), None, &sealed).await? {
        let witness = entrust(store, config, &vault, &sealed, adopt).await?;
        return Ok((vault, witness));
    }
    let sealed = store.key_material().await?.sealed_secret_key;
    let sealed = sealed.ok_or(StartError::NoSecretKey)?;
    let vault = Vault::open(&master, &sealed)?;
    let witness = entrust(store, config, &vault, &sealed, adopt).await?;
    Ok((vault, witness))
}

/// Checks that the master key opens what the store keeps. A store without keys needs no master key.
///
/// # Errors
/// [`StartError`]: the store can't be read, the master key is missing, or it is another store's.
pub async fn check_master_key(store: &dyn Store, file: &Path) -> Result<(), StartError> {
    if let Some(sealed) = &store.key_material().await?.sealed_secret_key {
        Vault::open(&MasterKey::load(file)?, sealed)?;
    }
    Ok(())
}
