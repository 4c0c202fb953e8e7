//! A store and the keys that open it: what both the service and the commands that change something
//! start from.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use dropshot_chassis::private_file::{PrivateFileError, read_private_line};
use jiff::Timestamp;

use super::audit_heads::{known_trails, stored_head};
use super::believed::entrust;
use super::directory::{Directory, LoadError};
use super::meter::Meter;
use super::published_keys::remote_keys;
use super::sampling::Sampling;
use super::throttle::Throttle;
use super::witness::Witness;
use super::{
    Authenticator, ChangeLog, ChangeLogError, ClientRegistry, Issuer, KeyRegistry,
    KeyRegistryError, KeySchedule,
};
use crate::audit::{AuditError, Chain, Copies, Event, Mark, Place, Settings, Trail};
use crate::clock::Clock;
use crate::config::{Config, PolicyConfig, Provider};
use crate::keys::{
    AuditKey, FetchError, KeyError, MasterKey, MasterKeyError, SignError, Token, Vault,
};
use crate::store::{self, Findings, Store, StoreError};
use crate::token::Audience;

/// The longest PIN.
const PIN_BYTES: usize = 4096;

/// An opened store with its opened key material.
#[derive(Debug, Clone)]
pub struct Installation {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    keys: KeyRegistry,
    audit_key: Arc<AuditKey>,
    changes: ChangeLog,
    policy: PolicyConfig,
    witness: Witness,
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
    /// The file of a token's PIN.
    #[error("the PIN file {0}")]
    Pin(#[from] PrivateFileError),
    /// What the master key opens.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The first signing keys.
    #[error(transparent)]
    Keys(#[from] KeyRegistryError),
    /// Fetching the keys of clients.
    #[error("jwks_uri.ca_file: {0}")]
    JwksUri(#[from] FetchError),
    /// The audit trail.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A change that the audit trail has no record of.
    #[error(transparent)]
    Record(#[from] ChangeLogError),
    /// There is no key to be put under another master key.
    #[error(
        "the store holds no keys yet; put the master key of your choice into keys.master_key_file"
    )]
    NothingSealed,
    /// Somebody put the database back to before its rows were vouched for.
    #[error(
        "the store is one of an earlier release, and a later one was used here before: somebody may have put it back, and the rows \
         that it has now are not believed; if this was you, remove {} and start again", .0.display()
    )]
    Downgraded(PathBuf),
    /// The file that says which version of the store was seen can't be written.
    #[error("{}: {_1}", .0.display())]
    Witness(PathBuf, io::Error),
    /// The secret key is gone, and not all else with it.
    #[error(
        "the store has no secret key any more: somebody else changed the database; restore a backup"
    )]
    NoSecretKey,
    /// The issuer can't be an audience.
    #[error(
        "the issuer is too long to be the audience of tokens (255 characters); set token.audience"
    )]
    NoAudience,
}

impl Installation {
    /// How many clients are checked before the service starts: that takes some milliseconds.
    const CHECKED_AT_START: usize = 1000;

