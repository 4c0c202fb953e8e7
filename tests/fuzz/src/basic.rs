//! The value of an `Authorization` header with a Basic credential (RFC 7617, RFC 6749 2.3.1).
//!
//! An accepted credential has at most one client id and one or two possible secrets. If it is
//! encoded again, in either encoding, the parser reads the same id and secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use d1_authz::token::{BasicCredential, ClientId, ClientSecret, CredentialError};

/// Checks the bytes as the header's value, and as the text in its base64.
pub fn check(bytes: &[u8]) {
    any(bytes);
    any(&header(bytes));
}

fn any(value: &[u8]) {
    let Ok(credential) = BasicCredential::from_basic(value) else {
        return;
    };
    assert!(value.len() <= BasicCredential::MAX_HEADER);
    let readings: Vec<&str> = credential.readings().map(ClientSecret::expose).collect();
    assert!(matches!(readings.len(), 1 | 2));
    for secret in &readings {
        let clean = !secret.is_empty() && !secret.bytes().any(|byte| byte.is_ascii_control());
        assert!(clean, "{secret:?}");
    }
    let Some(id) = credential.client_id() else {
        return;
    };
    assert!(ClientId::parse(id).is_ok(), "{id:?}");
    for secret in readings {
        let raw = format!("{id}:{secret}");
        let encoded = format!("{}:{}", encoded(id), encoded(secret));
        for text in [raw, encoded] {
            match BasicCredential::from_basic(&header(text.as_bytes())) {
                Ok(again) => {
                    assert_eq!(again.client_id(), Some(id), "{text}");
                    assert!(again.readings().any(|it| it.expose() == secret), "{text}");
                }
                // The encoded text can be three times as long.
                Err(error) => assert_eq!(error, CredentialError::TooLong, "{text}"),
            }
        }
    }
}

fn header(text: &[u8]) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(text)).into_bytes()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
