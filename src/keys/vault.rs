//! What the master key opens: sealed signing keys, and the store's secret key, from which the keys
//! for client secrets, for rows and for the audit key are derived.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::audit_key::{self, AuditKey, StoredAuditKey};
use super::local::LocalKey;
use super::master::derive;
use super::signing::PrivateKey;
use super::{
    HsmToken, Jwk, KeyMaterial, MasterKey, PrivateHalf, RowKeys, SealError, SealingKey,
    SecretHasher, SignError, SigningKey, StoredKey,
};
use crate::token::Algorithm;

/// The opened key material of one store.
pub struct Vault {
    sealing: SealingKey,
    hasher: SecretHasher,
    token: Option<HsmToken>,
    makes_keys_in_token: bool,
    audit_sealing: SealingKey,
    row_keys: Arc<RowKeys>,
    /// For a store whose rows have no MACs yet: its secret key, sealed under the name for a store
    /// whose rows have MACs.
    to_adopt: Option<Vec<u8>>,
}

/// Why key material can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The master key isn't this store's.
    #[error(
        "the master key is not the one that this store's keys are sealed under: keys.master_key_file names another file, \
         its content changed, or `key rotate-master` put them under a new one (then restart the service with that)"
    )]
    WrongMasterKey,
    /// A sealed signing key doesn't open.
    #[error("signing key {id}: {error}")]
    Sealed {
        /// The key's id.
        id: String,
        /// Why.
        error: SealError,
    },
    /// A signing key is in a PKCS#11 token, but no token is configured.
    #[error(
        "signing key {0} is in a PKCS#11 token; leave [keys.pkcs11] in the configuration as long as it signs"
    )]
    NoToken(String),
    /// The sealed audit key doesn't open.
    #[error("the audit trail's key {id}: {error}")]
    SealedAuditKey {
        /// The key's id.
        id: String,
        /// Why.
        error: SealError,
    },
    /// A private key could not be made, read, or used.
    #[error(transparent)]
    Unusable(#[from] SignError),
}

/// The name under which the secret key is sealed in a store whose rows have MACs. An attacker
/// without the master key can't make such a store look like one of an earlier release, whose rows
/// were accepted without MACs.
const SECRET_KEY_NAME: &str = "secret key of a store with vouched rows";
/// The name that earlier releases used.
const SECRET_KEY_NAME_BEFORE: &str = "secret key";

impl Vault {
    /// Makes key material for a store that has none yet. The bytes are the sealed secret key, for
    /// the store to keep.
    #[must_use]
    pub fn create(master: &MasterKey) -> (Self, Vec<u8>) {
        let mut secret_key = Zeroizing::new([0; 32]);
        rand::fill(&mut *secret_key)
            .expect("AWS-LC aborts the process rather than return no randomness");
        let sealing = SealingKey::new(master);
        let sealed = sealing.seal(SECRET_KEY_NAME, &*secret_key);
        (
            Self {
                sealing,
                hasher: SecretHasher::new(&secret_key),
                token: None,
                makes_keys_in_token: false,
                audit_sealing: audit_sealing(&secret_key),
                row_keys: Arc::new(RowKeys::new(&secret_key)),
                to_adopt: None,
            },
            sealed,
        )
    }

    /// Opens a store's key material.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`].
    pub fn open(master: &MasterKey, sealed_secret_key: &[u8]) -> Result<Self, KeyError> {
        let sealing = SealingKey::new(master);
        let vouched = sealing.open(SECRET_KEY_NAME, sealed_secret_key);
        let is_vouched = vouched.is_ok();
        let opened = vouched
            .or_else(|_| sealing.open(SECRET_KEY_NAME_BEFORE, sealed_secret_key))
            .map_err(|_| KeyError::WrongMasterKey)?;
        let secret_key =
            <&[u8; 32]>::try_from(opened.as_slice()).map_err(|_| KeyError::WrongMasterKey)?;
        Ok(Self {
            hasher: SecretHasher::new(secret_key),
            audit_sealing: audit_sealing(secret_key),
            row_keys: Arc::new(RowKeys::new(secret_key)),
            to_adopt: (!is_vouched).then(|| sealing.seal(SECRET_KEY_NAME, secret_key)),
            sealing,
            token: None,
            makes_keys_in_token: false,
        })
    }

