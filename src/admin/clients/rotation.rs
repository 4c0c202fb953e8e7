//! Rotates a client's secrets.

use std::cmp::Reverse;
use std::time::Duration;

use super::{AgainstPolicy, ClientRegistry, NewClient, RegistryError};
use crate::audit::Event;
use crate::token::{ClientId, ClientSecret, StoredSecret};

impl ClientRegistry {
    /// Gives a client another secret. The previous one goes on working for `overlap`, so that the
    /// client can be told in time. An even older secret that still works is ended only if
    /// `ends_promised` is set, because somebody was told that it works for longer.
    ///
    /// # Errors
    /// [`NoSuchClient`](crate::store::StoreError::NoSuchClient) and
    /// [`SecretPromised`](crate::store::StoreError::SecretPromised) among others.
    pub async fn rotate_secret(
        &self,
        id: &ClientId,
        chosen: Option<ClientSecret>,
        overlap: Duration,
        ends_promised: bool,
    ) -> Result<NewClient, RegistryError> {
        if chosen.is_some() && !self.policy.chosen_secrets {
            return Err(AgainstPolicy::ChosenSecret(id.clone()).into());
        }
        if overlap > Self::LONGEST_OVERLAP {
            return Err(RegistryError::OverlapTooLong);
        }
        let client = self.show(id).await?.client;
        let (secret, stored) = self.new_secret(chosen).await?;
        let until = stored
            .created_at
            .checked_add(overlap)
            .map_err(|_| RegistryError::OverlapTooLong)?;
        let change = self.changes.open().await?;
        let now = stored.created_at;
        let secrets = self.show(id).await?.secrets;
        let mut live: Vec<_> = secrets
            .iter()
            .filter(|secret| secret.is_live(now))
            .collect();
        live.sort_by_key(|secret| Reverse((secret.created_at, secret.id.0)));
        let end = |secret: &&StoredSecret| secret.expires_at.map_or(until, |end| end.min(until));
        let event = Event::SecretRotated {
            client_id: id.clone(),
            secret_id: stored.id,
            secret_kind: stored.hash.kind(),
            previous: live.iter().map(|secret| secret.id).collect(),
            previous_until: live.first().map(end),
            ended: live.iter().skip(1).map(|secret| secret.id).collect(),
        };
        let store = change.store(vec![event], now);
        let rotated = store
            .rotate_secret(id, &stored, until, ends_promised)
            .await?;
        change.done(now).await;
        Ok(NewClient {
            client,
            secret,
            previous_until: rotated.previous_until,
            ended: rotated.ended,
        })
    }
}
