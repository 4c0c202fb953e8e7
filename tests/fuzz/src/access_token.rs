//! An access token, as a resource server and the introspection endpoint check it (RFC 9068 4).
//!
//! `verify` must only accept a token with a signature of the key, the right type, and claims that
//! allow the request.

use std::sync::LazyLock;

use d1_authz::keys::{Expected, Jwks, verify};
use jiff::Timestamp;
use serde_json::Value;

use crate::signer::{self, ISSUER, KEY_ID, NOW};

const AUDIENCE: &str = "https://api.example";

static KEYS: LazyLock<Jwks> = LazyLock::new(|| {
    serde_json::from_value(signer::jwks()).expect("the signer's set is one of RFC 7517")
});

pub fn check(bytes: &[u8]) {
    let token = signer::jwt(bytes);
    let expected = Expected {
        issuer: Some(ISSUER),
        audience: Some(AUDIENCE),
        now: Timestamp::from_second(NOW).expect("a second of this century"),
    };
    let Ok(verified) = verify(&token, &KEYS, &expected) else {
        return;
    };
    let parts = signer::parts(&token);
    assert!(signer::signed(parts.message.as_bytes(), &parts.signature));
    let header = |name| parts.header.get(name).and_then(Value::as_str);
    let typ = header("typ").unwrap_or_default().to_ascii_lowercase();
    assert!(["at+jwt", "application/at+jwt"].contains(&&*typ), "{typ}");
    assert_eq!(
        (header("alg"), header("kid")),
        (Some("EdDSA"), Some(KEY_ID))
    );
    assert_eq!(parts.text("iss"), Some(ISSUER));
    assert!(parts.audiences().contains(&AUDIENCE));
    let expires_at = parts.claims.get("exp").and_then(Value::as_i64);
    assert!(expires_at > Some(NOW), "{expires_at:?}");
    assert_eq!(verified.claims, parts.claims);
}
