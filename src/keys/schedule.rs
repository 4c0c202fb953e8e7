//! Decides when signing keys are made, start and stop to sign, and lose their private halves.
//!
//! This is a pure function from the keys and the time to the steps that are due. A key is first
//! published, then signs, then is retained. These states follow from the key's times. So only two
//! things have to be done in time: the next key has to be made, and private keys that can't sign
//! any more have to be destroyed. [`KeySet::apply`] carries out the steps.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::set::Step;
use super::{KeySet, KeyState};
use crate::token::Algorithm;

/// How keys follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How long a key signs.
    pub rotation: Duration,
    /// How long verifiers may use a JWK set before they fetch it again.
    pub publish_ahead: Duration,
}

/// The algorithms with which tokens have to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The algorithm for clients without one of their own. While it has no key that signs, a key of
    /// another algorithm signs for these clients.
    pub default: Algorithm,
    /// The algorithms of clients that accept no other.
    pub clients: BTreeSet<Algorithm>,
}

/// Why an administrator's request can't be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No key has this id.
    #[error("there is no signing key {0}; `key list` shows all")]
    NoSuchKey(String),
    /// The key is already withdrawn.
    #[error("signing key {id} was revoked at {at:.0}")]
    AlreadyRevoked {
        /// The key.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// The next key is already published.
    #[error(
        "signing key {id} is published already and signs from {signs_from:.0}; --now has it sign at once"
    )]
    AlreadyRotating {
        /// The next key.
        id: String,
        /// When it starts.
        signs_from: Timestamp,
    },
}

impl Schedule {
    /// Added to `publish_ahead`: a new key takes a moment to reach every replica, and a JWK set
    /// takes a moment to reach a verifier.
    const MARGIN: Duration = Duration::from_secs(2);
    /// How long after its end a key's private half is kept. A replica with a slow clock goes on to
    /// sign for this long at most.
    const FORGOTTEN_AFTER: Duration = Duration::from_secs(5 * 60);

    /// The steps that are due at `now`.
    #[must_use]
    pub fn due(&self, keys: &KeySet, wanted: &Wanted, now: Timestamp) -> Vec<Step> {
        let mut due = Vec::new();
        for &algorithm in Algorithm::ALL {
            match keys.last(algorithm) {
                None if wanted.includes(algorithm) => due.push(Step::Make {
                    algorithm,
                    signs_from: if wanted.is_missing(algorithm, keys, now) {
                        now
                    } else {
                        after(now, self.lead())
                    },
                }),
                None => {}
                Some(last) if wanted.is_missing(algorithm, keys, now) => {
                    due.push(Step::BringForward {
                        id: last.id.clone(),
                    });
                }
                Some(last) => {
                    let end = after(last.signs_from, self.rotation);
                    let known = after(now, self.lead());
                    if wanted.includes(algorithm) && end <= known {
                        due.push(Step::Make {
                            algorithm,
                            signs_from: end.max(known),
                        });
                    } else if end <= now {
                        due.push(Step::End {
                            id: last.id.clone(),
                            at: now,
                        });
                    }
                }
            }
        }
        due.extend(forgettable(keys, now).map(|id| Step::Forget { id }));
        due
    }

    /// Lets new keys follow the keys of these algorithms: after the time that verifiers need to
    /// learn of them, or at once.
    ///
    /// # Errors
    /// [`ScheduleError::AlreadyRotating`]
    pub fn rotate(
        &self,
        keys: &KeySet,
        algorithms: &BTreeSet<Algorithm>,
        at_once: bool,
        now: Timestamp,
    ) -> Result<Vec<Step>, ScheduleError> {
        let step = |&algorithm: &Algorithm| match keys.next(algorithm, now) {
            Some(next) if at_once => Ok(Step::BringForward {
                id: next.id.clone(),
            }),
            Some(next) => Err(ScheduleError::AlreadyRotating {
                id: next.id.clone(),
                signs_from: next.signs_from,
            }),
            None => Ok(Step::Make {
                algorithm,
                signs_from: if at_once {
                    now
                } else {
                    after(now, self.lead())
                },
            }),
        };
        algorithms.iter().map(step).collect()
    }

    /// Withdraws a key, whatever its times are. If it was signing, another key signs at once: the
    /// next one, if it is published, or else a new one.
    ///
    /// # Errors
    /// [`ScheduleError::NoSuchKey`], [`ScheduleError::AlreadyRevoked`]
    pub fn revoke(
        keys: &KeySet,
        wanted: &Wanted,
        id: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Step>, ScheduleError> {
        let key = keys
            .get(id)
            .ok_or_else(|| ScheduleError::NoSuchKey(id.to_owned()))?;
        if let Some(at) = key.revoked_at {
            return Err(ScheduleError::AlreadyRevoked { id: id.into(), at });
        }
        let mut steps = vec![Step::Revoke {
            id: id.to_owned(),
            reason: reason.map(str::to_owned),
        }];
        if key.state(now) == KeyState::Signing {
            let algorithm = key.algorithm;
            match keys.next(algorithm, now) {
                Some(next) => steps.push(Step::BringForward {
                    id: next.id.clone(),
                }),
                None if wanted.includes(algorithm) => steps.push(Step::Make {
                    algorithm,
                    signs_from: now,
                }),
                None => {}
            }
        }
        Ok(steps)
    }

    /// How long a key is published before it signs.
    fn lead(&self) -> Duration {
        self.publish_ahead + Self::MARGIN
    }
}

impl Wanted {
    /// Whether tokens have to be signed with this algorithm.
    #[must_use]
    pub fn includes(&self, algorithm: Algorithm) -> bool {
        self.default == algorithm || self.clients.contains(&algorithm)
    }

    /// Whether clients get no token because this algorithm has no key that signs. Then its first
    /// key signs at once. A verifier that doesn't know the key yet has not seen a token of these
    /// clients either.
    fn is_missing(&self, algorithm: Algorithm, keys: &KeySet, now: Timestamp) -> bool {
        let is_needed = self.clients.contains(&algorithm);
        let another_does = !is_needed && keys.signs(None, now);
        (is_needed || self.default == algorithm)
            && !another_does
            && !keys.signs(Some(algorithm), now)
    }

    /// All wanted algorithms.
    #[must_use]
    pub fn all(&self) -> BTreeSet<Algorithm> {
        let default = std::iter::once(self.default);
        default.chain(self.clients.iter().copied()).collect()
    }
}

/// The keys that can't sign any more by the clock of any replica, and still have their private
/// half.
fn forgettable(keys: &KeySet, now: Timestamp) -> impl Iterator<Item = String> {
    keys.iter()
        .filter(move |key| {
            let ended = key
                .signs_until
                .is_some_and(|until| after(until, Schedule::FORGOTTEN_AFTER) <= now);
            key.private_half.is_some() && ended
        })
        .map(|key| key.id.clone())
}

fn after(time: Timestamp, period: Duration) -> Timestamp {
    time.checked_add(period).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
