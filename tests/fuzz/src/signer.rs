//! The Ed25519 key (RFC 8037) that signs the JWTs of the targets. It never changes, so the
//! signatures of kept inputs stay valid.
//!
//! Its signatures are deterministic. A target signs again to check a signature without the code
//! under test.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// The key's `kid`.
pub const KEY_ID: &str = "1";
/// The issuer of access tokens and the audience of assertions.
pub const ISSUER: &str = "https://as.example";
/// The time of all checks, in seconds since 1970.
pub const NOW: i64 = 1_767_225_600;

/// A key that only these targets use.
static PAIR: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed of Ed25519")
});

/// The key set with the public half of the key (RFC 7517 5).
pub fn jwks() -> Value {
    let x = URL_SAFE_NO_PAD.encode(PAIR.public_key());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": KEY_ID, "x": x }] })
}

/// Whether this is the key's signature of the message.
pub fn signed(message: &[u8], signature: &[u8]) -> bool {
    PAIR.sign(message).as_ref() == signature
}

/// Makes a JWT of an input. An input of one line is the JWT itself. In an input of several lines,
/// the first is the header and the rest the payload of a JWT that the key signs.
pub fn jwt(bytes: &[u8]) -> String {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let (header, payload) = (&bytes[..end], &bytes[end + 1..]);
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = URL_SAFE_NO_PAD.encode(PAIR.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A JWT of two JSON objects and a signature, decoded without the code under test.
pub struct Parts<'a> {
    pub message: &'a str,
    pub signature: Vec<u8>,
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
}

/// Decodes a JWT that the code under test accepted.
///
/// # Panics
/// If the text is not base64url of two JSON objects and a signature.
pub fn parts(token: &str) -> Parts<'_> {
    let texts: Vec<&str> = token.split('.').collect();
    assert_eq!(texts.len(), 3, "accepted, and not of three parts: {token}");
    let decoded = |text: &str| {
        let decoded = URL_SAFE_NO_PAD.decode(text);
        decoded.unwrap_or_else(|_| panic!("accepted, and no base64url: {text}"))
    };
    let object = |text: &str| {
        serde_json::from_slice(&decoded(text))
            .unwrap_or_else(|_| panic!("accepted, and no object: {text}"))
    };
    Parts {
        message: &token[..texts[0].len() + 1 + texts[1].len()],
        signature: decoded(texts[2]),
        header: object(texts[0]),
        claims: object(texts[1]),
    }
}

impl Parts<'_> {
    /// The value of a claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// The audiences of the token; `aud` is a string or an array (RFC 7519 4.1.3).
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
