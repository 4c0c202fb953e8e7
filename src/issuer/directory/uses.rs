//! When secrets were last used: noted in memory, and written to the store now and then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::account::LiveSecret;
use crate::store::{SecretUse, Store, StoreError};
use crate::token::SecretId;

/// The uses that are not written yet.
#[derive(Debug, Default)]
pub(in crate::issuer) struct Uses(Mutex<HashMap<SecretId, SecretUse>>);

impl Uses {
    /// Notes that a secret was used, once a second at most, so that the path of a busy client has no lock in it.
    pub(in crate::issuer) fn note(&self, used: &LiveSecret, at: Timestamp, from: IpAddr) {
        let second = at.as_second();
        if used.noted_at.swap(second, Ordering::Relaxed) != second {
            let secret = used.stored.id;
            self.noted().insert(secret, SecretUse { secret, at, from });
        }
    }

    /// Writes them to the store; where it takes nothing from this process, they are forgotten.
    pub(in crate::issuer) async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let uses = std::mem::take(&mut *self.noted());
        if uses.is_empty() || store.is_read_only() {
            return Ok(());
        }
        let list: Vec<SecretUse> = uses.values().copied().collect();
        let done = store.record_uses(&list).await;
        if done.is_err() {
            let mut later = self.noted();
            for (secret, used) in uses {
                later.entry(secret).or_insert(used);
            }
        }
        done
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<SecretId, SecretUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
