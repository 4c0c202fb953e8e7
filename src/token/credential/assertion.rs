//! A client assertion: the JWT with which a client proves who it is (RFC 7521 4.2, RFC 7523 2.2 and
//! 3).
//!
//! This module reads an assertion and checks all that needs neither the client's keys nor the list
//! of used assertions.

mod algorithm;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

pub use algorithm::{AssertionAlgorithm, UnknownAssertionAlgorithm};

use crate::token::{AssertionAudience, ClientId, decoded_part};

/// An assertion, read but not believed.
#[derive(Clone)]
pub struct ClientAssertion {
    algorithm: AssertionAlgorithm,
    key_id: Option<Box<str>>,
    claims: Claims,
    /// The JWS signing input, RFC 7515 5.1.
    message: Box<str>,
    signature: Box<[u8]>,
}

/// Why an assertion proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssertionError {
    /// The `client_assertion_type` is not RFC 7523's.
    UnknownType,
    /// It is longer than [`ClientAssertion::MAX_LENGTH`].
    TooLong,
    /// Not three parts of base64url, with objects of JSON in the first two.
    Malformed,
    /// Its `typ` is another one, such as that of an access token.
    WrongType,
    /// Its algorithm is one that this service doesn't verify, `none` above all.
    UnsupportedAlgorithm,
    /// A claim is absent or has the wrong type.
    MissingClaim,
    /// `iss` and `sub` are not both the client (RFC 7523 3).
    WrongSubject,
    /// It is for another server, which may be the one that sends it here.
    WrongAudience,
    /// Its `exp` has passed.
    Expired,
    /// It is good for so long that it would have to be remembered too long.
    TooLongLived,
    /// Its `nbf` or `iat` is in the future.
    NotYetValid,
    /// None of the client's keys made the signature.
    BadSignature,
    /// The client publishes its keys at a URL, and this service doesn't have them now.
    KeysUnknown,
    /// An assertion with this `jti` was used before.
    Replayed,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<Box<str>>,
    typ: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, Deserialize)]
struct Claims {
    iss: Box<str>,
    sub: Box<str>,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: Box<str>,
}

/// RFC 7519 4.1.3
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(Box<str>),
    Many(Vec<Box<str>>),
}

impl ClientAssertion {
    /// RFC 7523 2.2: the `client_assertion_type`.
    pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    /// In bytes. It fits a signature of the largest RSA key, and claims.
    pub const MAX_LENGTH: usize = 8192;
    /// The longest time until an assertion expires and is forgotten, in seconds.
    pub const MAX_LIFETIME: i64 = 300;
    /// The longest time from `iat` to `exp` of an assertion for the token endpoint, in seconds.
    /// Libraries that send that audience use an hour. It still ends [`Self::MAX_LIFETIME`] after
    /// `iat`.
    pub const MAX_LIFETIME_BY_IAT: i64 = 3600;
    /// How far the client's clock may be ahead, in seconds.
    pub const LEEWAY: i64 = 30;
    const MAX_ID: usize = 255;

