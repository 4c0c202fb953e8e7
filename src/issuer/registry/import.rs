//! Many clients at once, from another server.

use super::{ClientRegistry, RegistryError};
use crate::keys::ClientKeys;
use crate::store::ClientRecord;
use crate::token::{AuthMethod, Client, ClientId, ClientSecret};

/// A client of another server.
#[derive(Debug)]
pub struct ClientToImport {
    /// What it is here.
    pub client: Client,
    /// The secret that it has already.
    pub secret: Option<ClientSecret>,
    /// Its public keys.
    pub keys: Option<ClientKeys>,
}

/// A client that was imported.
#[derive(Debug)]
pub struct ImportedClient {
    /// The client.
    pub client: Client,
    /// The secret that was made for it, as it had none. The only moment at which it can be shown.
    pub new_secret: Option<ClientSecret>,
}

/// How many clients are asked for at a time.
const PART: usize = 2_000;

impl ClientRegistry {
    /// Which of these ids are taken.
    ///
    /// # Errors
    /// What the store says.
    pub async fn known(&self, ids: &[ClientId]) -> Result<Vec<ClientId>, RegistryError> {
        let mut known = Vec::new();
        for part in ids.chunks(PART) {
            let there = self.store.clients_named(part).await?;
            known.extend(there.into_iter().map(|record| record.client.id));
        }
        Ok(known)
    }

    /// Adds clients, all or none. One that authenticates with a secret and brings none gets one. Takes some 20 ms for each secret
    /// that is brought along, as it may be a weak one.
    ///
    /// # Errors
    /// [`StoreError::ClientExists`](crate::store::StoreError::ClientExists) among others.
    pub async fn import(
        &self,
        clients: Vec<ClientToImport>,
    ) -> Result<Vec<ImportedClient>, RegistryError> {
        let now = self.clock.now();
        let (mut records, mut imported) = (Vec::new(), Vec::new());
        for ClientToImport {
            client,
            secret,
            keys,
        } in clients
        {
            let needs_one = client.auth_method == AuthMethod::ClientSecretBasic && secret.is_none();
            let (mut secrets, mut new_secret) = (Vec::new(), None);
            if needs_one || secret.is_some() {
                let (secret, stored) = self.new_secret(secret).await?;
                secrets.push(stored);
                new_secret = Some(secret).filter(|_| needs_one);
            }
            records.push(ClientRecord {
                keys,
                secrets,
                ..ClientRecord::new(client.clone(), now)
            });
            imported.push(ImportedClient { client, new_secret });
        }
        self.put(&records).await?;
        Ok(imported)
    }
}
