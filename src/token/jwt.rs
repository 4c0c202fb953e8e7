//! A JWT access token: its claims (RFC 9068 2.2) and its compact serialisation (RFC 7515 3.1, RFC
//! 9068 2.1), made for speed: the header is encoded once for each key, and the token is built in
//! one string. [`crate::keys`] signs it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::{Algorithm, Audience, ClientId, Confirmation, Scope};

/// The payload of a JWT access token. It always has all claims that RFC 9068 2.2 requires. Times
/// are seconds since 1970.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Claims<'a> {
    /// This service's identifier.
    #[serde(rename = "iss")]
    pub issuer: &'a str,
    /// The client: in the client credentials grant it is its own subject.
    #[serde(rename = "sub")]
    pub subject: &'a ClientId,
    /// The client.
    pub client_id: &'a ClientId,
    /// The resource servers the token is for.
    #[serde(rename = "aud", serialize_with = "one_or_many")]
    pub audiences: &'a [Audience],
    /// When the token expires.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// When it was issued.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// Its unique name, by which it is audited and can be revoked.
    #[serde(rename = "jti")]
    pub token_id: &'a str,
    /// The certificate that it is bound to.
    #[serde(rename = "cnf", skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<&'a Confirmation>,
    /// The scope that it allows; left out if the scope is empty.
    #[serde(skip_serializing_if = "is_empty")]
    pub scope: &'a Scope,
}

/// RFC 7519 4.1.3 allows a string or an array; verifiers in the field handle the string best when
/// there is one.
fn one_or_many<S: Serializer>(audiences: &&[Audience], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}

fn is_empty(scope: &&Scope) -> bool {
    scope.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn every_claim_of_rfc_9068_is_present() {
        let (client, scope) = (ClientId::parse("c").unwrap(), Scope::parse("a b").unwrap());
        let mut audiences = vec![Audience::parse("https://api.example").unwrap()];
        let json = |audiences: &[Audience], scope: &Scope| {
            let claims = Claims {
                issuer: "https://as.example",
                subject: &client,
                client_id: &client,
                audiences,
                expires_at: 1900,
                issued_at: 1000,
                token_id: "id",
                confirmation: None,
                scope,
            };
            serde_json::to_string(&claims).unwrap()
        };
        assert_eq!(
            json(&audiences, &scope),
            r#"{"iss":"https://as.example","sub":"c","client_id":"c","aud":"https://api.example","exp":1900,"iat":1000,"jti":"id","scope":"a b"}"#
        );
        audiences.push(Audience::parse("urn:two").unwrap());
        assert_eq!(
            json(&audiences, &Scope::default()),
            r#"{"iss":"https://as.example","sub":"c","client_id":"c","aud":["https://api.example","urn:two"],"exp":1900,"iat":1000,"jti":"id"}"#
        );
    }
}