    /// Reads an assertion in compact form.
    ///
    /// # Errors
    /// [`AssertionError`]: it is not a JWT whose signature could be checked, or lacks a claim.
    pub fn parse(text: &str) -> Result<Self, AssertionError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(AssertionError::TooLong);
        }
        let malformed = AssertionError::Malformed;
        let (message, signature) = text.rsplit_once('.').ok_or(malformed)?;
        let (header, payload) = message.split_once('.').ok_or(malformed)?;
        let header: Header = decoded_part(header).ok_or(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
        let is = |name: &str| {
            let typ = header.typ.as_deref().unwrap_or("JWT");
            typ.eq_ignore_ascii_case(name)
        };
        // A JWT that was signed for another purpose, such as a client's own access token, proves
        // nothing here.
        if !is("JWT") && !is("client-authentication+jwt") {
            return Err(AssertionError::WrongType);
        }
        // RFC 7515 4.1.11: no extension is understood.
        if header.crit.is_some() {
            return Err(malformed);
        }
        let algorithm = header
            .alg
            .parse()
            .map_err(|_| AssertionError::UnsupportedAlgorithm)?;
        let claims: serde_json::Map<String, serde_json::Value> =
            decoded_part(payload).ok_or(malformed)?;
        let claims = serde_json::from_value::<Claims>(claims.into());
        let claims = claims.map_err(|_| AssertionError::MissingClaim)?;
        if !(1..=Self::MAX_ID).contains(&claims.jti.len()) {
            return Err(AssertionError::MissingClaim);
        }
        Ok(Self {
            algorithm,
            key_id: header.kid,
            claims,
            message: message.into(),
            signature: signature.into(),
        })
    }

    /// Checks the issuer, the subject, the audience and the times. The result depends on the
    /// request alone, not on any client. Gives the setting that the client must have.
    ///
    /// # Errors
    /// [`AssertionError`]: the first rule that is broken.
    pub fn check(
        &self,
        issuer: &str,
        token_endpoint: &str,
        now: Timestamp,
    ) -> Result<AssertionAudience, AssertionError> {
        let claims = &self.claims;
        if claims.iss != claims.sub || !ClientId::is_valid(&claims.sub) {
            return Err(AssertionError::WrongSubject);
        }
        // Exactly the issuer. A hostile server may ask a client for an assertion; that assertion
        // must not be good at this service. Whether the token endpoint is accepted too depends on
        // the client.
        let audience = match claims.aud.names() {
            [one] if **one == *issuer => AssertionAudience::Issuer,
            [_, ..] => AssertionAudience::TokenEndpoint,
            [] => return Err(AssertionError::WrongAudience),
        };
        let mut names = claims.aud.names().iter().map(|name| &**name);
        if !names.all(|name| name == issuer || name == token_endpoint) {
            return Err(AssertionError::WrongAudience);
        }
        let now = now.as_millisecond() as f64 / 1000.0;
        let (lifetime, leeway) = (Self::MAX_LIFETIME as f64, Self::LEEWAY as f64);
        let end = self.end(audience);
        if end <= now {
            return Err(AssertionError::Expired);
        }
        let longest = lifetime + leeway;
        let longest_by_iat = match audience {
            AssertionAudience::Issuer => longest,
            AssertionAudience::TokenEndpoint => Self::MAX_LIFETIME_BY_IAT as f64 + leeway,
        };
        let since_issued = claims.iat.map(|issued| claims.exp - issued);
        if end - now > longest || since_issued.is_some_and(|time| time > longest_by_iat) {
            return Err(AssertionError::TooLongLived);
        }
        if [claims.nbf, claims.iat]
            .into_iter()
            .flatten()
            .any(|from| from > now + leeway)
        {
            return Err(AssertionError::NotYetValid);
        }
        Ok(audience)
    }

    /// When the assertion stops being accepted, in seconds since 1970.
    fn end(&self, audience: AssertionAudience) -> f64 {
        let Claims { exp, iat, .. } = self.claims;
        match (audience, iat) {
            (AssertionAudience::TokenEndpoint, Some(iat)) => {
                exp.min(iat + Self::MAX_LIFETIME as f64)
            }
            _ => exp,
        }
    }

    /// The client that it names; `None` if no client can have this name.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        Some(&*self.claims.sub).filter(|id| ClientId::is_valid(id))
    }

    /// `alg`.
    #[must_use]
    pub fn algorithm(&self) -> AssertionAlgorithm {
        self.algorithm
    }

    /// `kid`, the id of the key that it claims to be signed with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// `jti`, which is unique among the client's assertions.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.claims.jti
    }

    /// When the assertion stops being accepted, in seconds since 1970, rounded up. `audience` is
    /// the result of [`Self::check`].
    #[must_use]
    pub fn expires_at(&self, audience: AssertionAudience) -> i64 {
        // The conversion saturates. [`Self::check`] refuses times that are far away.
        self.end(audience).ceil() as i64
    }
}

impl AssertionError {
    /// Its name in the audit trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// A sentence for the caller's developers. A wrong signature has the sentence of any failed
    /// authentication, so that the caller doesn't learn which clients exist.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.row().1
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownType => (
                "assertion_type_unknown",
                "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            Self::TooLong => (
                "assertion_malformed",
                "the client assertion must have 8192 characters at most",
            ),
            Self::Malformed => (
                "assertion_malformed",
                "the client assertion must be a JWT in compact form, without crit",
            ),
            Self::WrongType => (
                "assertion_wrong_type",
                "typ of the client assertion must be JWT or client-authentication+jwt, or left out",
            ),
            Self::UnsupportedAlgorithm => (
                "assertion_unsupported_algorithm",
                "alg of the client assertion must be one of the metadata's token_endpoint_auth_signing_alg_values_supported",
            ),
            Self::MissingClaim => (
                "assertion_missing_claim",
                "the client assertion must have iss, sub, aud, exp and jti",
            ),
            Self::WrongSubject => (
                "assertion_wrong_subject",
                "iss and sub of the client assertion must both be the client_id",
            ),
            Self::WrongAudience => (
                "assertion_wrong_audience",
                "aud of the client assertion must be the issuer identifier, and nothing else",
            ),
            Self::Expired => (
                "assertion_expired",
                "the client assertion has expired: exp must lie ahead, and iat be of the last 5 minutes",
            ),
            Self::TooLongLived => (
                "assertion_too_long_lived",
                "exp of the client assertion must be 5 minutes ahead at most",
            ),
            Self::NotYetValid => (
                "assertion_not_yet_valid",
                "the client assertion is not valid yet: nbf and iat may be 30 seconds ahead at most",
            ),
            Self::BadSignature => ("assertion_bad_signature", "client authentication failed"),
            Self::KeysUnknown => ("assertion_keys_unknown", "client authentication failed"),
            Self::Replayed => (
                "assertion_replayed",
                "the client assertion was used before; each needs a jti of its own",
            ),
        }
    }

    /// Whether the error depends on what this service knows of the client, and not on the request
    /// alone.
    pub(in crate::token) const fn depends_on_client(self) -> bool {
        matches!(
            self,
            Self::BadSignature | Self::KeysUnknown | Self::WrongAudience
        )
    }
}

impl Audience {
    fn names(&self) -> &[Box<str>] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An assertion that is not used yet is as good as a secret.
        f.write_str("ClientAssertion(..)")
    }
}

#[cfg(test)]
mod tests;
