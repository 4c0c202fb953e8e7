//! Opens the store's key material with the master key, and the token that keeps signing keys.

use std::io;
use std::path::Path;

use dropshot_chassis::private_file::read_private_line;

use super::believed::entrust;
use super::witness::Witness;
use super::{KeyRegistryError, StartError};
use crate::config::Config;
use crate::keys::{HsmToken, MasterKey, MasterKeyError, SignError, Vault};
use crate::store::Store;

/// The longest PIN.
const PIN_BYTES: usize = 4096;

/// The token of the configuration, if there is one. Its module may take its time.
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

/// Opens the store's key material; makes it, and the master key, while the store holds none. Once
/// it does, a master key that is gone is an error: a new one could open nothing.
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
            // Another process that starts for the first time as well was faster.
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

/// Whether the master key opens what a store keeps; a store without keys needs none.
///
/// # Errors
/// [`StartError`]: the store can't be read, or the master key is absent, or another one.
pub async fn check_master_key(store: &dyn Store, file: &Path) -> Result<(), StartError> {
    if let Some(sealed) = &store.key_material().await?.sealed_secret_key {
        Vault::open(&MasterKey::load(file)?, sealed)?;
    }
    Ok(())
}
