//! Verifies an access token as a resource server does (RFC 9068 4), and names the check that
//! failed.

use jiff::Timestamp;
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};

use super::Jwks;
use super::jwks::jws_algorithm;
use crate::token::{Algorithm, decoded_part};

/// What a verifier expects of a token besides a good signature.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The `iss`, if a certain one is expected.
    pub issuer: Option<&'a str>,
    /// The audience that `aud` must contain, if a certain one is expected.
    pub audience: Option<&'a str>,
    /// The time of the verification.
    pub now: Timestamp,
}

/// A token that passed all checks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifiedToken {
    /// The key that signed it.
    pub kid: String,
    /// The algorithm of the signature.
    pub alg: Algorithm,
    /// The claims, as they stand in the token.
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// The check that a token failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The token isn't three parts of base64url, with JSON objects in the first two.
    #[error("it is not a JWT in compact form: {0}")]
    Malformed(&'static str),
    /// `typ` isn't `at+jwt`.
    #[error("typ is {0:?}, not at+jwt: it is not an access token (RFC 9068 4)")]
    WrongType(String),
    /// `alg` isn't one that this service signs with.
    #[error("alg is {0:?}, which is not accepted")]
    WrongAlgorithm(String),
    /// The key is not in the set.
    #[error("kid {0:?} is not in the JWK set")]
    UnknownKey(String),
    /// The key is for another algorithm.
    #[error("alg is {alg}, and key {kid:?} is not for it")]
    KeyMismatch {
        /// The token's algorithm.
        alg: Algorithm,
        /// The key.
        kid: String,
    },
    /// The key did not make the signature.
    #[error("the signature does not match: altered, or signed by another key")]
    BadSignature,
    /// The token lacks a claim that RFC 9068 2.2 requires.
    #[error("claim {0:?} is missing or of the wrong type (RFC 9068 2.2)")]
    MissingClaim(&'static str),
    /// The token is another issuer's.
    #[error("iss is {found:?}, expected {expected:?}")]
    WrongIssuer {
        /// The token's issuer.
        found: String,
        /// The issuer that the verifier expects.
        expected: String,
    },
    /// The token is for another audience.
    #[error("aud does not contain {0:?}")]
    WrongAudience(String),
    /// The token has expired.
    #[error("it expired at {0}")]
    Expired(Timestamp),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// Checks `token` against the keys of `jwks`, in the order of RFC 9068 4: type, algorithm, key,
/// signature, claims, time.
///
/// # Errors
/// [`VerifyError`], the first check that failed.
pub fn verify(
    token: &str,
    jwks: &Jwks,
    expected: &Expected<'_>,
) -> Result<VerifiedToken, VerifyError> {
    let (message, signature) = token
        .rsplit_once('.')
        .ok_or(VerifyError::Malformed("it has no dot"))?;
    let (header, payload) = message
        .split_once('.')
        .ok_or(VerifyError::Malformed("it has one dot, not two"))?;
    let header: Header = decoded_part(header).ok_or(VerifyError::Malformed("its header"))?;

    // RFC 9068 4 allows the long form. RFC 7515 4.1.9 compares media types without regard to case.
    let typ = header.typ.unwrap_or_default();
    if !["at+jwt", "application/at+jwt"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&typ))
    {
        return Err(VerifyError::WrongType(typ));
    }
    if header.crit.is_some() {
        return Err(VerifyError::Malformed(
            "its header has crit, and no extension is understood (RFC 7515 4.1.11)",
        ));
    }
    let algorithm: Algorithm = header
        .alg
        .parse()
        .map_err(|_| VerifyError::WrongAlgorithm(header.alg.clone()))?;
    let kid = header.kid.unwrap_or_default();
    let jwk = jwks
        .find(&kid)
        .ok_or_else(|| VerifyError::UnknownKey(kid.clone()))?;
    // The key determines the algorithm, not the token. Otherwise an attacker could choose another
    // algorithm for the same key.
    let key_algorithm = jwk
        .common
        .key_algorithm
        .map(|algorithm| algorithm.to_string());
    if key_algorithm.is_some_and(|name| name != algorithm.as_str()) {
        return Err(VerifyError::KeyMismatch {
            alg: algorithm,
            kid,
        });
    }
    let mismatch = |_| VerifyError::KeyMismatch {
        alg: algorithm,
        kid: kid.clone(),
    };
    let key = DecodingKey::from_jwk(jwk).map_err(mismatch)?;
    let good = jsonwebtoken::crypto::verify(
        signature,
        message.as_bytes(),
        &key,
        jws_algorithm(algorithm),
    );
    if good != Ok(true) {
        return Err(VerifyError::BadSignature);
    }

    let claims = decoded_part(payload).ok_or(VerifyError::Malformed("its payload"))?;
    check_claims(&claims, expected)?;
    Ok(VerifiedToken {
        kid,
        alg: algorithm,
        claims,
    })
}

fn check_claims(
    claims: &serde_json::Map<String, serde_json::Value>,
    expected: &Expected<'_>,
) -> Result<(), VerifyError> {
    let text = |name| {
        claims
            .get(name)
            .and_then(|value| value.as_str())
            .ok_or(VerifyError::MissingClaim(name))
    };
    let number = |name| {
        claims
            .get(name)
            .and_then(serde_json::Value::as_i64)
            .ok_or(VerifyError::MissingClaim(name))
    };
    for name in ["sub", "client_id", "jti"] {
        text(name)?;
    }
    number("iat")?;
    let issuer = text("iss")?;
    if let Some(expected) = expected.issuer.filter(|expected| *expected != issuer) {
        return Err(VerifyError::WrongIssuer {
            found: issuer.into(),
            expected: expected.into(),
        });
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(serde_json::Value::String(one)) => vec![one],
        Some(serde_json::Value::Array(many)) => {
            many.iter().filter_map(|value| value.as_str()).collect()
        }
        _ => return Err(VerifyError::MissingClaim("aud")),
    };
    if let Some(expected) = expected
        .audience
        .filter(|expected| !audiences.contains(expected))
    {
        return Err(VerifyError::WrongAudience(expected.into()));
    }
    let expires_at =
        Timestamp::from_second(number("exp")?).map_err(|_| VerifyError::MissingClaim("exp"))?;
    if expires_at <= expected.now {
        return Err(VerifyError::Expired(expires_at));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