    /// The vault with a PKCS#11 token, for the keys that it keeps. With `makes_keys`, new keys are
    /// made in the token as well.
    #[must_use]
    pub fn with_token(self, token: HsmToken, makes_keys: bool) -> Self {
        Self {
            token: Some(token),
            makes_keys_in_token: makes_keys,
            ..self
        }
    }

    /// The keys that authenticate the store's rows.
    #[must_use]
    pub fn row_keys(&self) -> &Arc<RowKeys> {
        &self.row_keys
    }

    /// For a store of an earlier release, whose rows have no MACs: the sealed secret key with which
    /// to replace the store's own, together with the MACs of all rows. This is done once. From then
    /// on, a row without a MAC isn't accepted.
    #[must_use]
    pub fn to_adopt(&self) -> Option<&[u8]> {
        self.to_adopt.as_deref()
    }

    /// The PKCS#11 token, if one is configured.
    #[must_use]
    pub fn token(&self) -> Option<&HsmToken> {
        self.token.as_ref()
    }

    /// Checks that this vault can open the store's key material. It can't after another process has
    /// changed the master key.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`].
    pub fn check(&self, material: &KeyMaterial) -> Result<(), KeyError> {
        self.open_secret_key(material).map(drop)
    }

    /// The hasher of client secrets.
    #[must_use]
    pub fn hasher(&self) -> &SecretHasher {
        &self.hasher
    }

