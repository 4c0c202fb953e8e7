//! Imports many clients from another server at once: adds new clients, and changes existing ones as
//! the file says.

mod plan;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::{AgainstPolicy, ClientRegistry, RegistryError, policy};
use crate::audit::Event;
use crate::keys::ClientKeys;
use crate::store::{ClientRecord, ClientUpdate, NewSecret};
use crate::token::{
    Client, ClientId, ClientSecret, ImportedHash, Scope, SecretHash, SecretId, StoredSecret,
};
use plan::Plan;

/// A client from another server.
pub struct ClientToImport {
    /// The client's id.
    pub id: ClientId,
    /// What the file says of the client. A new client has the defaults for everything else.
    pub edits: Vec<Edit>,
    /// The secret that the client authenticates with, if it uses one.
    pub secret: SecretToImport,
    /// When the secret stops working. `None` if never.
    pub secret_until: Option<Timestamp>,
    /// The client's public keys.
    pub keys: Option<ClientKeys>,
    /// When the client was added. `None` for now.
    pub created_at: Option<Timestamp>,
}

/// Changes one setting of a client.
pub type Edit = Box<dyn Fn(&mut Client) + Send + Sync>;

/// The secret of an imported client.
#[derive(Debug, Clone)]
pub enum SecretToImport {
    /// A secret is generated, unless the client exists already.
    New {
        /// When the generated secret stops working. `None` if never.
        until: Option<Timestamp>,
    },
    /// The file has the secret.
    Brought(ClientSecret),
    /// The file has the secret's hash.
    Hash(ImportedHash),
    /// The client has no secret.
    Nothing,
}

/// A client after an import, or as a dry run says that it would be.
#[derive(Debug)]
pub struct ImportedClient {
    /// The client in its new state.
    pub client: Client,
    /// What was done.
    pub outcome: Outcome,
    /// The secret that was generated for the client. It can't be shown again later.
    pub new_secret: Option<ClientSecret>,
}

/// What an import did with a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The client is new.
    Added,
    /// The client existed, and these of its settings have changed.
    Changed(Vec<&'static str>),
    /// The client existed, and was already as the file says.
    Unchanged,
}

impl ClientRegistry {
    /// How many clients the store is asked for at a time.
    const PART: usize = 2_000;
    /// How long the previous secret goes on working beside the imported one.
    const OVERLAP: Duration = Duration::from_secs(24 * 3600);

    /// The clients with these ids that exist.
    ///
    /// # Errors
    /// What the store says.
    pub async fn known(
        &self,
        ids: &[ClientId],
    ) -> Result<HashMap<ClientId, ClientRecord>, RegistryError> {
        let mut known = HashMap::new();
        for part in ids.chunks(Self::PART) {
            let there = self.store.clients_named(part).await?;
            known.extend(
                there
                    .into_iter()
                    .map(|record| (record.client.id.clone(), record)),
            );
        }
        Ok(known)
    }

    /// Adds clients and changes existing ones, all or none. Without `changes`, none of them may
    /// exist. A new client that authenticates with a secret and brings none gets a generated one.
    /// Each secret in the file takes about 20 ms, because it may be a weak one that needs a costly
    /// hash. With `dry_run`, this only says what it would do.
    ///
    /// # Errors
    /// [`StoreError::ClientExists`](crate::store::StoreError::ClientExists) among others.
    pub async fn import(
        &self,
        clients: Vec<ClientToImport>,
        changes: bool,
        dry_run: bool,
    ) -> Result<Vec<ImportedClient>, RegistryError> {
        let ids: Vec<ClientId> = clients.iter().map(|client| client.id.clone()).collect();
        let mut plan = Plan::default();
        // New clients are prepared before the log is opened, so that no other change waits while
        // secrets are hashed.
        let known = match changes {
            true => self.known(&ids).await?,
            false => HashMap::new(),
        };
        let mut later = Vec::new();
        for (place, client) in clients.into_iter().enumerate() {
            if known.contains_key(&client.id) {
                later.push((place, client));
            } else {
                let (record, new_secret) = self.new_record(&client, dry_run).await?;
                plan.add(place, record, new_secret);
            }
        }
        if !dry_run {
            for algorithm in plan.algorithms() {
                self.keys.prepare(algorithm).await?;
            }
        }
        // Another process that changes the same clients waits for the log, so no change is lost
        // between this read and the write.
        let change = match dry_run {
            true => None,
            false => Some(self.changes.open().await?),
        };
        if !later.is_empty() {
            let ids: Vec<ClientId> = later.iter().map(|(_, client)| client.id.clone()).collect();
            let mut known = self.known(&ids).await?;
            for (place, client) in later {
                match known.remove(&client.id) {
                    Some(record) => {
                        let update = self.update(&client, record, dry_run).await?;
                        plan.change(place, update);
                    }
                    // Another process removed the client meanwhile.
                    None => {
                        let (record, new_secret) = self.new_record(&client, dry_run).await?;
                        plan.add(place, record, new_secret);
                    }
                }
            }
        }
        if let Some(change) = change
            && !plan.is_empty()
        {
            let now = self.clock.now();
            let store = change.store(plan.events(), now);
            store.import_clients(&plan.added, &plan.changed).await?;
            change.done(now).await;
        }
        Ok(plan.done())
    }

