//! The key that signs checkpoints of audit trails: ECDSA on P-256 with SHA-256, as in ES256. It
//! never signs tokens.
//!
//! All replicas of a store share one audit key. It is sealed under a key that is derived from the
//! store's secret key, so it stays valid when the master key changes.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm as JwsAlgorithm, DecodingKey, crypto};
use serde::{Deserialize, Serialize};

use super::SignError;
use super::jwks::{Jwk, PublicKey, public_jwk};
use super::local::LocalKey;
use crate::token::Algorithm;

/// The opened key, which signs checkpoints.
pub struct AuditKey {
    id: Arc<str>,
    pair: EcdsaKeyPair,
}

/// The key at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAuditKey {
    /// Its RFC 7638 thumbprint.
    pub id: String,
    /// The public half, which checks checkpoints.
    pub public_jwk: Jwk,
    /// The private half: PKCS#8, sealed under the name `audit key <id>`.
    pub sealed_private_key: Vec<u8>,
}

impl AuditKey {
    const ALGORITHM: Algorithm = Algorithm::Es256;

    /// Makes a key. `seal` seals its private half.
    pub(super) fn generate(
        seal: impl FnOnce(&str, &[u8]) -> Vec<u8>,
    ) -> Result<StoredAuditKey, SignError> {
        let pkcs8 = LocalKey::generate(Self::ALGORITHM)?;
        let key = Self::from_pkcs8(&pkcs8)?;
        Ok(StoredAuditKey {
            sealed_private_key: seal(&sealed_name(&key.id), &pkcs8),
            public_jwk: key.public_jwk()?,
            id: key.id.as_ref().into(),
        })
    }

    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, SignError> {
        let bad = |_| SignError::BadKey(Self::ALGORITHM);
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(bad)?;
        let mut key = Self {
            id: "".into(),
            pair,
        };
        key.id = key.public_jwk()?.common.key_id.unwrap_or_default().into();
        Ok(key)
    }

    /// Its RFC 7638 thumbprint.
    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The signature of `message`, in base64url.
    ///
    /// # Errors
    /// [`SignError::Failed`].
    pub fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError::Failed(Self::ALGORITHM))?;
        Ok(URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whether `stored` is this key, with the same id and public half.
    pub(super) fn is_of(&self, stored: &StoredAuditKey) -> Result<bool, SignError> {
        Ok(*self.id == *stored.id && self.public_jwk()? == stored.public_jwk)
    }

    fn public_jwk(&self) -> Result<Jwk, SignError> {
        let point = PublicKey::Point(self.pair.public_key().as_ref());
        public_jwk(Self::ALGORITHM, &point).map_err(|_| SignError::BadKey(Self::ALGORITHM))
    }
}

impl StoredAuditKey {
    /// Whether the key signed `message`.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        let key = DecodingKey::from_jwk(&self.public_jwk);
        key.and_then(|key| crypto::verify(signature, message, &key, JwsAlgorithm::ES256))
            .unwrap_or(false)
    }
}

pub(super) fn sealed_name(id: &str) -> String {
    format!("audit key {id}")
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use crate::keys::{MasterKey, Vault};

    #[test]
    fn only_its_own_signature_of_the_same_bytes_is_good() {
        let (vault, _) = Vault::create(&MasterKey::random());
        let [one, two] = [(), ()].map(|()| vault.generate_audit_key().unwrap());
        let signature = vault.open_audit_key(&one).unwrap().sign(b"here").unwrap();
        assert!(one.has_signed(b"here", &signature));
        assert!(!one.has_signed(b"there", &signature));
        assert!(!two.has_signed(b"here", &signature));
        for nonsense in ["", "AAAA", "%", &signature[1..]] {
            assert!(!one.has_signed(b"here", nonsense), "{nonsense}");
        }
    }

    #[test]
    fn it_opens_under_its_own_name_and_store_only() {
        let (vault, _) = Vault::create(&MasterKey::random());
        let (other, _) = Vault::create(&MasterKey::random());
        let key = vault.generate_audit_key().unwrap();
        assert_eq!(vault.open_audit_key(&key).unwrap().id().as_ref(), key.id);
        other.open_audit_key(&key).unwrap_err();
        let mut renamed = key.clone();
        renamed.id = vault.generate_audit_key().unwrap().id;
        vault.open_audit_key(&renamed).unwrap_err();
    }
}