    /// Makes a key that signs the checkpoints of audit trails.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn generate_audit_key(&self) -> Result<StoredAuditKey, KeyError> {
        let seal = |name: &str, pkcs8: &[u8]| self.audit_sealing.seal(name, pkcs8);
        Ok(AuditKey::generate(seal)?)
    }

    /// Opens the audit key.
    ///
    /// # Errors
    /// [`KeyError::SealedAuditKey`] if it doesn't open, [`KeyError::Unusable`] if its content is
    /// not a key.
    pub fn open_audit_key(&self, stored: &StoredAuditKey) -> Result<AuditKey, KeyError> {
        let sealed = |error| KeyError::SealedAuditKey {
            id: stored.id.clone(),
            error,
        };
        let name = audit_key::sealed_name(&stored.id);
        let pkcs8 = self
            .audit_sealing
            .open(&name, &stored.sealed_private_key)
            .map_err(sealed)?;
        let key = AuditKey::from_pkcs8(&pkcs8)?;
        // Verifiers use the public half in the store, so both halves must belong together.
        if key.is_of(stored)? {
            Ok(key)
        } else {
            Err(sealed(SealError))
        }
    }

    /// Makes a signing key, which is published at once and signs from `signs_from`. Blocks: an RSA
    /// key takes a tenth of a second, and a PKCS#11 token may take any time.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn generate_signing_key(
        &self,
        algorithm: Algorithm,
        now: Timestamp,
        signs_from: Timestamp,
    ) -> Result<StoredKey, KeyError> {
        let (public_jwk, private_half) = match &self.token {
            Some(token) if self.makes_keys_in_token => {
                let made = token.generate(algorithm).map_err(SignError::Token)?;
                (made.0, PrivateHalf::InToken(made.1))
            }
            _ => {
                let pkcs8 = LocalKey::generate(algorithm)?;
                let public_jwk = LocalKey::from_pkcs8(algorithm, &pkcs8)?.public_jwk()?;
                let sealed = self.sealing.seal(&sealed_name(id(&public_jwk)), &pkcs8);
                (public_jwk, PrivateHalf::Sealed(sealed))
            }
        };
        Ok(StoredKey {
            id: id(&public_jwk).to_owned(),
            algorithm,
            public_jwk,
            private_half: Some(private_half),
            created_at: now,
            signs_from,
            signs_until: None,
            published_until: None,
            revoked_at: None,
            revocation_reason: None,
        })
    }

    /// Opens a signing key. `None` if its private half is destroyed.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] if it doesn't open, [`KeyError::Unusable`] if its content is not a key,
    /// [`KeyError::NoToken`].
    pub fn open_signing_key(&self, stored: &StoredKey) -> Result<Option<SigningKey>, KeyError> {
        let private: Box<dyn PrivateKey> = match &stored.private_half {
            None => return Ok(None),
            Some(PrivateHalf::Sealed(sealed)) => Box::new(self.open_local(stored, sealed)?),
            Some(PrivateHalf::InToken(object)) => match &self.token {
                Some(token) => Box::new(token.key(stored.algorithm, object)),
                None => return Err(KeyError::NoToken(stored.id.clone())),
            },
        };
        let key = SigningKey::new(&stored.id, stored.algorithm, private);
        Ok(Some(key))
    }

    /// Destroys a private half that is in the PKCS#11 token. Blocks.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] if the token fails.
    pub fn destroy(&self, private_half: &PrivateHalf) -> Result<(), KeyError> {
        match (private_half, &self.token) {
            (PrivateHalf::InToken(object), Some(token)) => {
                Ok(token.destroy(object).map_err(SignError::Token)?)
            }
            _ => Ok(()),
        }
    }

    /// The same key material, sealed under another master key.
    ///
    /// # Errors
    /// [`KeyError`] if any part of it doesn't open.
    pub fn reseal(&self, material: KeyMaterial, new: &MasterKey) -> Result<KeyMaterial, KeyError> {
        let sealing = SealingKey::new(new);
        let secret_key = self.open_secret_key(&material)?;
        let mut keys = Vec::new();
        for mut key in material.signing_keys {
            if let Some(PrivateHalf::Sealed(sealed)) = &key.private_half {
                let pkcs8 = self.unseal(&key, sealed)?;
                let sealed = sealing.seal(&sealed_name(&key.id), &pkcs8);
                key.private_half = Some(PrivateHalf::Sealed(sealed));
            }
            keys.push(key);
        }
        Ok(KeyMaterial {
            sealed_secret_key: Some(sealing.seal(SECRET_KEY_NAME, &secret_key)),
            signing_keys: keys.into(),
        })
    }

    fn open_secret_key(&self, material: &KeyMaterial) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let sealed = material.sealed_secret_key.as_deref().unwrap_or_default();
        self.sealing
            .open(SECRET_KEY_NAME, sealed)
            .or_else(|_| self.sealing.open(SECRET_KEY_NAME_BEFORE, sealed))
            .map_err(|_| KeyError::WrongMasterKey)
    }

    fn open_local(&self, stored: &StoredKey, sealed: &[u8]) -> Result<LocalKey, KeyError> {
        let pkcs8 = self.unseal(stored, sealed)?;
        let key = LocalKey::from_pkcs8(stored.algorithm, &pkcs8)?;
        // The id is the key's own thumbprint. If id and content of a row disagree, an attacker has
        // altered it.
        let public_jwk = key.public_jwk()?;
        if id(&public_jwk) == stored.id && public_jwk == stored.public_jwk {
            Ok(key)
        } else {
            Err(KeyError::Sealed {
                id: stored.id.clone(),
                error: SealError,
            })
        }
    }

    fn unseal(&self, stored: &StoredKey, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let opened = self.sealing.open(&sealed_name(&stored.id), sealed);
        opened.map_err(|error| KeyError::Sealed {
            id: stored.id.clone(),
            error,
        })
    }
}

fn id(jwk: &Jwk) -> &str {
    jwk.common.key_id.as_deref().unwrap_or_default()
}

fn audit_sealing(secret_key: &[u8; 32]) -> SealingKey {
    SealingKey::under(&derive(secret_key, "audit key"))
}

fn sealed_name(id: &str) -> String {
    format!("signing key {id}")
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}
