//! A private key in this process' memory.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::jwks::{Jwk, PublicKey, public_jwk};
use super::signing::{PrivateKey, SignError, Signing};
use crate::token::Algorithm;

/// A key pair and its algorithm.
pub(super) struct LocalKey {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl LocalKey {
    /// Makes a private key. Returns it as PKCS#8, for sealing.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, SignError> {
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
    pub(super) fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, SignError> {
        let bad = |_| SignError::BadKey(algorithm);
        let rsa = || RsaKeyPair::from_pkcs8(pkcs8).map_err(bad);
        let pair = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => {
                Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa(algorithm), pkcs8).map_err(bad)?)
            }
            Algorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(bad)?),
            Algorithm::Rs256 => Pair::Rsa(rsa()?, &RSA_PKCS1_SHA256),
            Algorithm::Ps256 => Pair::Rsa(rsa()?, &RSA_PSS_SHA256),
        };
        Ok(Self { algorithm, pair })
    }

    /// The public half, as a JWK with `kid`, `use` and `alg`.
    pub(super) fn public_jwk(&self) -> Result<Jwk, SignError> {
        let public = match &self.pair {
            Pair::Ecdsa(pair) => PublicKey::Point(pair.public_key().as_ref()),
            Pair::Ed25519(pair) => PublicKey::Ed25519(pair.public_key().as_ref()),
            Pair::Rsa(pair, _) => PublicKey::RsaDer(pair.public_key().as_ref()),
        };
        public_jwk(self.algorithm, &public).map_err(|_| SignError::BadKey(self.algorithm))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        // AWS-LC uses its own randomness. The parameter remains from ring's interface.
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => Ok(pair.sign(&rng, message)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &rng, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

impl PrivateKey for LocalKey {
    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Signing::Done(
            self.signature(message)
                .map_err(|_| SignError::Failed(self.algorithm)),
        )
    }
}

fn ecdsa(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}
