//! Changes of signing keys, by administrators and by the schedule.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::change_log::{ChangeLog, ChangeLogError, key_changed};
use super::values;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::{
    KeyError, KeyMaterial, KeySet, PrivateHalf, PublishedKey, Schedule, ScheduleError, Step,
    StoredKey, Vault, Wanted,
};
use crate::store::{Store, StoreError};
use crate::token::Algorithm;

/// Makes, rotates and revokes signing keys. Each change is in force in every running service within
/// a second.
///
/// A change replaces the whole set of keys, and only if the set is still the one that the change
/// was planned for. If several processes change keys at once, one of them succeeds, and the others
/// read the keys again.
#[derive(Debug, Clone)]
pub struct KeyRegistry {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    changes: ChangeLog,
    schedule: Schedule,
    algorithm: Algorithm,
}

/// A change of the keys that can't be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyRegistryError {
    /// The store refuses it, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key material can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The schedule does not allow it.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The change could not have been recorded.
    #[error(transparent)]
    Record(#[from] ChangeLogError),
    /// Other processes were faster each time.
    #[error("other processes keep changing the signing keys; try again")]
    Busy,
    /// The process is being stopped.
    #[error("the key could not be made: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl KeyRegistry {
    const ATTEMPTS: usize = 20;
    /// The time after which every running service has read of a change.
    const IN_FORCE_AFTER: Duration = Duration::from_secs(1);

    pub(crate) fn new(
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        changes: ChangeLog,
        config: &Config,
    ) -> Self {
        Self {
            store,
            vault,
            clock,
            changes,
            schedule: Schedule {
                rotation: config.keys.rotation,
                publish_ahead: config.keys.publish_ahead,
            },
            algorithm: config.token.algorithm,
        }
    }

    /// Makes keys that follow the signing ones, for one algorithm or for all in use. The new keys
    /// sign after the time that verifiers need to learn of them, or at once. Gives the keys that
    /// changed.
    ///
    /// # Errors
    /// [`ScheduleError::AlreadyRotating`] among others.
    pub async fn rotate(
        &self,
        algorithm: Option<Algorithm>,
        at_once: bool,
    ) -> Result<Vec<PublishedKey>, KeyRegistryError> {
        self.change(|keys, wanted, now| {
            let algorithms = algorithm.map_or_else(|| wanted.all(), |one| BTreeSet::from([one]));
            self.schedule.rotate(keys, &algorithms, at_once, now)
        })
        .await
    }

    /// Withdraws a key that leaked. At once, it leaves the JWK set and another key signs. Gives the
    /// keys that changed.
    ///
    /// # Errors
    /// [`ScheduleError::NoSuchKey`], [`ScheduleError::AlreadyRevoked`] among others.
    pub async fn revoke(
        &self,
        id: &str,
        reason: Option<&str>,
    ) -> Result<Vec<PublishedKey>, KeyRegistryError> {
        self.change(|keys, wanted, now| Schedule::revoke(keys, wanted, id, reason, now))
            .await
    }

    /// Does what the schedule says is due. Gives the keys that changed.
    ///
    /// # Errors
    /// [`KeyRegistryError`]
    pub async fn keep_schedule(&self) -> Result<Vec<PublishedKey>, KeyRegistryError> {
        self.change(|keys, wanted, now| Ok(self.schedule.due(keys, wanted, now)))
            .await
    }

    /// Makes sure that a key of this algorithm signs, for a client that accepts no other algorithm.
    pub(crate) async fn prepare(&self, algorithm: Algorithm) -> Result<(), KeyRegistryError> {
        let changed = self.change(|keys, wanted, now| {
            let mut wanted = wanted.clone();
            wanted.clients.insert(algorithm);
            Ok(self.schedule.due(keys, &wanted, now))
        });
        changed.await.map(drop)
    }

    /// The rules by which keys follow each other.
    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    async fn change(
        &self,
        plan: impl Fn(&KeySet, &Wanted, Timestamp) -> Result<Vec<Step>, ScheduleError>,
    ) -> Result<Vec<PublishedKey>, KeyRegistryError> {
        for _ in 0..Self::ATTEMPTS {
            let now = self.clock.now();
            let seen = self.store.key_material().await?;
            let wanted = Wanted {
                default: self.algorithm,
                clients: self.store.token_algorithms().await?,
            };
            let steps = plan(&seen.signing_keys, &wanted, now)?;
            if steps.is_empty() {
                return Ok(Vec::new());
            }
            self.vault.check(&seen)?;
            let new = self.carry_out(steps, seen.clone(), now).await?;
            let record = self.changes.open().await?;
            let (seen_keys, new_keys) = (&seen.signing_keys, &new.signing_keys);
            let changed = PublishedKey::changed(seen_keys, new_keys, now);
            let told = changed.iter().map(|key| {
                let before = seen_keys.get(&key.kid);
                let before = before.map(|before| PublishedKey::of(before, now));
                let from = before.map(|before| values::changed(&before, key).0);
                key_changed(key.clone(), from)
            });
            let events = told.collect();
            let store = record.store(events, now);
            if store.swap_key_material(&seen, &new, now).await? {
                record.done(now).await;
                self.destroy(lost(seen_keys, new_keys)).await?;
                return Ok(changed);
            }
            self.destroy(lost(new_keys, seen_keys)).await?;
        }
        Err(KeyRegistryError::Busy)
    }

    async fn destroy(&self, lost: Vec<PrivateHalf>) -> Result<(), KeyRegistryError> {
        if lost.is_empty() {
            return Ok(());
        }
        // Until a service has read of the change, it still asks the PKCS#11 token for the key.
        tokio::time::sleep(Self::IN_FORCE_AFTER).await;
        let vault = self.vault.clone();
        let work = move || lost.iter().try_for_each(|half| vault.destroy(half));
        Ok(tokio::task::spawn_blocking(work).await??)
    }

    /// Makes the keys on a blocking thread.
    async fn carry_out(
        &self,
        steps: Vec<Step>,
        mut material: KeyMaterial,
        now: Timestamp,
    ) -> Result<KeyMaterial, KeyRegistryError> {
        let vault = self.vault.clone();
        let work = move || {
            let make = |algorithm, from| vault.generate_signing_key(algorithm, now, from);
            for step in &steps {
                material.signing_keys.apply(step, now, make)?;
            }
            Ok(material)
        };
        tokio::task::spawn_blocking(work).await?
    }
}

/// The private halves in PKCS#11 tokens that `before` has and `after` lacks.
fn lost(before: &KeySet, after: &KeySet) -> Vec<PrivateHalf> {
    let is_lost = |key: &&StoredKey| {
        let kept = after.get(&key.id).and_then(|key| key.private_half.as_ref());
        matches!(key.private_half, Some(PrivateHalf::InToken(_))) && kept.is_none()
    };
    let lost = before.iter().filter(is_lost);
    lost.filter_map(|key| key.private_half.clone()).collect()
}
