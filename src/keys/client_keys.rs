//! The public keys with which a client's assertions are checked (RFC 7523 2.2), as its
//! administrators hand them in or its URL serves them: a JWK set, RFC 7517 5. Kept of it are the
//! keys that are public, strong enough, and for an algorithm that this service takes.

mod key;

use std::fmt;
use std::sync::LazyLock;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Jwks;
use crate::token::AssertionAlgorithm;
use key::ClientKey;
pub use key::KeyProblem;

/// A client's public keys: one at least, and [`ClientKeys::MOST`] at most, so that checking a
/// signature is bounded work.
#[derive(Clone)]
pub struct ClientKeys {
    keys: Vec<ClientKey>,
}

/// What a JWK set has for this service.
#[derive(Debug)]
pub struct ReadKeys {
    /// The keys that are of use.
    pub keys: ClientKeys,
    /// The others.
    pub passed_by: Vec<PassedBy>,
}

/// A key that is for something else, or of no use. RFC 7517 5: it doesn't spoil the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedBy {
    /// Which of the set, from 1 on.
    pub number: usize,
    /// Why.
    pub reason: KeyProblem,
}

/// Why a JWK set is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    /// No JSON, or of another shape.
    #[error("it is no JWK set, {{\"keys\": […]}} (RFC 7517 5): {0}")]
    NotAJwkSet(String),
    /// None, or too many.
    #[error("it has {0} keys for signatures; a client has 1 to {most}", most = ClientKeys::MOST)]
    Number(usize),
    /// Two keys of one name, for one algorithm.
    #[error("two keys have the kid {0:?}")]
    RepeatedId(String),
    /// One of the keys, which is the only one, or should be no one's but the client's.
    #[error("key {number}: {reason}")]
    Key {
        /// Which, from 1 on.
        number: usize,
        /// What is wrong with it.
        reason: KeyProblem,
    },
    /// All of the keys.
    #[error("none of its keys is of use: {}", listed(.0))]
    NoneOfUse(Vec<PassedBy>),
}

impl ClientKeys {
    /// The largest number of keys that a client has: those in use and the next ones, with room.
    pub const MOST: usize = 8;

    /// Reads and checks a JWK set; of one JWK, the set with it. Takes the keys that are of use.
    ///
    /// # Errors
    /// As [`ClientKeys::read`].
    pub fn parse(json: &str) -> Result<Self, ClientKeysError> {
        Self::read(json).map(|read| read.keys)
    }

    /// The same, and says which keys were passed by.
    ///
    /// # Errors
    /// [`ClientKeysError`]: it is no set, has no key that is of use or too many, or one that was to be kept secret.
    pub fn read(json: &str) -> Result<ReadKeys, ClientKeysError> {
        let not_a_set = |why: &str| ClientKeysError::NotAJwkSet(why.to_owned());
        // RFC 8259 8.1: a parser may ignore a byte order mark.
        let value: Value = serde_json::from_str(json.trim_start_matches('\u{feff}'))
            .map_err(|error| not_a_set(&error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(not_a_set("it is no object"));
        };
        let found = match members.remove("keys") {
            Some(Value::Array(keys)) => keys,
            None if members.contains_key("kty") => vec![members.into()],
            _ => return Err(not_a_set("it has no array \"keys\"")),
        };
        let (mut keys, mut passed_by) = (Vec::<ClientKey>::new(), Vec::new());
        for (number, key) in (1..).zip(found) {
            let reason = match ClientKey::read(key) {
                Err(reason @ KeyProblem::Private(_)) => {
                    return Err(ClientKeysError::Key { number, reason });
                }
                Err(reason) => reason,
                Ok(key) if keys.iter().any(|other| other.is_same(&key)) => KeyProblem::Repeated,
                Ok(key) => {
                    if let Some(id) = keys.iter().find_map(|other| other.shared_id(&key)) {
                        return Err(ClientKeysError::RepeatedId(id.to_owned()));
                    }
                    keys.push(key);
                    continue;
                }
            };
            passed_by.push(PassedBy { number, reason });
        }
        match (keys.len(), passed_by.as_slice()) {
            (0, [one]) => Err(ClientKeysError::Key {
                number: one.number,
                reason: one.reason.clone(),
            }),
            (0, [_, ..]) => Err(ClientKeysError::NoneOfUse(passed_by)),
            (1..=Self::MOST, _) => Ok(ReadKeys {
                keys: Self { keys },
                passed_by,
            }),
            (number, _) => Err(ClientKeysError::Number(number)),
        }
    }

    /// Whether `signature` over `message` is one of these keys'. `id` is the `kid` that the signer
    /// names; without it, every key for the algorithm is tried. One signature is checked in any
    /// case, so that a set without a fitting key takes its time as well.
    #[must_use]
    pub fn verify(
        &self,
        algorithm: AssertionAlgorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let named = |key: &&ClientKey| match (id, key.id()) {
            (Some(wanted), Some(id)) => wanted == id,
            _ => true,
        };
        let mut fitting = self
            .keys
            .iter()
            .filter(named)
            .filter_map(|key| key.verifier(algorithm))
            .peekable();
        if fitting.peek().is_none() {
            Decoy.verify(algorithm, message, signature);
        }
        fitting.any(|key| key.verify_sig(message, signature).is_ok())
    }

    /// What each key is called in the record of a change: its RFC 7638 thumbprint.
    #[must_use]
    pub fn thumbprints(&self) -> Vec<String> {
        self.keys.iter().filter_map(ClientKey::thumbprint).collect()
    }

    /// The keys, RFC 7517 5.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        Jwks {
            keys: self.keys.iter().map(|key| key.jwk().clone()).collect(),
        }
    }
}

/// A key that nobody has, for the time that checking a signature takes.
#[derive(Debug, Clone, Copy)]
pub struct Decoy;

impl Decoy {
    /// Does the work of [`ClientKeys::verify`] for nothing, so that who is no client takes as long
    /// as who is.
    pub fn verify(self, algorithm: AssertionAlgorithm, message: &[u8], signature: &[u8]) {
        static KEYS: LazyLock<ClientKeys> = LazyLock::new(|| {
            ClientKeys::parse(include_str!("client_keys/decoys.json"))
                .expect("a test reads the same file")
        });
        let verifier = KEYS.keys.iter().find_map(|key| key.verifier(algorithm));
        let checked = verifier.map(|key| key.verify_sig(message, signature).is_ok());
        std::hint::black_box(checked);
    }
}

impl fmt::Display for PassedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}: {}", self.number, self.reason)
    }
}

fn listed(keys: &[PassedBy]) -> String {
    let texts: Vec<_> = keys
        .iter()
        .take(ClientKeys::MOST)
        .map(ToString::to_string)
        .collect();
    texts.join("; ")
}

impl PartialEq for ClientKeys {
    fn eq(&self, other: &Self) -> bool {
        self.jwks() == other.jwks()
    }
}

impl Eq for ClientKeys {}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientKeys({})", self.thumbprints().join(", "))
    }
}

impl Serialize for ClientKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.jwks().serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
