//! Administrators' changes of clients.

mod change;
mod import;
mod policy;
mod rotation;
mod standing;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

pub use change::ChangedClient;
pub use import::{ClientToImport, Edit, ImportedClient, Outcome, SecretToImport};
pub use policy::AgainstPolicy;

use super::values::told;
use super::{ChangeLog, ChangeLogError, KeyRegistry, KeyRegistryError};
use crate::audit::Event;
use crate::clock::Clock;
use crate::config::PolicyConfig;
use crate::keys::{ClientKeys, Vault};
use crate::store::{ClientRecord, Store, StoreError};
use crate::token::{AuthMethod, Client, ClientId, ClientSecret, OverLimit, SecretId, StoredSecret};

/// Adds, changes and removes clients. Each change is in force in every running service within a
/// second.
#[derive(Debug, Clone)]
pub struct ClientRegistry {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    keys: KeyRegistry,
    changes: ChangeLog,
    policy: PolicyConfig,
}

/// A client with its new secret. The secret can't be shown again later.
#[derive(Debug)]
pub struct NewClient {
    /// The client.
    pub client: Client,
    /// Its new secret, generated or as given.
    pub secret: ClientSecret,
    /// When the previous secret stops working. `None` if there was none.
    pub previous_until: Option<Timestamp>,
    /// Secrets that stopped working now, earlier than the rotation before had promised.
    pub ended: Vec<SecretId>,
}

/// Why the registry can't do what an administrator asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store refuses it, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signing keys for the client's tokens can't be prepared.
    #[error(transparent)]
    Keys(#[from] KeyRegistryError),
    /// The change could not have been recorded.
    #[error(transparent)]
    Record(#[from] ChangeLogError),
    /// A setting of the client is too long.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// The configuration's policy does not allow it.
    #[error(transparent)]
    Policy(#[from] AgainstPolicy),
    /// Two secrets would both work for too long.
    #[error("the overlap may be 90 days at most")]
    OverlapTooLong,
    /// Without keys, the client would be locked out.
    #[error(
        "client {0} has no keys; set them first (client set-keys), or where they are published (client set --jwks-uri)"
    )]
    NoKeys(ClientId),
    /// Without a secret, the client would be locked out.
    #[error("client {0} has no secret that works; give it one first (client rotate-secret)")]
    NoSecret(ClientId),
    /// Without the name of a certificate, the client would be locked out.
    #[error("client {0} has no name of a certificate; set it as well (--certificate-name)")]
    NoCertificateName(ClientId),
    /// A third secret would end one that works.
    #[error(
        "client {0} has two secrets that work, and the file another: wait until one ends, or leave the secret out"
    )]
    SecretsOverlap(ClientId),
    /// The process is being stopped.
    #[error("the secret could not be hashed: {0}")]
    Hashing(#[from] tokio::task::JoinError),
}

impl ClientRegistry {
    /// How long the previous secret may go on working after a rotation.
    pub const LONGEST_OVERLAP: Duration = Duration::from_secs(90 * 24 * 3600);

    pub(super) fn new(
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        keys: KeyRegistry,
        changes: ChangeLog,
        policy: PolicyConfig,
    ) -> Self {
        Self {
            store,
            vault,
            clock,
            keys,
            changes,
            policy,
        }
    }

    /// Adds a client, with the secret that somebody chose for it, or with a generated one.
    ///
    /// # Errors
    /// [`StoreError::ClientExists`] among others.
    pub async fn add(
        &self,
        client: Client,
        chosen: Option<ClientSecret>,
    ) -> Result<NewClient, RegistryError> {
        let (secret, stored) = self.new_secret(chosen).await?;
        let now = stored.created_at;
        let record = ClientRecord {
            secrets: vec![stored],
            ..ClientRecord::new(client, now)
        };
        self.put(std::slice::from_ref(&record)).await?;
        Ok(NewClient {
            client: record.client,
            secret,
            previous_until: None,
            ended: Vec::new(),
        })
    }

    /// Adds a client that authenticates with its keys, RFC 7523 2.2. It has no secret.
    ///
    /// # Errors
    /// [`StoreError::ClientExists`] among others.
    pub async fn add_with_keys(
        &self,
        client: Client,
        keys: ClientKeys,
    ) -> Result<Client, RegistryError> {
        let client = Client {
            auth_method: AuthMethod::PrivateKeyJwt,
            ..client
        };
        self.add_without_secret(client, Some(keys)).await
    }

