//! All signing keys of a store, opened: which one signs now, and which are published.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Jwk, Jwks, KeyError, KeyState, SigningKey, StoredKey, Vault};
use crate::token::Algorithm;

/// The signing keys in memory.
#[derive(Debug, Default, Clone)]
pub struct KeyRing {
    keys: Vec<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    stored: StoredKey,
    opened: Arc<SigningKey>,
}

/// What an administrator sees of a signing key.
#[derive(Debug, Clone, Serialize)]
pub struct PublishedKey {
    /// The `kid`.
    pub kid: String,
    /// What it signs with.
    pub alg: Algorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it starts to sign.
    pub signs_from: Timestamp,
    /// When it stops signing, if that is decided.
    pub signs_until: Option<Timestamp>,
    /// When it leaves the JWK set, if that is decided.
    pub published_until: Option<Timestamp>,
}

impl KeyRing {
    /// Opens the keys; of a key that `before` holds already, the opened one is kept.
    ///
    /// # Errors
    /// [`KeyError`] of the first key that can't be opened.
    pub fn open(vault: &Vault, stored: Vec<StoredKey>, before: &Self) -> Result<Self, KeyError> {
        let open = |stored: StoredKey| {
            let known = before.keys.iter().find(|held| {
                held.stored.id == stored.id
                    && held.stored.sealed_private_key == stored.sealed_private_key
            });
            let opened = match known {
                Some(held) => held.opened.clone(),
                None => Arc::new(vault.open_signing_key(&stored)?),
            };
            Ok(Held { stored, opened })
        };
        Ok(Self {
            keys: stored
                .into_iter()
                .map(open)
                .collect::<Result<_, KeyError>>()?,
        })
    }

    /// The key that signs at `now`: of those that may, the one that started last.
    #[must_use]
    pub fn signer(&self, now: Timestamp) -> Option<&Arc<SigningKey>> {
        let signing = self
            .keys
            .iter()
            .filter(|held| held.stored.state(now) == KeyState::Signing);
        signing
            .max_by_key(|held| held.stored.signs_from)
            .map(|held| &held.opened)
    }

    /// The JWK set at `now`: keys about to sign, signing, and retained.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Jwks {
        published(self.keys.iter().map(|held| &held.stored), now)
    }
}

/// The JWK set at `now` of keys at rest, which need not be opened for it.
#[must_use]
pub fn published<'a>(keys: impl Iterator<Item = &'a StoredKey>, now: Timestamp) -> Jwks {
    let in_set = |key: &&StoredKey| {
        matches!(
            key.state(now),
            KeyState::Published | KeyState::Signing | KeyState::Retained
        )
    };
    let keys: Vec<Jwk> = keys
        .filter(in_set)
        .map(|key| key.public_jwk.clone())
        .collect();
    Jwks { keys }
}

impl PublishedKey {
    /// As it stands at `now`.
    #[must_use]
    pub fn of(key: &StoredKey, now: Timestamp) -> Self {
        Self {
            kid: key.id.clone(),
            alg: key.algorithm,
            state: key.state(now),
            created_at: key.created_at,
            signs_from: key.signs_from,
            signs_until: key.signs_until,
            published_until: key.published_until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_key_is_published_then_signs_then_is_retained_then_gone() {
        let (vault, _) = Vault::create(&MasterKey::random());
        let old = StoredKey {
            signs_until: Some(at(30)),
            published_until: Some(at(50)),
            ..vault
                .generate_signing_key(Algorithm::Es256, at(0), at(0))
                .unwrap()
        };
        let new = vault
            .generate_signing_key(Algorithm::EdDsa, at(10), at(20))
            .unwrap();
        let (old_id, new_id) = (old.id.clone(), new.id.clone());
        let ring =
            KeyRing::open(&vault, vec![old.clone(), new.clone()], &KeyRing::default()).unwrap();
        let signer = |second| ring.signer(at(second)).map(|key| key.id().to_owned());
        let published = |second| ring.jwks(at(second)).keys.len();
        assert_eq!((signer(19), published(19)), (Some(old_id), 2));
        assert_eq!((signer(20), published(20)), (Some(new_id.clone()), 2));
        assert_eq!((signer(49), published(49)), (Some(new_id), 2));
        assert_eq!(published(50), 1);
        let states = [5, 35, 55].map(|second| old.state(at(second)));
        assert_eq!(
            states,
            [KeyState::Signing, KeyState::Retained, KeyState::Retired]
        );
        assert_eq!(new.state(at(15)), KeyState::Published);

        let revoked = StoredKey {
            revoked_at: Some(at(60)),
            ..new
        };
        let ring = KeyRing::open(&vault, vec![revoked], &ring).unwrap();
        assert!(ring.signer(at(61)).is_none() && ring.jwks(at(61)).keys.is_empty());
    }
}
