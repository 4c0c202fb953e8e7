//! All signing keys of a store, opened. Tells which key signs now, and which keys are published.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Jwk, Jwks, KeyError, KeyMaterial, KeySet, KeyState, PrivateHalf, SigningKey, StoredKey, Vault,
};
use crate::token::Algorithm;

/// The signing keys in memory.
#[derive(Debug, Default, Clone)]
pub struct KeyRing {
    set: KeySet,
    opened: HashMap<String, Arc<SigningKey>>,
    fault: Option<KeyError>,
}

/// What an administrator sees of a signing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishedKey {
    /// The `kid`.
    pub kid: String,
    /// The algorithm with which it signs.
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
    /// Where its private half is: `store` or `token`. `None` once it is destroyed.
    pub kept_in: Option<&'static str>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Why it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_reason: Option<String>,
}

impl KeyRing {
    /// Opens the keys that may sign. A key that `before` has opened is kept open: the id is the
    /// key's own thumbprint, so the key is the same even if it was sealed again.
    #[must_use]
    pub fn open(vault: &Vault, material: KeyMaterial, before: &Self) -> Self {
        let mut fault = vault.check(&material).err();
        let set = material.signing_keys;
        let mut opened = HashMap::new();
        for stored in set.iter().filter(|key| key.private_half.is_some()) {
            let key = match before.opened.get(&stored.id) {
                Some(key) => Ok(Some(key.clone())),
                None => vault.open_signing_key(stored).map(|key| key.map(Arc::new)),
            };
            match key {
                Ok(Some(key)) => drop(opened.insert(stored.id.clone(), key)),
                Ok(None) => {}
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        Self { set, opened, fault }
    }

    /// The key that signs at `now`, with this algorithm or with any. Of several keys, it is the one
    /// that started to sign last.
    #[must_use]
    pub fn signer(&self, algorithm: Option<Algorithm>, now: Timestamp) -> Option<&Arc<SigningKey>> {
        let signing = self.set.iter().filter(|key| {
            key.state(now) == KeyState::Signing && algorithm.is_none_or(|one| key.algorithm == one)
        });
        let opened = signing.filter_map(|key| Some((key.signs_from, self.opened.get(&key.id)?)));
        opened.max_by_key(|(from, _)| *from).map(|(_, key)| key)
    }

    /// When a key leaves the JWK set, if that is decided. After that, the tokens that it signed
    /// can't be verified.
    #[must_use]
    pub fn published_until(&self, key: &SigningKey) -> Option<Timestamp> {
        self.set.get(key.id())?.published_until
    }

    /// The JWK set at `now`: keys that will sign, that sign, and that are retained.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Jwks {
        published(self.set.iter(), now)
    }

    /// The keys at rest.
    #[must_use]
    pub fn set(&self) -> &KeySet {
        &self.set
    }

    /// Whether a key was withdrawn. With it, all tokens that it signed are revoked.
    #[must_use]
    pub fn is_revoked(&self, id: &str) -> bool {
        self.set.get(id).is_some_and(|key| key.revoked_at.is_some())
    }

    /// Why a key that may sign can't be used, or why new keys can't be made.
    #[must_use]
    pub fn fault(&self) -> Option<&KeyError> {
        self.fault.as_ref()
    }
}

/// The JWK set at `now` of keys at rest. The keys need not be opened.
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
    /// The key as it is at `now`.
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
            kept_in: key.private_half.as_ref().map(PrivateHalf::place),
            revoked_at: key.revoked_at,
            revocation_reason: key.revocation_reason.clone(),
        }
    }

    /// The keys of `after` that are new, or differ from those of `before`.
    #[must_use]
    pub fn changed(before: &KeySet, after: &KeySet, now: Timestamp) -> Vec<Self> {
        let changed = after.iter().filter_map(|key| {
            let new = Self::of(key, now);
            let old = before.get(&key.id).map(|old| Self::of(old, now));
            (old.as_ref() != Some(&new)).then_some(new)
        });
        changed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn material(sealed_secret_key: &[u8], keys: Vec<StoredKey>) -> KeyMaterial {
        KeyMaterial {
            sealed_secret_key: Some(sealed_secret_key.to_vec()),
            signing_keys: keys.into(),
        }
    }

    #[test]
    fn a_key_is_published_then_signs_then_is_retained_then_gone() {
        let (vault, sealed) = Vault::create(&MasterKey::random());
        let open =
            |keys: Vec<_>, before: &_| KeyRing::open(&vault, material(&sealed, keys), before);
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
        let ring = open(vec![old.clone(), new.clone()], &KeyRing::default());
        let signer = |second| ring.signer(None, at(second)).map(|key| key.id().to_owned());
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
        let ring = open(vec![revoked.clone()], &ring);
        assert!(ring.signer(None, at(61)).is_none() && ring.jwks(at(61)).keys.is_empty());
        assert!(ring.is_revoked(&revoked.id) && !ring.is_revoked(&old.id));
    }
    #[test]
    fn a_key_that_does_not_open_is_told_and_keeps_no_other_from_signing() {
        let (vault, sealed) = Vault::create(&MasterKey::random());
        let (other, other_sealed) = Vault::create(&MasterKey::random());
        let key = |vault: &Vault, from| {
            vault
                .generate_signing_key(Algorithm::Es256, at(0), at(from))
                .unwrap()
        };
        let (good, bad) = (key(&vault, 0), key(&other, 10));
        let both = vec![good.clone(), bad.clone()];
        let ring = KeyRing::open(&vault, material(&sealed, both), &KeyRing::default());
        assert_eq!(ring.signer(None, at(20)).unwrap().id(), good.id);
        assert_eq!(
            ring.jwks(at(20)).keys.len(),
            2,
            "other replicas sign with it"
        );
        assert!(
            matches!(ring.fault(), Some(KeyError::Sealed { id, .. }) if *id == bad.id),
            "{ring:?}"
        );

        let resealed = StoredKey {
            private_half: bad.private_half,
            ..good
        };
        let again = material(&other_sealed, vec![resealed]);
        let again = KeyRing::open(&vault, again, &ring);
        assert!(
            again.signer(None, at(20)).is_some(),
            "what is open stays open"
        );
        assert_eq!(again.fault(), Some(&KeyError::WrongMasterKey));
    }
}
