//! A signing key: a private key in memory, able to sign access tokens in one algorithm.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::jwks::{Jwk, public_jwk};
use crate::token::{Algorithm, EncodedHeader, UnsignedToken};

/// A private key that signs access tokens.
pub struct SigningKey {
    id: Arc<str>,
    algorithm: Algorithm,
    header: EncodedHeader,
    pair: Pair,
}

/// A key pair of each kind that [`Algorithm`] names.
enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

/// A key that could not be made, read, or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not a private key of the algorithm.
    #[error("the private key is not one of the algorithm {0}")]
    BadKey(Algorithm),
    /// The cryptographic library failed.
    #[error("the cryptographic library could not make or use a key of the algorithm {0}")]
    Failed(Algorithm),
}

impl SigningKey {
    /// Makes a private key; gives it as PKCS#8, to be sealed.
    ///
    /// # Errors
    /// [`SignError::Failed`].
    pub fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, SignError> {
        let failed = |_| SignError::Failed(algorithm);
        let pkcs8 = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => {
                let pair = EcdsaKeyPair::generate(ecdsa(algorithm)).map_err(failed)?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().map_err(failed)?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                der.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(pkcs8))
    }

    /// Reads what [`Self::generate`] made.
    ///
    /// # Errors
    /// [`SignError::BadKey`].
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, SignError> {
        let bad = |_| SignError::BadKey(algorithm);
        let pair = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => {
                Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa(algorithm), pkcs8).map_err(bad)?)
            }
            Algorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(bad)?),
            Algorithm::Rs256 => Pair::Rsa(
                RsaKeyPair::from_pkcs8(pkcs8).map_err(bad)?,
                &RSA_PKCS1_SHA256,
            ),
            Algorithm::Ps256 => {
                Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(bad)?, &RSA_PSS_SHA256)
            }
        };
        let jwk =
            public_jwk(algorithm, pair.public_key()).map_err(|_| SignError::BadKey(algorithm))?;
        let id: Arc<str> = jwk.common.key_id.unwrap_or_default().into();
        let header = EncodedHeader::new(algorithm, &id);
        Ok(Self {
            id,
            algorithm,
            header,
            pair,
        })
    }

    /// The key's id, its RFC 7638 thumbprint.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same, for keeping without a copy.
    #[must_use]
    pub fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The first part of the tokens that it signs.
    #[must_use]
    pub fn header(&self) -> &EncodedHeader {
        &self.header
    }

    /// The public half, as a JWK with `kid`, `use` and `alg`.
    ///
    /// # Errors
    /// [`SignError::BadKey`] when the library reads its own key differently; doesn't happen.
    pub fn public_jwk(&self) -> Result<Jwk, SignError> {
        public_jwk(self.algorithm, self.pair.public_key())
            .map_err(|_| SignError::BadKey(self.algorithm))
    }

    /// Finishes a token.
    ///
    /// # Errors
    /// [`SignError::Failed`].
    pub fn sign(&self, token: UnsignedToken) -> Result<String, SignError> {
        let failed = |_| SignError::Failed(self.algorithm);
        let message = token.signing_input();
        // AWS-LC brings its own randomness; the parameter is of ring's time.
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&rng, message).map_err(failed)?;
                Ok(token.with_signature(signature.as_ref()))
            }
            Pair::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(failed)?;
                Ok(token.with_signature(signature.as_ref()))
            }
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &rng, message, &mut signature)
                    .map_err(failed)?;
                Ok(token.with_signature(&signature))
            }
        }
    }
}

impl Pair {
    /// ECDSA: an uncompressed point; Ed25519: 32 bytes; RSA: PKCS#1 DER.
    fn public_key(&self) -> &[u8] {
        match self {
            Self::Ecdsa(pair) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair, _) => pair.public_key().as_ref(),
        }
    }
}

fn ecdsa(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.id)
    }
}
