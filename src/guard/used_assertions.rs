//! The assertions that a client has used, by their `jti`: RFC 7523 3 lets each be used once.
//!
//! Kept in memory until they expire, five minutes at most, and so for one process: whoever listens
//! in on a request could use its assertion once more at each other replica, and after a restart,
//! within that time. TLS keeps them from listening in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use jiff::Timestamp;

use crate::token::{AssertionError, CredentialError, Reason};

/// The used assertions of one client.
#[derive(Debug, Default)]
pub(crate) struct UsedAssertions(Mutex<Used>);

#[derive(Debug, Default)]
struct Used {
    /// When each expires, in seconds since 1970, by the first half of its id's SHA-256.
    until: HashMap<[u8; 16], i64>,
    /// How many there may be until the expired ones are looked for.
    sweep_at: usize,
}

impl UsedAssertions {
    /// Room for two hundred a second that live for five minutes, in some 4 MB.
    const MOST: usize = 65_536;
    const FIRST_SWEEP: usize = 1024;

    /// Notes that an assertion is used, which expires at `expires_at`, in seconds since 1970.
    ///
    /// # Errors
    /// [`AssertionError::Replayed`] when it was used before; [`Reason::TooManyRequests`] when so many are remembered that this one
    /// could not be: to forget one would let it be used again.
    pub(crate) fn note(&self, id: &str, expires_at: i64, now: Timestamp) -> Result<(), Reason> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_second();
        if used.until.len() >= used.sweep_at.max(Self::FIRST_SWEEP) {
            used.until.retain(|_, until| *until > now);
            // Doubled, so that looking is a small part of the work however many there are.
            used.sweep_at = (used.until.len() * 2).min(Self::MOST);
        }
        let mut name = [0; 16];
        name.copy_from_slice(&digest::digest(&digest::SHA256, id.as_bytes()).as_ref()[..16]);
        if used.until.get(&name).is_some_and(|until| *until > now) {
            let replayed = CredentialError::Assertion(AssertionError::Replayed);
            return Err(Reason::Credential(replayed));
        }
        if used.until.len() >= Self::MOST {
            let soonest = used.until.values().min().copied().unwrap_or(now);
            let wait = u64::try_from(soonest - now).unwrap_or(0).max(1);
            return Err(Reason::TooManyRequests {
                wait: Duration::from_secs(wait),
            });
        }
        used.until.insert(name, expires_at);
        Ok(())
    }

    /// Whether there are any that have not expired.
    pub(crate) fn any(&self, now: Timestamp) -> bool {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.until.values().any(|until| *until > now.as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn each_is_used_once_until_it_has_expired() {
        let used = UsedAssertions::default();
        assert!(!used.any(at(0)));
        used.note("a", 10, at(0)).unwrap();
        assert!(used.any(at(9)) && !used.any(at(10)));
        used.note("b", 10, at(0)).unwrap();
        let again = used.note("a", 10, at(9)).unwrap_err();
        assert_eq!(again.name(), "assertion_replayed");
        used.note("a", 20, at(10))
            .expect("nobody takes the first one any more");
    }

    #[test]
    fn what_expired_makes_room_and_what_did_not_is_never_forgotten() {
        let used = UsedAssertions::default();
        for number in 0..UsedAssertions::MOST {
            used.note(&number.to_string(), 100, at(0)).unwrap();
        }
        let Err(Reason::TooManyRequests { wait }) = used.note("more", 100, at(40)) else {
            panic!("no room")
        };
        assert_eq!(wait.as_secs(), 60);
        assert!(used.note("0", 100, at(40)).is_err(), "still known");
        used.note("more", 200, at(100)).unwrap();
        let left = used.0.lock().unwrap().until.len();
        assert_eq!(left, 1, "the expired ones are gone");
    }
}
