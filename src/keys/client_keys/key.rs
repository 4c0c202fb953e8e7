//! One public key of a client: which keys are refused, and which signatures a key verifies.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, KeyAlgorithm, RSAKeyParameters,
    ThumbprintHash,
};
use serde_json::{Map, Value};

use crate::keys::Jwk;
use crate::keys::jwks::without_leading_zeros;
use crate::token::AssertionAlgorithm as Algorithm;

/// A key that is ready to check signatures.
#[derive(Clone)]
pub(super) struct ClientKey {
    jwk: Jwk,
    /// One verifier for each algorithm of the key. An RSA key without `alg` has all RSA algorithms.
    verifiers: Vec<Verifier>,
}

/// A key in the library's form for one algorithm. It is made on first use, since most keys are used
/// with one algorithm only.
#[derive(Clone)]
struct Verifier {
    algorithm: Algorithm,
    key: OnceLock<Option<Arc<ParsedPublicKey>>>,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// The key is private. Its owner should replace it, as it has been disclosed.
    #[error(
        "it has the private member {0:?}: give only public keys, and replace this one, as it is not secret any more"
    )]
    Private(&'static str),
    /// The key is symmetric: both sides would know it.
    #[error("it is symmetric (kty oct); a client needs public keys")]
    Symmetric,
    /// A member is missing, or of another type.
    #[error("it can't be read: {0}")]
    Unreadable(String),
    /// The key's type, curve or `alg` fits no algorithm of this service.
    #[error(
        "its kty, crv or alg fits none of the algorithms for client assertions: {}",
        Algorithm::NAMES
    )]
    NoAlgorithm,
    /// The set has the same key already.
    #[error("the set has this key already")]
    Repeated,
    /// The key is for encryption.
    #[error("it is not for signatures (use, key_ops)")]
    NotForSignatures,
    /// The key is too weak, or its point is not on its curve.
    #[error(
        "it is too weak or malformed: RSA takes 2048 to 8192 bits, and a point must lie on its curve"
    )]
    Invalid,
}

/// The longest `kid`, in bytes.
const LONGEST_ID: usize = 255;

impl ClientKey {
    pub(super) fn read(value: Value) -> Result<Self, KeyProblem> {
        let Value::Object(members) = &value else {
            return Err(KeyProblem::Unreadable("it is not an object".to_owned()));
        };
        check_members(members)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let named = match members.get("alg") {
            None => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(_) => return Err(KeyProblem::Unreadable("alg is not a text".to_owned())),
        };
        if text("kid").is_some_and(|id| id.len() > LONGEST_ID) {
            let why = format!("kid has more than {LONGEST_ID} characters");
            return Err(KeyProblem::Unreadable(why));
        }
        if !is_known(text("kty"), text("crv")) {
            return Err(KeyProblem::NoAlgorithm);
        }
        let mut jwk: Jwk = serde_json::from_value(value)
            .map_err(|error| KeyProblem::Unreadable(error.to_string()))?;
        let verifiers: Vec<_> = algorithms(&jwk)
            .iter()
            .filter(|algorithm| named.as_deref().is_none_or(|name| algorithm.is(name)))
            .map(|algorithm| Verifier {
                algorithm: *algorithm,
                key: OnceLock::new(),
            })
            .collect();
        let first = verifiers.first().ok_or(KeyProblem::NoAlgorithm)?;
        // A key that works for one of its algorithms works for the others, which differ only in
        // digest and padding.
        let parsed = parsed(&jwk, first.algorithm)?;
        let _unset_until_now = first.key.set(Some(parsed.into()));
        // The library would write an algorithm that it doesn't know under another name.
        // Certificates are dropped, as this service doesn't use them.
        jwk.common.key_algorithm = match jwk.common.key_algorithm {
            Some(KeyAlgorithm::UNKNOWN_ALGORITHM) if named.as_deref() == Some("Ed25519") => {
                Some(KeyAlgorithm::EdDSA)
            }
            Some(KeyAlgorithm::UNKNOWN_ALGORITHM) => None,
            known => known,
        };
        jwk.common.x509_url = None;
        jwk.common.x509_chain = None;
        jwk.common.x509_sha1_fingerprint = None;
        jwk.common.x509_sha256_fingerprint = None;
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

    /// Whether the other is the same key, with the same id and the same algorithms.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.jwk.algorithm == other.jwk.algorithm
            && self.id() == other.id()
            && self.algorithms().eq(other.algorithms())
    }

    /// The id that both keys have, if they have an algorithm in common. Keys for different
    /// algorithms may share an id (RFC 7517 4.5).
    pub(super) fn shared_id(&self, other: &Self) -> Option<&str> {
        let for_both = || {
            self.algorithms()
                .any(|it| other.algorithms().any(|its| it == its))
        };
        self.id().filter(|id| other.id() == Some(id) && for_both())
    }

    fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|verifier| verifier.algorithm)
    }

    pub(super) fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let mut verifiers = self.verifiers.iter();
        let verifier = verifiers.find(|it| it.algorithm == algorithm)?;
        let parse = || parsed(&self.jwk, algorithm).ok().map(Arc::new);
        verifier.key.get_or_init(parse).as_deref()
    }
}

/// Whether an algorithm of this service uses keys of this type and curve. The library's error for
/// others would not help the reader.
fn is_known(kty: Option<&str>, curve: Option<&str>) -> bool {
    match (kty, curve) {
        (Some("EC"), Some("P-256" | "P-384" | "P-521"))
        | (Some("OKP"), Some("Ed25519"))
        | (Some("RSA"), _)
        // The library reports the missing member.
        | (Some("EC" | "OKP"), None) => true,
        _ => false,
    }
}

/// Checks the members that the library would ignore: its types have no place for private members.
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

/// The algorithms of keys of this type and curve.
fn algorithms(jwk: &Jwk) -> &'static [Algorithm] {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::Es256],
            EllipticCurve::P384 => &[Algorithm::Es384],
            EllipticCurve::P521 => &[Algorithm::Es512],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDsa, Algorithm::Ed25519]
        }
        AlgorithmParameters::RSA(_) => &[
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
        ],
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
        (AlgorithmParameters::EllipticCurve(key), Algorithm::Es512) => {
            ParsedPublicKey::new(&signature::ECDSA_P521_SHA512_FIXED, point(key, 66)?)
        }
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDsa | Algorithm::Ed25519) => {
            ParsedPublicKey::new(&signature::ED25519, decoded(&key.x)?)
        }
        (AlgorithmParameters::RSA(key), _) => {
            let padding = padding(algorithm).ok_or(KeyProblem::NoAlgorithm)?;
            rsa(key)?.to_parsed_public_key(padding)
        }
        _ => return Err(KeyProblem::NoAlgorithm),
    };
    parsed.map_err(|_| KeyProblem::Invalid)
}

fn padding(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// SEC 1's uncompressed point. The library then checks that it is on the curve.
fn point(key: &EllipticCurveKeyParameters, size: usize) -> Result<Vec<u8>, KeyProblem> {
    let (x, y) = (decoded(&key.x)?, decoded(&key.y)?);
    // RFC 7518 6.2.1.2: coordinates have their full length.
    if x.len() != size || y.len() != size {
        return Err(KeyProblem::Invalid);
    }
    Ok([&[4], &x[..], &y[..]].concat())
}

/// RFC 7518 3.3: an RSA key has 2048 bits at least. The library checks the size only with each
/// signature.
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
