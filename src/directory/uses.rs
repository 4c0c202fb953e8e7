//! When clients and their secrets were last used. Uses are noted in memory, and written to the
//! store now and then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::account::Authenticated;
use crate::store::{ClientUse, Store, StoreError};
use crate::token::{ClientId, SecretId};

/// The uses that are not written yet.
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
