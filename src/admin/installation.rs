//! A store and the keys that open it. The service starts from it, and so does each command that
//! changes something.

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
    /// How many clients are checked before the service starts. This takes some milliseconds.
    const CHECKED_AT_START: usize = 1000;

    /// Opens the store and its keys. On first use, makes what is missing: the store's file and
    /// schema, and the master key.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let store = store::open(&config.store, config.store.migrate.into()).await?;
        Self::on(store, config, clock).await
    }

    /// Opens the keys of a store that is open already.
    pub(crate) async fn on(
        store: Arc<dyn Store>,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let (mut vault, witness) = open_vault(&*store, config).await?;
        // Rows are checked before they are used. If there are many, the service checks the rest in
        // the background.
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

    /// Writes the records that wait in the store into the trail, if that can be done. Otherwise a
    /// service writes them.
    pub async fn write_waiting_records(&self) {
        self.changes.follow(self.clock.now()).await;
    }

    /// What the operator of this process should learn, since the last call. Mostly about the audit
    /// trail.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        self.changes.take_warnings()
    }

    /// Accepts an earlier state of the whole store, because the administrator says that they
    /// restored it. If the rows have other faults, accepts nothing.
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

    /// Accepts the store's rows as they are, because an administrator says so: see
    /// [`Store::accept_rows`]. Gives what was wrong.
    ///
    /// # Errors
    /// [`StartError`]: the store failed, or the change could not be recorded.
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

    /// The registry in which administrators change clients.
    #[must_use]
    pub fn clients(&self) -> ClientRegistry {
        let (store, vault) = (self.store.clone(), self.vault.clone());
        let (keys, changes) = (self.keys.clone(), self.changes.clone());
        ClientRegistry::new(store, vault, self.clock.clone(), keys, changes, self.policy)
    }

    /// The registry in which administrators change signing keys.
    #[must_use]
    pub fn keys(&self) -> &KeyRegistry {
        &self.keys
    }
    /// Opens the service's audit trail. Only one process at a time may have it open.
    pub(crate) async fn open_trail(&self, config: &Config) -> Result<Trail, StartError> {
        let (settings, store) = (self.audit.clone(), &*self.store);
        open_trail(settings, config, store, self.clock.now()).await
    }
}
