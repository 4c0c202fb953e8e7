//! The compact serialisation of a JWT access token (RFC 7515 3.1, RFC 9068 2.1), made for speed:
//! the header is encoded once for each key, and the token is built in one string. [`crate::keys`]
//! signs it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::Claims;

/// A signature algorithm for access tokens, RFC 7518 3.1 and RFC 8037 3.1. `none` is left out on
/// purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256.
    Ps256,
}

/// A name that isn't one of [`Algorithm`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the algorithms are ES256, ES384, EdDSA, RS256 and PS256")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Rs256,
        Self::Ps256,
    ];

    /// The name in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

/// The first part of every token that one key signs: `base64url(header) "."`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedHeader(Box<str>);

impl EncodedHeader {
    /// The header for a key with this algorithm and id. Its `typ` is `at+jwt` (RFC 9068 2.1), so
    /// that no verifier takes an access token for another kind of JWT.
    #[must_use]
    pub fn new(algorithm: Algorithm, key_id: &str) -> Self {
        // It consists of fixed names and a base64url thumbprint, so nothing needs escaping.
        let json = format!(
            r#"{{"alg":"{}","typ":"at+jwt","kid":"{key_id}"}}"#,
            algorithm.as_str()
        );
        Self((URL_SAFE_NO_PAD.encode(json) + ".").into())
    }
}

/// A token that lacks its signature.
pub struct UnsignedToken(String);

impl UnsignedToken {
    /// Puts header and claims together, with room for a signature of ECDSA's length.
    #[must_use]
    pub fn new(header: &EncodedHeader, claims: &Claims<'_>) -> Self {
        const ROOM_FOR_SIGNATURE: usize = 1 + 128;
        let mut json = Vec::with_capacity(512);
        serde_json::to_writer(&mut json, claims)
            .expect("claims are strings and numbers, and a Vec takes every byte");
        let mut token =
            String::with_capacity(header.0.len() + json.len() * 4 / 3 + 4 + ROOM_FOR_SIGNATURE);
        token.push_str(&header.0);
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        Self(token)
    }

    /// The JWS signing input, RFC 7515 5.1.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The finished token.
    #[must_use]
    pub fn with_signature(self, signature: &[u8]) -> String {
        let mut token = self.0;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

/// Decodes a part of a JWT in compact form as JSON; `None` if it is malformed.
pub(crate) fn decoded_part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    // Read as text (RFC 7515 5.2): from bytes, serde_json does not check members that are skipped
    // for UTF-8.
    serde_json::from_str(std::str::from_utf8(&bytes).ok()?).ok()
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{ClientId, Scope};

    #[test]
    fn a_token_is_three_parts_of_base64url() {
        let client = ClientId::parse("c").unwrap();
        let claims = Claims {
            issuer: "https://as.example",
            subject: &client,
            client_id: &client,
            audiences: &[],
            expires_at: 2,
            issued_at: 1,
            token_id: "id",
            confirmation: None,
            scope: &Scope::default(),
        };
        let unsigned = UnsignedToken::new(&EncodedHeader::new(Algorithm::Es256, "k"), &claims);
        let input = unsigned.signing_input().to_vec();
        let token = unsigned.with_signature(&[0xfb, 0xff]);
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(
            URL_SAFE_NO_PAD.decode(parts[0]).unwrap(),
            br#"{"alg":"ES256","typ":"at+jwt","kid":"k"}"#
        );
        assert_eq!(
            URL_SAFE_NO_PAD.decode(parts[1]).unwrap(),
            serde_json::to_vec(&claims).unwrap()
        );
        assert_eq!(parts[2], "-_8");
        assert_eq!(input, token.as_bytes()[..token.len() - 4]);
    }

    #[test]
    fn rfc_7515_section_5_2_a_part_is_utf8_even_where_nobody_reads_it() {
        #[derive(serde::Deserialize)]
        struct Read {
            alg: String,
        }
        let read = |json: &[u8]| decoded_part::<Read>(&URL_SAFE_NO_PAD.encode(json));
        assert_eq!(read(br#"{"alg":"a","x":"b"}"#).unwrap().alg, "a");
        assert!(read(b"{\"alg\":\"a\",\"x\":\"\xb4\"}").is_none());
    }

    #[test]
    fn none_is_not_an_algorithm() {
        assert_eq!("none".parse::<Algorithm>(), Err(UnknownAlgorithm));
        assert_eq!("HS256".parse::<Algorithm>(), Err(UnknownAlgorithm));
        assert!(
            Algorithm::ALL
                .iter()
                .all(|algorithm| algorithm.as_str().parse() == Ok(*algorithm))
        );
    }
}
