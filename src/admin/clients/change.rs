//! Changes a client's settings and keys.

use super::{ClientRegistry, RegistryError, policy};
use crate::admin::values::changed;
use crate::audit::Event;
use crate::keys::ClientKeys;
use crate::store::ClientRecord;
use crate::token::{AuthMethod, Client, ClientId};

/// A client after a change.
#[derive(Debug)]
pub struct ChangedClient {
    /// The client in its new state.
    pub client: Client,
    /// The settings that changed. Empty if nothing changed.
    pub fields: Vec<&'static str>,
}

impl ClientRegistry {
    /// Changes a client's settings with `edit`, which may be called more than once.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`](crate::store::StoreError::NoSuchClient), or
    /// [`RegistryError::NoKeys`], [`RegistryError::NoCertificateName`] and
    /// [`RegistryError::NoSecret`] if the client could not authenticate in the chosen way, among
    /// others.
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
        // Another process that changes the same client waits for the log, so no change is lost
        // between this read and the write.
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
        // RFC 7591 2: a client hands its keys in, or it publishes them.
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

    /// Replaces the client's public keys. The previous keys stop working at once. To rotate without
    /// an outage, an administrator first sets both keys, and later the new one alone.
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
        // RFC 7591 2: a client hands its keys in, or it publishes them.
        record.client.jwks_uri = None;
        let store = change.store(vec![event], now);
        store.change_client(&record).await?;
        change.done(now).await;
        Ok(record.client)
    }
}

/// Refuses a change by mistake that would lock the client out, because it could not authenticate in
/// any way.
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