    /// Opens the store and its keys. On first use, makes what is missing: the store's file and
    /// schema, the master key.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let store = store::open(&config.store, config.store.migrate.into()).await?;
        Self::on(store, config, clock).await
    }

    /// The same, on a store that is open.
    pub(super) async fn on(
        store: Arc<dyn Store>,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let (mut vault, witness) = open_vault(&*store, config).await?;
        // Before a row is used; where there are many, a service does it in the background.
        store.check_rows(Some(Self::CHECKED_AT_START)).await?;
        if let Some(token) = open_token(config).await? {
            vault = vault.with_token(token, config.keys.provider == Provider::Pkcs11);
        }
        let vault = Arc::new(vault);
        let audit = audit_settings(config, &*store, &vault).await?;
        let changes = ChangeLog::new(audit.clone(), store.clone(), witness.clone());
        Ok(Self {
            witness,
            keys: KeyRegistry::new(
                store.clone(),
                vault.clone(),
                clock.clone(),
                changes.clone(),
                config,
            ),
            store,
            vault,
            clock,
            policy: config.policy,
            audit_key: audit.key.clone(),
            changes,
        })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Writes the records that wait in the store into the trail, rather than leaving them to a
    /// service, if that can be done.
    pub async fn write_waiting_records(&self) {
        self.changes.follow(self.clock.now()).await;
    }

    /// What is to be told to who runs this process, since it was last asked: of the audit trail,
    /// mostly.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        self.changes.take_warnings()
    }

    /// Takes an earlier state of the whole store for right, as the administrator says who restored
    /// it. What else is wrong with it stays so.
    ///
    /// # Errors
    /// As [`Self::accept_rows`].
    pub async fn accept_earlier_state(&self) -> Result<(), StartError> {
        self.store.check_rows(None).await?;
        let findings = self.store.findings();
        let others = Findings {
            earlier: None,
            ..findings.clone()
        };
        if findings.earlier.is_some() && others.is_empty() {
            self.accept_rows().await?;
        }
        Ok(())
    }

    /// Takes the store's rows as they are for right, as an administrator says: see
    /// [`Store::accept_rows`]. Gives what was wrong.
    ///
    /// # Errors
    /// [`StartError`]: the store, or the record of it.
    pub async fn accept_rows(&self) -> Result<Findings, StartError> {
        let change = self.changes.open().await?;
        let now = self.clock.now();
        self.store.check_rows(None).await?;
        let findings = self.store.findings();
        let rows = findings.altered.union(&findings.put_back);
        let event = Event::StoreAccepted {
            rows: rows.take(Findings::MOST_NAMED).cloned().collect(),
            removed: findings.removed,
        };
        change.store(vec![event], now).accept_rows(now).await?;
        let version = self.store.version().await?;
        let written = self.witness.write(version);
        written.map_err(|error| StartError::Witness(self.witness.path().into(), error))?;
        change.done(now).await;
        Ok(findings)
    }

    /// What administrators do with clients.
    #[must_use]
    pub fn clients(&self) -> ClientRegistry {
        let (store, vault) = (self.store.clone(), self.vault.clone());
        let (keys, changes) = (self.keys.clone(), self.changes.clone());
        ClientRegistry::new(store, vault, self.clock.clone(), keys, changes, self.policy)
    }

    /// What administrators do with signing keys.
    #[must_use]
    pub fn keys(&self) -> &KeyRegistry {
        &self.keys
    }

    /// The service's core: makes the signing keys that are due, where it may, reads them into
    /// memory, opens the audit trail.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn issuer(&self, config: &Config) -> Result<Issuer, StartError> {
        let (store, vault) = (self.store.clone(), self.vault.clone());
        let keys = KeyRegistry::new(
            store.clone(),
            vault.clone(),
            self.clock.clone(),
            self.changes.clone(),
            config,
        );
        let changed_keys = if store.is_read_only() {
            Vec::new()
        } else {
            keys.keep_schedule().await?
        };
        let audience = match &config.token.audience {
            Some(audience) => audience.clone(),
            None => Audience::parse(config.issuer.as_str()).map_err(|_| StartError::NoAudience)?,
        };
        let clock = self.clock.clone();
        let remote_keys = Arc::new(remote_keys(&config.jwks_uri)?);
        let remote = remote_keys.clone();
        let directory = Directory::load(store.clone(), vault.clone(), &config.store, remote, clock)
            .await
            .map_err(|error| match error {
                LoadError::Store(error) => StartError::Store(error),
                LoadError::Key(error) => StartError::Key(error),
            })?;
        directory.note_changed_keys(changed_keys);
        let throttle = Arc::new(Throttle::new(&config.throttle));
        let audit = settings(config, self.audit_key.clone());
        Ok(Issuer {
            name: config.issuer.clone(),
            lifetime: config.token.lifetime,
            algorithm: config.token.algorithm,
            audience: [audience].into(),
            directory,
            keys: KeySchedule::new(keys, store),
            authenticator: Authenticator::new(config, vault, throttle.clone(), remote_keys.clone()),
            remote_keys,
            policy: config.policy,
            throttle,
            changes: self.changes.clone(),
            trail: open_trail(audit, config, &*self.store, self.clock.now()).await?,
            sampling: Sampling::default(),
            reserve: config.audit.reserve,
            meter: Meter::default(),
            store: self.store.clone(),
            witness: self.witness.clone(),
            witnessed: Mutex::default(),
            clock: self.clock.clone(),
        })
    }
}

/// The token of the configuration, if there is one. Its module may take its time.
async fn open_token(config: &Config) -> Result<Option<Token>, StartError> {
    let Some(settings) = config.keys.pkcs11.clone() else {
        return Ok(None);
    };
    let open = move || {
        let pin = read_private_line(&settings.pin_file, PIN_BYTES)?;
        let token = Token::open(&settings.module, &settings.token, &pin);
        token.map_err(|error| StartError::Key(SignError::Token(error).into()))
    };
    let opened = tokio::task::spawn_blocking(open).await;
    opened.map_err(KeyRegistryError::from)?.map(Some)
}

/// Opens the store's key material; makes it, and the master key, while the store holds none. Once
/// it does, a master key that is gone is an error: a new one could open nothing.
async fn open_vault(store: &dyn Store, config: &Config) -> Result<(Vault, Witness), StartError> {
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

/// How audit trails are written; makes the key of their checkpoints when the store has none.
pub(super) async fn audit_settings(
    config: &Config,
    store: &dyn Store,
    vault: &Vault,
) -> Result<Settings, StartError> {
    let kept = match store.audit_key().await? {
        Some(kept) => kept,
        None => {
            let made = vault.generate_audit_key()?;
            store.keep_first_audit_key(&made).await?;
            // Another process that starts for the first time as well may have been faster.
            store.audit_key().await?.unwrap_or(made)
        }
    };
    Ok(settings(config, Arc::new(vault.open_audit_key(&kept)?)))
}

fn settings(config: &Config, key: Arc<AuditKey>) -> Settings {
    Settings {
        folder: config.audit.path.clone(),
        beside: Mark::beside(&config.store).map(Path::to_owned),
        max_file_size: config.audit.max_file_size,
        key,
    }
}

/// Opens the service's trail, and makes it known to the store before its first record: one that is
/// known can't be taken away unseen.
async fn open_trail(
    settings: Settings,
    config: &Config,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Trail, StartError> {
    let known = known_trails(store).await?;
    let folder = &config.audit.path;
    let host = Place::here(Chain::Decisions, folder).host;
    let copies = Copies::open(config.audit.stdout, config.audit.syslog.clone(), &host)?;
    let trail = Trail::open(settings, known, config.audit.durability, copies)?;
    if let Some(head) = trail.head().filter(|_| !store.is_read_only()) {
        let head = stored_head(&head, trail.place(), now);
        store.note_audit_head(&head).await?;
    }
    Ok(trail)
}
