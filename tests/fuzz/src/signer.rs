//! A key that signs what targets make, always the same, so that kept inputs stay signed: Ed25519
//! (RFC 8037).
//!
//! Its signatures are deterministic, so signing again tells whether a signature is good without
//! asking what is tested.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// The key's `kid`.
pub const KEY_ID: &str = "1";
/// Whom tokens are of and assertions for.
pub const ISSUER: &str = "https://as.example";
/// The time of all checks, in seconds since 1970.
pub const NOW: i64 = 1_767_225_600;

/// A key of nobody's.
static PAIR: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed of Ed25519")
});

/// The set with its public half, RFC 7517 5.
pub fn jwks() -> Value {
    let x = URL_SAFE_NO_PAD.encode(PAIR.public_key());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": KEY_ID, "x": x }] })
}

/// Whether this is the key's signature of the message.
pub fn signed(message: &[u8], signature: &[u8]) -> bool {
    PAIR.sign(message).as_ref() == signature
}

/// The bytes as the JWT that they are; or their first line as a header and the rest as a payload,
/// signed.
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

/// A JWT of two objects and a signature, read with nothing of what is tested.
pub struct Parts<'a> {
    pub message: &'a str,
    pub signature: Vec<u8>,
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
}

/// The parts of what was accepted.
///
/// # Panics
/// Where it has not three parts, or not these.
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
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether the audience is, or has among it, this one.
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
