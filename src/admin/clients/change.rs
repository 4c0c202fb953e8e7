//! Changes of a client that stays the same one: its settings, its keys.

use super::{ClientRegistry, RegistryError, policy};
use crate::admin::values::changed;
use crate::audit::Event;
use crate::keys::ClientKeys;
use crate::store::ClientRecord;
use crate::token::{AuthMethod, Client, ClientId};

/// A client after a change.
#[derive(Debug)]
pub struct ChangedClient {
    /// As it is now.
    pub client: Client,
    /// What of it differs from before; nothing when it had been like that.
    pub fields: Vec<&'static str>,
}

impl ClientRegistry {
    /// Changes a client's settings as `edit` does; it may be called more than once.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`](crate::store::StoreError::NoSuchClient), or [`RegistryError::NoKeys`] and
    /// [`RegistryError::NoSecret`] for a way of authenticating that the client can't go, among others.
    pub async fn change(
        &self,
        id: &ClientId,
        edit: impl Fn(&mut Client),
    ) -> Result<ChangedClient, RegistryError> {
        let mut planned = self.show(id).await?.client;
        let now = planned.clone();
        edit(&mut planned);
        planned.check_limits(Some(&now))?;
        if let Some(algorithm) = planned.token_algorithm {
            self.keys.prepare(algorithm).await?;
        }
        // Who changes the same client meanwhile waits for the log, so nothing is lost between the
        // reading and the writing.
        let change = self.changes.open().await?;
        let before = self.show(id).await?;
        let mut record = before.clone();
        edit(&mut record.client);
        let fields = before.client.differences(&record.client);
        if fields.is_empty() {
            let client = record.client;
            return Ok(ChangedClient { client, fields });
        }
        record.changed_at = self.clock.now();
        // RFC 7591 2: a client has its keys in one of the two ways.
        if fields.contains(&"jwks_uri") && record.client.jwks_uri.is_some() {
            record.keys = None;
        }
        let decides =
            |field: &&str| ["auth_method", "certificate_name", "jwks_uri"].contains(field);
        if fields.iter().any(decides) {
            check_auth_method(&record)?;
        }
        policy::check(&self.policy, &record, Some(&before))?;
        let (from, to) = changed(&before.client, &record.client);
        let event = Event::ClientChanged {
            client_id: id.clone(),
            fields: fields.clone(),
            from,
            to,
        };
        let store = change.store(vec![event], record.changed_at);
        store.change_client(&record).await?;
        change.done(record.changed_at).await;
        let client = record.client;
        Ok(ChangedClient { client, fields })
    }

    /// Puts other public keys in the place of the client's. Those before are good for nothing from
    /// then on: whoever rotates without an outage hands in a set with both, and later one without
    /// the old.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`](crate::store::StoreError::NoSuchClient) among others.
    pub async fn set_keys(&self, id: &ClientId, keys: ClientKeys) -> Result<Client, RegistryError> {
        let change = self.changes.open().await?;
        let now = self.clock.now();
        let before = self.show(id).await?;
        let thumbprints = before.keys.as_ref().map(ClientKeys::thumbprints);
        let event = Event::ClientKeysSet {
            client_id: id.clone(),
            keys: keys.thumbprints(),
            previous: thumbprints.unwrap_or_default(),
        };
        let mut record = ClientRecord {
            keys: Some(keys),
            changed_at: now,
            ..before
        };
        // RFC 7591 2: a client has its keys in one of the two ways.
        record.client.jwks_uri = None;
        let store = change.store(vec![event], now);
        store.change_client(&record).await?;
        change.done(now).await;
        Ok(record.client)
    }
}

/// A client that could prove itself in no way would be locked out by a slip.
pub(super) fn check_auth_method(record: &ClientRecord) -> Result<(), RegistryError> {
    let live = || {
        let mut secrets = record.secrets.iter();
        secrets.any(|secret| secret.is_live(record.changed_at))
    };
    let id = &record.client.id;
    match record.client.auth_method {
        AuthMethod::PrivateKeyJwt if record.keys.is_none() && record.client.jwks_uri.is_none() => {
            Err(RegistryError::NoKeys(id.clone()))
        }
        AuthMethod::TlsClientAuth if record.client.certificate_name.is_none() => {
            Err(RegistryError::NoCertificateName(id.clone()))
        }
        AuthMethod::ClientSecretBasic if !live() => Err(RegistryError::NoSecret(id.clone())),
        _ => Ok(()),
    }
}