    /// Checks that the policy allows the client as it would be after the import.
    ///
    /// # Errors
    /// [`RegistryError::Policy`]
    pub fn check_import(
        &self,
        import: &ClientToImport,
        before: Option<&ClientRecord>,
    ) -> Result<(), RegistryError> {
        let now = self.clock.now();
        let new = || {
            let client = Client::new(import.id.clone(), import.id.as_str(), Scope::default());
            ClientRecord::new(client, now)
        };
        let mut record = before.cloned().unwrap_or_else(new);
        import.edit(&mut record.client);
        policy::check(&self.policy, &record, before)?;
        if let SecretToImport::Brought(secret) = &import.secret {
            policy::check_secret(&self.policy, secret)?;
        }
        let is_chosen = matches!(
            import.secret,
            SecretToImport::Brought(_) | SecretToImport::Hash(_)
        );
        if is_chosen && !self.policy.chosen_secrets {
            return Err(AgainstPolicy::ChosenSecret(import.id.clone()).into());
        }
        Ok(())
    }

    /// The record of a new client.
    async fn new_record(
        &self,
        import: &ClientToImport,
        dry_run: bool,
    ) -> Result<(ClientRecord, Option<ClientSecret>), RegistryError> {
        let id = import.id.clone();
        let mut client = Client::new(id.clone(), id.as_str(), Scope::default());
        import.edit(&mut client);
        client.check_limits(None)?;
        self.check_import(import, None)?;
        let (mut secrets, mut new_secret) = (Vec::new(), None);
        let now = self.clock.now();
        match &import.secret {
            _ if dry_run => {}
            SecretToImport::Nothing => {}
            SecretToImport::New { until } => {
                let (secret, stored) = self.new_secret(None).await?;
                secrets.push(StoredSecret {
                    expires_at: import.secret_until.or(*until),
                    ..stored
                });
                new_secret = Some(secret);
            }
            brought => secrets.extend(self.stored(import, brought).await?),
        }
        let record = ClientRecord {
            keys: import.keys.clone(),
            secrets,
            created_at: import.created_at.filter(|at| *at < now).unwrap_or(now),
            ..ClientRecord::new(client, now)
        };
        Ok((record, new_secret))
    }

    /// The update of an existing client.
    async fn update(
        &self,
        import: &ClientToImport,
        before: ClientRecord,
        dry_run: bool,
    ) -> Result<plan::Update, RegistryError> {
        let mut record = before.clone();
        import.edit(&mut record.client);
        record.client.check_limits(Some(&before.client))?;
        self.check_import(import, Some(&before))?;
        // A client has one set of keys: a set that it handed in, or one that it publishes.
        if let Some(keys) = &import.keys {
            record.keys = Some(keys.clone());
            record.client.jwks_uri = None;
        } else if record.client.jwks_uri.is_some() {
            record.keys = None;
        }
        record.changed_at = self.clock.now();
        if record.client.auth_method != before.client.auth_method {
            super::change::check_auth_method(&record)?;
        }
        if let Some(algorithm) = record.client.token_algorithm
            && !dry_run
        {
            self.keys.prepare(algorithm).await?;
        }
        let live = before.secrets.iter();
        let live = live
            .filter(|secret| secret.is_live(record.changed_at))
            .count();
        let mut secret = None;
        if !self.has_secret(import, &before).await? {
            if live > 1 {
                return Err(RegistryError::SecretsOverlap(import.id.clone()));
            }
            let until = record.changed_at.checked_add(Self::OVERLAP);
            let previous_until = until.map_err(|_| RegistryError::OverlapTooLong)?;
            secret = self
                .stored(import, &import.secret)
                .await?
                .map(|secret| NewSecret {
                    secret,
                    previous_until,
                });
        }
        let update = ClientUpdate {
            sets_status: record.client.status != before.client.status,
            record,
            secret,
        };
        Ok(plan::Update { before, update })
    }

    /// Whether the client already has the secret that it brings, or brings none.
    async fn has_secret(
        &self,
        import: &ClientToImport,
        before: &ClientRecord,
    ) -> Result<bool, RegistryError> {
        Ok(match &import.secret {
            SecretToImport::New { .. } | SecretToImport::Nothing => true,
            // This holds even if the secret was used since, and the store now has another hash of
            // it.
            SecretToImport::Hash(hash) => {
                let id = id_of(&import.id, hash);
                before.secrets.iter().any(|secret| secret.id == id)
            }
            SecretToImport::Brought(secret) => {
                let (vault, secret) = (self.vault.clone(), secret.clone());
                let kept: Vec<SecretHash> = before
                    .secrets
                    .iter()
                    .map(|kept| kept.hash.clone())
                    .collect();
                let verify = move || kept.iter().any(|hash| vault.hasher().verify(&secret, hash));
                spawn_blocking(verify).await?
            }
        })
    }

    /// What the store keeps of a secret that the file has.
    async fn stored(
        &self,
        import: &ClientToImport,
        secret: &SecretToImport,
    ) -> Result<Option<StoredSecret>, RegistryError> {
        let stored = match secret {
            SecretToImport::New { .. } | SecretToImport::Nothing => return Ok(None),
            SecretToImport::Brought(secret) => self.new_secret(Some(secret.clone())).await?.1,
            SecretToImport::Hash(hash) => StoredSecret {
                id: id_of(&import.id, hash),
                hash: SecretHash::Imported(hash.clone()),
                created_at: self.clock.now(),
                expires_at: None,
                last_used_at: None,
                last_used_from: None,
            },
        };
        Ok(Some(StoredSecret {
            expires_at: import.secret_until,
            ..stored
        }))
    }
}

impl ClientToImport {
    /// Changes a client to what the file says.
    pub fn edit(&self, client: &mut Client) {
        self.edits.iter().for_each(|edit| edit(client));
    }
}

/// The id of a secret whose hash is in the file. The same hash for the same client has the same id.
/// So the id tells that the client has this secret, even after its hash was replaced.
fn id_of(client: &ClientId, hash: &ImportedHash) -> SecretId {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in [client.as_str(), "\0", hash.as_str()] {
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    SecretId(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

impl fmt::Debug for ClientToImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientToImport({})", self.id)
    }
}
