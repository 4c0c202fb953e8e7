//! The assertions that a client has used, by their `jti`. RFC 7523 3 lets each be used once.
//!
//! They are kept in memory until they expire, for five minutes at most, and thus for one process.
//! An attacker that reads a request could use its assertion once more at each other replica, and
//! after a restart, within that time. TLS keeps attackers from reading requests.

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
    /// When each assertion expires, in seconds since 1970, by the first half of the SHA-256 of its
    /// id.
    until: HashMap<[u8; 16], i64>,
    /// At which number of assertions the expired ones are next searched for.
    sweep_at: usize,
}

impl UsedAssertions {
    /// Room for two hundred a second that live for five minutes, in about 4 MB.
    const MOST: usize = 65_536;
    const FIRST_SWEEP: usize = 1024;

    /// Notes the use of an assertion that expires at `expires_at`, in seconds since 1970.
    ///
    /// # Errors
    /// [`AssertionError::Replayed`] if it was used before. [`Reason::TooManyRequests`] if there is
    /// no room to remember it: to forget another would let that one be used again.
    pub(crate) fn note(&self, id: &str, expires_at: i64, now: Timestamp) -> Result<(), Reason> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_second();
        if used.until.len() >= used.sweep_at.max(Self::FIRST_SWEEP) {
            used.until.retain(|_, until| *until > now);
            // The number is doubled, so that the search stays a small part of the work, however
            // many assertions there are.
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

    /// Whether there are assertions that have not expired.
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