    /// Adds a client that authenticates with the keys that it publishes at its `jwks_uri`. It has
    /// no secret.
    ///
    /// # Errors
    /// [`StoreError::ClientExists`] among others.
    pub async fn add_with_jwks_uri(&self, client: Client) -> Result<Client, RegistryError> {
        if client.jwks_uri.is_none() {
            return Err(RegistryError::NoKeys(client.id));
        }
        let client = Client {
            auth_method: AuthMethod::PrivateKeyJwt,
            ..client
        };
        self.add_without_secret(client, None).await
    }

    /// Adds a client that authenticates with a certificate of its `certificate_name`, RFC 8705 2.1.
    /// It has no secret.
    ///
    /// # Errors
    /// [`StoreError::ClientExists`] among others.
    pub async fn add_with_certificate(&self, client: Client) -> Result<Client, RegistryError> {
        if client.certificate_name.is_none() {
            return Err(RegistryError::NoCertificateName(client.id));
        }
        let client = Client {
            auth_method: AuthMethod::TlsClientAuth,
            ..client
        };
        self.add_without_secret(client, None).await
    }

    async fn add_without_secret(
        &self,
        client: Client,
        keys: Option<ClientKeys>,
    ) -> Result<Client, RegistryError> {
        let now = self.clock.now();
        let record = ClientRecord {
            keys,
            ..ClientRecord::new(client, now)
        };
        self.put(std::slice::from_ref(&record)).await?;
        Ok(record.client)
    }

    /// All clients, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<ClientRecord>, RegistryError> {
        Ok(self.store.clients().await?)
    }

    /// One client.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`] among others.
    pub async fn show(&self, id: &ClientId) -> Result<ClientRecord, RegistryError> {
        let record = self.store.client(id.as_str()).await?;
        record.ok_or_else(|| StoreError::NoSuchClient(id.clone()).into())
    }

    /// Adds clients, all or none, and a record of each.
    async fn put(&self, records: &[ClientRecord]) -> Result<(), RegistryError> {
        for record in records {
            record.client.check_limits(None)?;
            policy::check(&self.policy, record, None)?;
        }
        let own = |record: &ClientRecord| record.client.token_algorithm;
        for algorithm in records.iter().filter_map(own).collect::<BTreeSet<_>>() {
            self.keys.prepare(algorithm).await?;
        }
        let change = self.changes.open().await?;
        let now = self.clock.now();
        let store = change.store(records.iter().map(added).collect(), now);
        store.add_clients(records).await?;
        change.done(now).await;
        Ok(())
    }

    async fn new_secret(
        &self,
        chosen: Option<ClientSecret>,
    ) -> Result<(ClientSecret, StoredSecret), RegistryError> {
        let (secret, hash) = match chosen {
            None => {
                let secret = ClientSecret::generate();
                let hash = self.vault.hasher().hash_generated(&secret);
                (secret, hash)
            }
            Some(secret) => {
                policy::check_secret(&self.policy, &secret)?;
                let (vault, copy) = (self.vault.clone(), secret.clone());
                let hash =
                    tokio::task::spawn_blocking(move || vault.hasher().hash_chosen(&copy)).await?;
                (secret, hash)
            }
        };
        let stored = StoredSecret {
            id: SecretId(Uuid::new_v4()),
            hash,
            created_at: self.clock.now(),
            expires_at: None,
            last_used_at: None,
            last_used_from: None,
        };
        Ok((secret, stored))
    }
}

fn added(record: &ClientRecord) -> Event {
    let (client, secret) = (&record.client, record.secrets.first());
    Event::ClientAdded {
        client_id: client.id.clone(),
        scope: client.scope.clone(),
        auth_method: client.auth_method,
        secret_id: secret.map(|secret| secret.id),
        secret_kind: secret.map(|secret| secret.hash.kind()),
        keys: record
            .keys
            .as_ref()
            .map(ClientKeys::thumbprints)
            .unwrap_or_default(),
        settings: told(client),
    }
}
