//! Decides whether a client may get tokens, and whether the tokens that it has are good.

use jiff::Timestamp;
use serde_json::Value;

use super::{ClientRegistry, RegistryError};
use crate::admin::values::told;
use crate::audit::Event;
use crate::store::{StoreError, TokensThen};
use crate::token::{ClientId, Status};

impl ClientRegistry {
    /// Lets a client get tokens again. Tokens that were revoked stay revoked.
    ///
    /// # Errors
    /// [`NoSuchClient`](crate::store::StoreError::NoSuchClient) among others.
    pub async fn enable(&self, id: &ClientId) -> Result<(), RegistryError> {
        let change = self.changes.open().await?;
        let now = self.clock.now();
        let event = Event::ClientEnabled {
            client_id: id.clone(),
            was: self.show(id).await?.client.status,
        };
        let store = change.store(vec![event], now);
        store
            .set_status(id, Status::Enabled, TokensThen::Kept, now)
            .await?;
        change.done(now).await;
        Ok(())
    }

    /// Stops a client from getting tokens. The tokens that it has are revoked, or stay good until
    /// they expire.
    ///
    /// # Errors
    /// [`NoSuchClient`](crate::store::StoreError::NoSuchClient) among others.
    pub async fn disable(&self, id: &ClientId, tokens: TokensThen) -> Result<(), RegistryError> {
        let change = self.changes.open().await?;
        let now = self.clock.now();
        let record = self.show(id).await?;
        let event = Event::ClientDisabled {
            client_id: id.clone(),
            was: record.client.status,
            tokens_not_before: match tokens {
                TokensThen::Kept => None,
                TokensThen::Revoked => Some(record.revoking_tokens_until(now)),
            },
        };
        let store = change.store(vec![event], now);
        store.set_status(id, Status::Disabled, tokens, now).await?;
        change.done(now).await;
        Ok(())
    }

    /// Revokes all tokens that a client has. The client can get new ones. Gives the time before
    /// which the revoked tokens were issued.
    ///
    /// # Errors
    /// [`NoSuchClient`](crate::store::StoreError::NoSuchClient) among others.
    pub async fn revoke_tokens(&self, id: &ClientId) -> Result<Timestamp, RegistryError> {
        let change = self.changes.open().await?;
        let now = self.clock.now();
        let record = self.show(id).await?;
        let event = Event::ClientTokensRevoked {
            client_id: id.clone(),
            tokens_not_before: record.revoking_tokens_until(now),
        };
        let store = change.store(vec![event], now);
        let tokens_not_before = store.revoke_tokens_of(id, now).await?;
        change.done(now).await;
        Ok(tokens_not_before)
    }

    /// Removes a client, and revokes its tokens.
    ///
    /// # Errors
    /// [`NoSuchClient`](crate::store::StoreError::NoSuchClient) among others.
    pub async fn remove(&self, id: &ClientId) -> Result<(), RegistryError> {
        let change = self.changes.open().await?;
        let now = self.clock.now();
        let was = match self.show(id).await {
            Ok(record) => told(&record.client),
            // A row that somebody else wrote doesn't say how the client was. An administrator can
            // still remove it.
            Err(RegistryError::Store(StoreError::Altered(_))) => Value::Null,
            Err(error) => return Err(error),
        };
        let event = Event::ClientRemoved {
            client_id: id.clone(),
            was,
        };
        let store = change.store(vec![event], now);
        store.remove_client(id, now).await?;
        change.done(now).await;
        Ok(())
    }
}
