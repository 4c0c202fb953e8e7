//! A store and the keys that open it: what both the service and the commands that change something
//! start from.

use std::sync::Arc;

use super::audit_settings::{audit_settings, open_trail};
use super::clients::ClientRegistry;
use super::key_material::{open_token, open_vault};
use super::keys::KeyRegistry;
use super::witness::Witness;
use super::{ChangeLog, StartError};
use crate::audit::{Event, Settings, Trail};
use crate::clock::Clock;
use crate::config::{Config, PolicyConfig, Provider};
use crate::keys::Vault;
use crate::store::{self, Findings, Store};

/// An opened store with its opened key material.
#[derive(Debug, Clone)]
pub struct Installation {
    store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    keys: KeyRegistry,
    audit: Settings,
    pub(crate) changes: ChangeLog,
    policy: PolicyConfig,
    pub(crate) witness: Witness,
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
    pub(crate) async fn on(
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
            audit,
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
    /// The service's audit trail, as it may be opened once.
    pub(crate) async fn open_trail(&self, config: &Config) -> Result<Trail, StartError> {
        let (settings, store) = (self.audit.clone(), &*self.store);
        open_trail(settings, config, store, self.clock.now()).await
    }
}
