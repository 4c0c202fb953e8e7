//! Replaces another server's hashes of secrets with this service's own hashes. A new hash is made
//! when such a secret is used, and is written to the store now and then.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::account::LiveSecret;
use crate::store::{Store, StoreError};
use crate::token::{ClientId, SecretHash, SecretId};

/// A secret whose own hash is known.
#[derive(Debug, Clone)]
pub(crate) struct Upgrade {
    pub client: ClientId,
    pub secret: SecretId,
    /// The hash of the other server.
    pub seen: SecretHash,
    /// This service's own hash.
    pub own: SecretHash,
}

/// The upgrades that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Upgrades(Mutex<HashMap<SecretId, Upgrade>>);

impl Upgrades {
    /// Notes a secret that was used. If the store has this service's own hash of it, there is
    /// nothing to note.
    pub(crate) fn note(&self, client: &ClientId, used: &LiveSecret) {
        let Some(own) = used.own_hash.get() else {
            return;
        };
        let upgrade = || Upgrade {
            client: client.clone(),
            secret: used.stored.id,
            seen: used.stored.hash.clone(),
            own: own.clone(),
        };
        self.noted().entry(used.stored.id).or_insert_with(upgrade);
    }

    /// Writes the upgrades to the store, and gives those that were written. If this process may not
    /// write, forgets them.
    pub(crate) async fn write(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Vec<Upgrade>, StoreError> {
        let noted = std::mem::take(&mut *self.noted());
        let mut written = Vec::new();
        if store.is_read_only() {
            return Ok(written);
        }
        let mut rest = noted.into_values();
        while let Some(upgrade) = rest.next() {
            let Upgrade {
                client,
                secret,
                seen,
                own,
            } = &upgrade;
            match store.replace_hash(client, *secret, seen, own, now).await {
                Ok(true) => written.push(upgrade),
                // Another process was faster, or the client has other secrets now.
                Ok(false) => {}
                Err(error) => {
                    let later = std::iter::once(upgrade).chain(rest);
                    let later = later.map(|upgrade| (upgrade.secret, upgrade));
                    self.noted().extend(later);
                    return if written.is_empty() {
                        Err(error)
                    } else {
                        Ok(written)
                    };
                }
            }
        }
        Ok(written)
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<SecretId, Upgrade>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
