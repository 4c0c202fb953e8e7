//! Carries out the key schedule in a running service: does what is due, at one replica at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::admin::KeyRegistry;
use crate::keys::{KeySet, Wanted};
use crate::store::Store;

/// Keeps the schedule.
#[derive(Debug)]
pub(super) struct KeySchedule {
    registry: KeyRegistry,
    store: Arc<dyn Store>,
    replica: Uuid,
    fault: Mutex<Option<String>>,
}

impl KeySchedule {
    const TASK: &str = "key schedule";
    /// How long the task stays with a replica that died while it did the task. If a replica takes
    /// longer, for example because of a slow HSM, another replica may start as well. Key material
    /// is compared and swapped, so the keys of the slower replica are not taken.
    const LEASE: Duration = Duration::from_secs(10);
    /// How long verifiers may keep the JWK set. A new key is published for longer than this before
    /// it signs. A verifier that doesn't introspect believes a revoked key for up to this time.
    const LONGEST_MAX_AGE: Duration = Duration::from_secs(5 * 60);

    pub(super) fn new(registry: KeyRegistry, store: Arc<dyn Store>) -> Self {
        Self {
            registry,
            store,
            replica: Uuid::new_v4(),
            fault: Mutex::default(),
        }
    }

    /// Does what is due by the keys in memory. `true` if that may have changed the store.
    pub(super) async fn keep(
        &self,
        keys: &KeySet,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<bool, String> {
        let schedule = self.registry.schedule();
        if schedule.due(keys, wanted, now).is_empty() {
            self.note(None);
            return Ok(false);
        }
        let done = self.keep_alone(now).await;
        self.note(done.as_ref().err().cloned());
        done
    }

    async fn keep_alone(&self, now: Timestamp) -> Result<bool, String> {
        let until = now.checked_add(Self::LEASE).unwrap_or(Timestamp::MAX);
        let lease = self.store.take_lease(Self::TASK, self.replica, now, until);
        if !lease.await.map_err(|error| error.to_string())? {
            return Ok(false);
        }
        let done = self.registry.keep_schedule().await;
        // If this fails, the other replicas wait until the lease runs out.
        let _expires = self.store.release_lease(Self::TASK, self.replica).await;
        done.map(|_| true).map_err(|error| error.to_string())
    }

    /// Why the last task that was due could not be done.
    pub(super) fn fault(&self) -> Option<String> {
        let fault = self.fault.lock();
        fault.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long verifiers may keep the JWK set.
    pub(super) fn max_age(&self) -> Duration {
        let publish_ahead = self.registry.schedule().publish_ahead;
        publish_ahead.min(Self::LONGEST_MAX_AGE)
    }

    fn note(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}
