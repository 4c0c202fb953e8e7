//! The public keys with which a client's assertions are checked (RFC 7523 2.2), as its administrators hand them in: a JWK set,
//! RFC 7517 5, in which everything is public, strong enough, and of an algorithm that this service takes.

mod key;

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Jwks;
use crate::token::Algorithm;
use key::ClientKey;
pub use key::KeyProblem;

/// A client's public keys: one at least, and [`ClientKeys::MOST`] at most, so that checking a signature is bounded work.
#[derive(Clone)]
pub struct ClientKeys {
    keys: Vec<ClientKey>,
}

/// Why a JWK set is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    /// No JSON, or of another shape.
    #[error("it is no JWK set, {{\"keys\": […]}} (RFC 7517 5): {0}")]
    NotAJwkSet(String),
    /// None, or too many.
    #[error("it has {0} keys; a client has 1 to {most}", most = ClientKeys::MOST)]
    Number(usize),
    /// Two keys of one name.
    #[error("two keys have the kid {0:?}")]
    RepeatedId(String),
    /// One of the keys.
    #[error("key {number}: {reason}")]
    Key {
        /// Which, from 1 on.
        number: usize,
        /// What is wrong with it.
        reason: KeyProblem,
    },
}

impl ClientKeys {
    /// The largest number of keys that a client has: those in use and the next ones, with room.
    pub const MOST: usize = 8;

    /// Reads and checks a JWK set; of one JWK, the set with it.
    ///
    /// # Errors
    /// [`ClientKeysError`], the first thing that is wrong.
    pub fn parse(json: &str) -> Result<Self, ClientKeysError> {
        let not_a_set = |why: &str| ClientKeysError::NotAJwkSet(why.to_owned());
        let value: Value =
            serde_json::from_str(json).map_err(|error| not_a_set(&error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(not_a_set("it is no object"));
        };
        let keys = match members.remove("keys") {
            Some(Value::Array(keys)) => keys,
            None if members.contains_key("kty") => vec![members.into()],
            _ => return Err(not_a_set("it has no array \"keys\"")),
        };
        if !(1..=Self::MOST).contains(&keys.len()) {
            return Err(ClientKeysError::Number(keys.len()));
        }
        let keys = keys.into_iter().enumerate().map(|(index, key)| {
            ClientKey::read(key).map_err(|reason| ClientKeysError::Key {
                number: index + 1,
                reason,
            })
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut ids = HashSet::new();
        for id in keys.iter().filter_map(ClientKey::id) {
            if !ids.insert(id) {
                return Err(ClientKeysError::RepeatedId(id.to_owned()));
            }
        }
        Ok(Self { keys })
    }

    /// Whether `signature` over `message` is one of these keys'. `id` is the `kid` that the signer names; without it, every key
    /// for the algorithm is tried. One signature is checked in any case, so that a set without a fitting key takes its time as
    /// well.
    #[must_use]
    pub fn verify(
        &self,
        algorithm: Algorithm,
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
    /// Does the work of [`ClientKeys::verify`] for nothing, so that who is no client takes as long as who is.
    pub fn verify(self, algorithm: Algorithm, message: &[u8], signature: &[u8]) {
        static KEYS: LazyLock<ClientKeys> = LazyLock::new(|| {
            ClientKeys::parse(include_str!("client_keys/decoys.json"))
                .expect("a test reads the same file")
        });
        let verifier = KEYS.keys.iter().find_map(|key| key.verifier(algorithm));
        let checked = verifier.map(|key| key.verify_sig(message, signature).is_ok());
        std::hint::black_box(checked);
    }
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
