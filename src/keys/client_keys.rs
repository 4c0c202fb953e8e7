//! The public keys with which a client's assertions are checked (RFC 7523 2.2). They come from an
//! administrator, or from the client's URL, as a JWK set (RFC 7517 5). The service keeps those keys
//! of the set that are public, strong enough, and for an algorithm that it accepts.

mod key;

use std::fmt;
use std::sync::LazyLock;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Jwks;
use crate::token::AssertionAlgorithm;
use key::ClientKey;
pub use key::KeyProblem;

/// A client's public keys: at least one, and at most [`ClientKeys::MOST`], so that the work of
/// checking a signature is bounded.
#[derive(Clone)]
pub struct ClientKeys {
    keys: Vec<ClientKey>,
}

/// The keys of a JWK set, divided into usable keys and others.
#[derive(Debug)]
pub struct ReadKeys {
    /// The keys that this service can use.
    pub keys: ClientKeys,
    /// The keys that were skipped.
    pub passed_by: Vec<PassedBy>,
}

/// A key that this service can't use, and skips. RFC 7517 5: the rest of the set still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedBy {
    /// The key's number in the set, from 1.
    pub number: usize,
    /// Why it was skipped.
    pub reason: KeyProblem,
}

/// Why a JWK set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    /// The text is not JSON, or its JSON has another shape.
    #[error("it is not a JWK set, {{\"keys\": […]}} (RFC 7517 5): {0}")]
    NotAJwkSet(String),
    /// The set has no usable keys, or too many.
    #[error("it has {0} keys for signatures; a client has 1 to {most}", most = ClientKeys::MOST)]
    Number(usize),
    /// Two keys have the same id and an algorithm in common.
    #[error("two keys have the kid {0:?}")]
    RepeatedId(String),
    /// One of the keys is wrong. It is the only one, or it is a private key.
    #[error("key {number}: {reason}")]
    Key {
        /// The key's number in the set, from 1.
        number: usize,
        /// What is wrong with it.
        reason: KeyProblem,
    },
    /// The set has several keys, and none can be used.
    #[error("none of its keys can be used: {}", listed(.0))]
    NoneOfUse(Vec<PassedBy>),
}

impl ClientKeys {
    /// The most keys of a client. This has room for the keys in use and the next ones.
    pub const MOST: usize = 8;

    /// Reads and checks a JWK set, or a single JWK. Keeps the keys that this service can use.
    ///
    /// # Errors
    /// As [`ClientKeys::read`].
    pub fn parse(json: &str) -> Result<Self, ClientKeysError> {
        Self::read(json).map(|read| read.keys)
    }

    /// The same as [`ClientKeys::parse`], but also tells which keys were skipped.
    ///
    /// # Errors
    /// [`ClientKeysError`]: the text is not a JWK set, or the set has no usable key, too many, or a
    /// private one.
    pub fn read(json: &str) -> Result<ReadKeys, ClientKeysError> {
        let not_a_set = |why: &str| ClientKeysError::NotAJwkSet(why.to_owned());
        // RFC 8259 8.1: a parser may ignore a byte order mark.
        let value: Value = serde_json::from_str(json.trim_start_matches('\u{feff}'))
            .map_err(|error| not_a_set(&error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(not_a_set("it is not an object"));
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

    /// Whether one of these keys made `signature` over `message`. `id` is the `kid` that the signer
    /// names. Without it, every key for the algorithm is tried. One signature is checked in any
    /// case, so that a set without a fitting key takes as long as a set with one.
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

    /// The keys' RFC 7638 thumbprints, which name them in the record of a change.
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

/// A key whose private half doesn't exist. Checking a signature with it takes as long as with a
/// client's key.
#[derive(Debug, Clone, Copy)]
pub struct Decoy;

impl Decoy {
    /// Does the work of [`ClientKeys::verify`] without a result. Thus a caller that isn't a client
    /// waits as long as one that is.
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
