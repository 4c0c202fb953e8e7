//! All signing keys of a store, at rest, and the changes that can be made to them.
//!
//! [`super::Schedule`] decides when a change is due.

use std::time::Duration;

use jiff::Timestamp;

use super::{KeyState, StoredKey};
use crate::token::{Algorithm, Lifetime};

/// The signing keys, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Vec<StoredKey>);

/// All key material of a store. It is changed as a whole, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyMaterial {
    /// The sealed secret key, from which the keys of the vault are derived. `None` before the first
    /// start.
    pub sealed_secret_key: Option<Vec<u8>>,
    /// The signing keys.
    pub signing_keys: KeySet,
}

/// A change of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a new key. The other keys of its algorithm stop when it starts.
    Make {
        /// The algorithm with which it signs.
        algorithm: Algorithm,
        /// When it starts.
        signs_from: Timestamp,
    },
    /// Let a published key sign at once.
    BringForward {
        /// The key's id.
        id: String,
    },
    /// Let a key stop signing. None follows it.
    End {
        /// The key's id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Destroy the private half of a key that doesn't sign any more.
    Forget {
        /// The key's id.
        id: String,
    },
    /// Withdraw a key.
    Revoke {
        /// The key's id.
        id: String,
        /// Why.
        reason: Option<String>,
    },
}

impl KeySet {
    /// How long a key stays in the JWK set after its last signature: until the longest token that
    /// it may have signed has expired, even for a verifier whose clock is 5 minutes slow.
    const RETAINED: Duration = Duration::from_secs(Lifetime::MAX.as_secs() as u64 + 5 * 60);

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &StoredKey> {
        self.0.iter()
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&StoredKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The algorithm's last key, which no other key follows yet.
    #[must_use]
    pub fn last(&self, algorithm: Algorithm) -> Option<&StoredKey> {
        let open = |key: &&StoredKey| key.revoked_at.is_none() && key.signs_until.is_none();
        let mut open: Vec<_> = self.of(algorithm).filter(open).collect();
        open.sort_by_key(|key| key.signs_from);
        open.pop()
    }

    /// The algorithm's first key that is published and doesn't sign yet.
    #[must_use]
    pub fn next(&self, algorithm: Algorithm, now: Timestamp) -> Option<&StoredKey> {
        self.of(algorithm)
            .filter(|key| key.state(now) == KeyState::Published)
            .min_by_key(|key| key.signs_from)
    }

    /// Whether a key of this algorithm, or of any, signs at `now`.
    #[must_use]
    pub fn signs(&self, algorithm: Option<Algorithm>, now: Timestamp) -> bool {
        self.0.iter().any(|key| {
            key.state(now) == KeyState::Signing && algorithm.is_none_or(|one| key.algorithm == one)
        })
    }

    /// Carries out a step. `make` makes a key of an algorithm, which signs from a given time.
    ///
    /// # Errors
    /// The error of `make`.
    pub fn apply<E>(
        &mut self,
        step: &Step,
        now: Timestamp,
        make: impl FnOnce(Algorithm, Timestamp) -> Result<StoredKey, E>,
    ) -> Result<(), E> {
        match step {
            Step::Make {
                algorithm,
                signs_from,
            } => {
                let new = make(*algorithm, *signs_from)?;
                self.end_others(*algorithm, &new.id, *signs_from);
                self.0.push(new);
            }
            Step::BringForward { id } => {
                if let Some(algorithm) = self.get(id).map(|key| key.algorithm) {
                    self.change(id, |key| key.signs_from = now);
                    self.end_others(algorithm, id, now);
                }
            }
            Step::End { id, at } => self.change(id, |key| key.end(*at)),
            Step::Forget { id } => self.change(id, |key| key.private_half = None),
            Step::Revoke { id, reason } => self.revoke(id, reason.as_deref(), now),
        }
        Ok(())
    }

    fn revoke(&mut self, id: &str, reason: Option<&str>, now: Timestamp) {
        if let Some(key) = self.get(id).filter(|key| key.signs_from > now) {
            // The key before it would have stopped when this key started. Now it goes on to sign.
            let (algorithm, then) = (key.algorithm, key.signs_from);
            for before in &mut self.0 {
                if before.algorithm == algorithm && before.signs_until == Some(then) {
                    before.signs_until = None;
                    before.published_until = None;
                }
            }
        }
        self.change(id, |key| {
            key.private_half = None;
            key.signs_until = Some(key.signs_until.map_or(now, |until| until.min(now)));
            key.published_until = Some(now);
            key.revoked_at = Some(now);
            key.revocation_reason = reason.map(str::to_owned);
        });
    }

    fn end_others(&mut self, algorithm: Algorithm, but: &str, at: Timestamp) {
        for key in &mut self.0 {
            let goes_on = key.signs_until.is_none_or(|until| until > at);
            if key.algorithm == algorithm && key.id != but && key.revoked_at.is_none() && goes_on {
                key.end(at);
            }
        }
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut StoredKey)) {
        if let Some(key) = self.0.iter_mut().find(|key| key.id == id) {
            change(key);
        }
    }

    pub(super) fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &StoredKey> {
        self.0.iter().filter(move |key| key.algorithm == algorithm)
    }
}

impl StoredKey {
    /// Lets the key sign until `at`. It stays in the JWK set for the tokens that it signed.
    fn end(&mut self, at: Timestamp) {
        self.signs_until = Some(at);
        self.published_until = Some(at.checked_add(KeySet::RETAINED).unwrap_or(Timestamp::MAX));
    }
}

impl From<Vec<StoredKey>> for KeySet {
    fn from(keys: Vec<StoredKey>) -> Self {
        Self(keys)
    }
}

impl IntoIterator for KeySet {
    type Item = StoredKey;
    type IntoIter = std::vec::IntoIter<StoredKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
