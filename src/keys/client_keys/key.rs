//! One public key of a client: what is refused of it, and what it verifies.

use std::sync::Arc;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, RSAKeyParameters,
    ThumbprintHash,
};
use serde_json::{Map, Value};

use crate::keys::Jwk;
use crate::keys::jwks::without_leading_zeros;
use crate::token::Algorithm;

/// A key with all that is needed to check signatures with it.
#[derive(Clone)]
pub(super) struct ClientKey {
    jwk: Jwk,
    /// By each algorithm that the key is for: an RSA key that doesn't say is for both.
    verifiers: Vec<(Algorithm, Arc<ParsedPublicKey>)>,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Whoever sent it should make another.
    #[error(
        "it has the private member {0:?}: only public keys belong here, and this one is not private any more"
    )]
    Private(&'static str),
    /// Of which both sides would know the secret.
    #[error("it is symmetric (kty oct); a client's keys are public ones")]
    Symmetric,
    /// No key of a known type.
    #[error("it can't be read: {0}")]
    Unreadable(String),
    /// Of a type or curve that no algorithm here uses, or for another algorithm.
    #[error(
        "no algorithm of this service takes it; they are ES256, ES384, EdDSA (Ed25519), RS256 and PS256"
    )]
    NoAlgorithm,
    /// For encryption.
    #[error("it is not for signatures (use, key_ops)")]
    NotForSignatures,
    /// Too weak, or no point of its curve.
    #[error(
        "it is too weak or malformed: RSA takes 2048 to 8192 bits, and a point must lie on its curve"
    )]
    Invalid,
}

impl ClientKey {
    pub(super) fn read(value: Value) -> Result<Self, KeyProblem> {
        let Value::Object(members) = &value else {
            return Err(KeyProblem::Unreadable("it is no object".to_owned()));
        };
        check_members(members)?;
        let jwk: Jwk = serde_json::from_value(value)
            .map_err(|error| KeyProblem::Unreadable(error.to_string()))?;
        let named = jwk.common.key_algorithm.map(|name| name.to_string());
        let verifiers = algorithms(&jwk)
            .iter()
            .filter(|algorithm| {
                let own = algorithm.as_str();
                named.as_deref().is_none_or(|name| name == own)
            })
            .map(|algorithm| Ok((*algorithm, parsed(&jwk, *algorithm)?.into())))
            .collect::<Result<Vec<_>, KeyProblem>>()?;
        if verifiers.is_empty() {
            return Err(KeyProblem::NoAlgorithm);
        }
        Ok(Self { jwk, verifiers })
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.jwk.common.key_id.as_deref()
    }

    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    pub(super) fn thumbprint(&self) -> Option<String> {
        self.jwk.thumbprint(ThumbprintHash::SHA256).ok()
    }

    pub(super) fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let mut verifiers = self.verifiers.iter();
        verifiers.find_map(|(own, key)| (*own == algorithm).then_some(&**key))
    }
}

/// What the library would read over: its types have no place for private members.
fn check_members(members: &Map<String, Value>) -> Result<(), KeyProblem> {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    if members.get("kty").is_some_and(|kty| kty == "oct") {
        return Err(KeyProblem::Symmetric);
    }
    if let Some(private) = PRIVATE.iter().find(|name| members.contains_key(**name)) {
        return Err(KeyProblem::Private(private));
    }
    let verifies = |operations: &Value| {
        let mut operations = operations.as_array().into_iter().flatten();
        operations.any(|operation| operation == "verify")
    };
    let operations = members.get("key_ops");
    let use_ = members.get("use");
    if operations.is_some_and(|operations| !verifies(operations))
        || use_.is_some_and(|use_| use_ != "sig")
    {
        return Err(KeyProblem::NotForSignatures);
    }
    Ok(())
}

/// What keys of its type and curve are for.
fn algorithms(jwk: &Jwk) -> &'static [Algorithm] {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::Es256],
            EllipticCurve::P384 => &[Algorithm::Es384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDsa]
        }
        AlgorithmParameters::RSA(_) => &[Algorithm::Rs256, Algorithm::Ps256],
        _ => &[],
    }
}

fn parsed(jwk: &Jwk, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyProblem> {
    let parsed = match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::EllipticCurve(key), Algorithm::Es256) => {
            ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point(key, 32)?)
        }
        (AlgorithmParameters::EllipticCurve(key), Algorithm::Es384) => {
            ParsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point(key, 48)?)
        }
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDsa) => {
            ParsedPublicKey::new(&signature::ED25519, decoded(&key.x)?)
        }
        (AlgorithmParameters::RSA(key), Algorithm::Rs256) => {
            rsa(key)?.to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256)
        }
        (AlgorithmParameters::RSA(key), Algorithm::Ps256) => {
            rsa(key)?.to_parsed_public_key(&signature::RSA_PSS_2048_8192_SHA256)
        }
        _ => return Err(KeyProblem::NoAlgorithm),
    };
    parsed.map_err(|_| KeyProblem::Invalid)
}

/// SEC 1's uncompressed point, which the library then checks to be one of the curve.
fn point(key: &EllipticCurveKeyParameters, size: usize) -> Result<Vec<u8>, KeyProblem> {
    let (x, y) = (decoded(&key.x)?, decoded(&key.y)?);
    // RFC 7518 6.2.1.2: in full length.
    if x.len() != size || y.len() != size {
        return Err(KeyProblem::Invalid);
    }
    Ok([&[4], &x[..], &y[..]].concat())
}

/// RFC 7518 3.3: 2048 bits at least. The library looks at the size with each signature only.
fn rsa(key: &RSAKeyParameters) -> Result<PublicKeyComponents<Vec<u8>>, KeyProblem> {
    const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
    let number = |text| Ok(without_leading_zeros(&decoded(text)?).to_vec());
    let (n, e): (Vec<u8>, Vec<u8>) = (number(&key.n)?, number(&key.e)?);
    let leading = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    // With an exponent of 1, every message would be its own signature.
    if BITS.contains(&(n.len() * 8 - leading)) && e != [1] && !e.is_empty() {
        Ok(PublicKeyComponents { n, e })
    } else {
        Err(KeyProblem::Invalid)
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, KeyProblem> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|error| KeyProblem::Unreadable(error.to_string()))
}
