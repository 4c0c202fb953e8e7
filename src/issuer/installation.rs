//! A store and the keys that open it: what both the service and the commands that change something start from.

use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::directory::{Directory, LoadError};
use super::throttle::Throttle;
use super::{Authenticator, ClientRegistry, Issuer};
use crate::audit::{AuditError, Trail};
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::{KeyError, MasterKey, MasterKeyError, Vault};
use crate::store::{self, Migrate, Store, StoreError};
use crate::token::{Algorithm, Audience};

/// An opened store with its opened key material.
#[derive(Debug, Clone)]
pub struct Installation {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
}

/// Why the service, or a command, can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key's file.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// What the master key opens.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The audit trail.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The issuer can't be an audience.
    #[error(
        "the issuer is too long to be the audience of tokens (255 characters); set token.audience"
    )]
    NoAudience,
}

impl Installation {
    /// Opens the store and its keys. On first use, makes what is missing: the store's file and schema, the master key.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let migrate = if config.store.migrate {
            Migrate::Yes
        } else {
            Migrate::No
        };
        let store = store::open(&config.store.url, migrate).await?;
        let vault = open_vault(&*store, &config.keys.master_key_file).await?;
        Ok(Self {
            store,
            vault: Arc::new(vault),
            clock,
        })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What administrators do with clients.
    #[must_use]
    pub fn clients(&self) -> ClientRegistry {
        ClientRegistry::new(self.store.clone(), self.vault.clone(), self.clock.clone())
    }

    /// Makes the first signing key if there is none; it signs at once, as nobody has seen another. Says whether it did.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn ensure_signing_key(&self, algorithm: Algorithm) -> Result<bool, StartError> {
        if !self.store.signing_keys().await?.is_empty() {
            return Ok(false);
        }
        let now = self.now();
        let key = self.vault.generate_signing_key(algorithm, now, now)?;
        Ok(self.store.add_first_signing_key(&key).await?)
    }

    /// The service's core: makes the first signing key if there is none, reads the store into memory, opens the audit trail.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn issuer(&self, config: &Config) -> Result<Issuer, StartError> {
        self.ensure_signing_key(config.token.algorithm).await?;
        let audience = match &config.token.audience {
            Some(audience) => audience.clone(),
            None => Audience::parse(config.issuer.as_str()).map_err(|_| StartError::NoAudience)?,
        };
        let directory = Directory::load(self.store.clone(), self.vault.clone())
            .await
            .map_err(|error| match error {
                LoadError::Store(error) => StartError::Store(error),
                LoadError::Key(error) => StartError::Key(error),
            })?;
        let throttle = Arc::new(Throttle::new(&config.throttle));
        Ok(Issuer {
            name: config.issuer.clone(),
            lifetime: config.token.lifetime,
            audience: [audience].into(),
            directory,
            authenticator: Authenticator::new(self.vault.clone(), throttle.clone()),
            throttle,
            trail: Trail::open(&config.audit.path, config.audit.durability)?,
            clock: self.clock.clone(),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Opens the store's key material; makes it, and the master key, while the store holds none. Once it does, a master key that is
/// gone is an error: a new one could open nothing.
async fn open_vault(store: &dyn Store, master_key_file: &Path) -> Result<Vault, StartError> {
    if let Some(sealed) = store.sealed_secret_key().await? {
        return Ok(Vault::open(&MasterKey::load(master_key_file)?, &sealed)?);
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
    if store.keep_first_sealed_secret_key(&sealed).await? {
        return Ok(vault);
    }
    match store.sealed_secret_key().await? {
        Some(sealed) => Ok(Vault::open(&master, &sealed)?),
        None => Err(StartError::Key(KeyError::WrongMasterKey)),
    }
}
