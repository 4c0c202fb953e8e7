//! What the use of clients and secrets leaves behind. It is noted in memory, and written to the
//! store now and then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::account::{Authenticated, LiveSecret};
use crate::store::{ClientUse, Store, StoreError};
use crate::token::{ClientId, SecretHash, SecretId};

/// When clients and their secrets were last used, as far as it is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<Noted>);

type Noted = HashMap<(ClientId, Option<SecretId>), ClientUse>;

impl Uses {
    /// Notes that a client authenticated. Does so once a second at most, so that a busy client's
    /// path takes no lock.
    pub(crate) fn note(&self, used: &Authenticated, at: Timestamp, from: IpAddr) {
        let second = at.as_second();
        let noted_at = match &used.secret {
            Some(secret) => &secret.noted_at,
            None => &used.account.noted_at,
        };
        if noted_at.swap(second, Ordering::Relaxed) != second {
            let client_id = used.account.client.id.clone();
            let secret = used.secret.as_ref().map(|secret| secret.stored.id);
            let key = (client_id.clone(), secret);
            let used = ClientUse {
                client_id,
                secret,
                at,
                from,
            };
            self.noted().insert(key, used);
        }
    }

    /// Writes the uses to the store. If this process may not write, forgets them.
    pub(crate) async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let uses = std::mem::take(&mut *self.noted());
        if uses.is_empty() || store.is_read_only() {
            return Ok(());
        }
        let list: Vec<ClientUse> = uses.values().cloned().collect();
        let done = store.record_uses(&list).await;
        if done.is_err() {
            let mut later = self.noted();
            for (key, used) in uses {
                later.entry(key).or_insert(used);
            }
        }
        done
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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

/// This service's own hashes of secrets that came with another server's, as far as they are not
/// written yet. Each is made when its secret is used.
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
