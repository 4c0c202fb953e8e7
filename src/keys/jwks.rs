//! Public keys in the form of RFC 7517. The library's types have no private members, so no private
//! key can leak through them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse,
    ThumbprintHash,
};
use jsonwebtoken::{Algorithm as JwsAlgorithm, DecodingKey};

use crate::token::Algorithm;

/// A public key, RFC 7517 4.
pub type Jwk = jsonwebtoken::jwk::Jwk;
/// A set of public keys, RFC 7517 5.
pub type Jwks = jsonwebtoken::jwk::JwkSet;

/// A public key in the forms that libraries and PKCS#11 tokens use.
pub(super) enum PublicKey<'a> {
    /// An ECDSA key: SEC 1's uncompressed point.
    Point(&'a [u8]),
    /// An Ed25519 key: 32 bytes.
    Ed25519(&'a [u8]),
    /// An RSA key in PKCS#1 DER.
    RsaDer(&'a [u8]),
    /// An RSA key as two big-endian numbers.
    #[cfg(feature = "pkcs11")]
    Rsa {
        modulus: &'a [u8],
        exponent: &'a [u8],
    },
}

/// The JWK of a public key. Its `use` is `sig`, it has an `alg`, and its `kid` is the RFC 7638
/// thumbprint, so that a key has the same id wherever it is kept.
pub(super) fn public_jwk(
    algorithm: Algorithm,
    public_key: &PublicKey<'_>,
) -> Result<Jwk, jsonwebtoken::errors::Error> {
    let parameters = match *public_key {
        PublicKey::Point(point) if algorithm == Algorithm::Es384 => {
            elliptic_curve(EllipticCurve::P384, point)?
        }
        PublicKey::Point(point) => elliptic_curve(EllipticCurve::P256, point)?,
        PublicKey::Ed25519(bytes) => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: URL_SAFE_NO_PAD.encode(bytes),
        }),
        PublicKey::RsaDer(der) => {
            Jwk::from_decoding_key(&DecodingKey::from_rsa_der(der), None)?.algorithm
        }
        #[cfg(feature = "pkcs11")]
        PublicKey::Rsa { modulus, exponent } => {
            AlgorithmParameters::RSA(jsonwebtoken::jwk::RSAKeyParameters {
                key_type: jsonwebtoken::jwk::RSAKeyType::RSA,
                n: URL_SAFE_NO_PAD.encode(without_leading_zeros(modulus)),
                e: URL_SAFE_NO_PAD.encode(without_leading_zeros(exponent)),
            })
        }
    };
    let mut jwk = Jwk {
        common: CommonParameters::default(),
        algorithm: parameters,
    };
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = Some(KeyAlgorithm::from(jws_algorithm(algorithm)));
    Ok(jwk)
}

/// The verifying library's name of an algorithm.
pub(super) const fn jws_algorithm(algorithm: Algorithm) -> JwsAlgorithm {
    match algorithm {
        Algorithm::Es256 => JwsAlgorithm::ES256,
        Algorithm::Es384 => JwsAlgorithm::ES384,
        Algorithm::EdDsa => JwsAlgorithm::EdDSA,
        Algorithm::Rs256 => JwsAlgorithm::RS256,
        Algorithm::Ps256 => JwsAlgorithm::PS256,
    }
}

/// RFC 7518 6.2.1: both coordinates have their full length. SEC 1's uncompressed point is a byte 4
/// followed by both coordinates.
fn elliptic_curve(
    curve: EllipticCurve,
    point: &[u8],
) -> Result<AlgorithmParameters, jsonwebtoken::errors::Error> {
    let Some((4, coordinates)) = point.split_first() else {
        return Err(jsonwebtoken::errors::ErrorKind::InvalidEcdsaKey.into());
    };
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    Ok(AlgorithmParameters::EllipticCurve(
        EllipticCurveKeyParameters {
            key_type: EllipticCurveKeyType::EC,
            curve,
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        },
    ))
}

/// RFC 7518 6.3.1.1: a number has as few octets as possible.
pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
