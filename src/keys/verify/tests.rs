//! Good tokens of every algorithm, and what is wrong with bad ones.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::keys::{MasterKey, SigningKey, StoredKey, Vault, published};
use crate::token::{Audience, Claims, ClientId, Scope, UnsignedToken};

const ISSUER: &str = "https://as.example";
const AUDIENCE: &str = "https://api.example";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn expected(now: i64) -> Expected<'static> {
    Expected {
        issuer: Some(ISSUER),
        audience: Some(AUDIENCE),
        now: at(now),
    }
}

fn key(algorithm: Algorithm) -> (SigningKey, Jwks) {
    let (vault, _) = Vault::create(&MasterKey::random());
    let stored = vault.generate_signing_key(algorithm, at(0), at(0)).unwrap();
    (
        vault.open_signing_key(&stored).unwrap().unwrap(),
        published([stored].iter(), at(0)),
    )
}

fn token(key: &SigningKey) -> String {
    let (client, audience) = (
        ClientId::parse("c").unwrap(),
        Audience::parse(AUDIENCE).unwrap(),
    );
    let claims = Claims {
        issuer: ISSUER,
        subject: &client,
        client_id: &client,
        audiences: &[audience],
        expires_at: 1900,
        issued_at: 1000,
        token_id: "id",
        confirmation: None,
        scope: &Scope::parse("a").unwrap(),
    };
    let unsigned = UnsignedToken::new(key.header(), &claims);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(key.sign(unsigned))
        .unwrap()
}

/// The token with these changes to its header and its payload, and with its old signature.
fn forged(token: &str, header: &Value, payload: &Value) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let part = |encoded: &str, change: &Value| {
        let mut object: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap();
        for (name, value) in change.as_object().unwrap() {
            object[name] = value.clone();
        }
        URL_SAFE_NO_PAD.encode(object.to_string())
    };
    format!(
        "{}.{}.{}",
        part(parts[0], header),
        part(parts[1], payload),
        parts[2]
    )
}

#[test]
fn what_each_algorithm_signs_verifies() {
    for algorithm in Algorithm::ALL {
        let (key, jwks) = key(*algorithm);
        let verified = verify(&token(&key), &jwks, &expected(1899)).unwrap();
        assert_eq!(
            (verified.alg, verified.kid.as_str()),
            (*algorithm, key.id())
        );
        assert_eq!(verified.claims["scope"], "a");
        let other = self::key(*algorithm).1;
        assert_eq!(
            verify(&token(&key), &other, &expected(0)),
            Err(VerifyError::UnknownKey(key.id().into()))
        );
    }
}

#[test]
fn published_keys_have_no_private_member_and_a_thumbprint_for_a_name() {
    for (algorithm, members) in [
        (
            Algorithm::Es256,
            &["alg", "crv", "kid", "kty", "use", "x", "y"][..],
        ),
        (
            Algorithm::Es384,
            &["alg", "crv", "kid", "kty", "use", "x", "y"],
        ),
        (Algorithm::EdDsa, &["alg", "crv", "kid", "kty", "use", "x"]),
        (Algorithm::Rs256, &["alg", "e", "kid", "kty", "n", "use"]),
        (Algorithm::Ps256, &["alg", "e", "kid", "kty", "n", "use"]),
    ] {
        let (key, jwks) = key(algorithm);
        let set = serde_json::to_value(&jwks).unwrap();
        let jwk = set["keys"][0].as_object().unwrap();
        let mut names: Vec<_> = jwk.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, members);
        assert_eq!(
            (&jwk["use"], &jwk["alg"], &jwk["kid"]),
            (&json!("sig"), &json!(algorithm), &json!(key.id()))
        );
        assert_eq!(URL_SAFE_NO_PAD.decode(key.id()).unwrap().len(), 32);
        let read: Jwks = serde_json::from_value(set).unwrap();
        assert_eq!(read, jwks);
    }
}

#[test]
fn a_thumbprint_is_rfc_7638s() {
    // The key and the thumbprint are those of RFC 7638 3.1.
    let jwk: crate::keys::Jwk = serde_json::from_value(json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
              tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91C\
              bOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }))
    .unwrap();
    let thumbprint = jwk
        .thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
        .unwrap();
    assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn each_check_says_what_failed() {
    use VerifyError::*;
    let (key, jwks) = key(Algorithm::Es256);
    let good = token(&key);
    let header = |change: Value| {
        verify(&forged(&good, &change, &json!({})), &jwks, &expected(1000)).unwrap_err()
    };
    assert_eq!(header(json!({"typ": "JWT"})), WrongType("JWT".into()));
    assert_eq!(header(json!({"typ": null})), WrongType(String::new()));
    assert_eq!(
        header(json!({"alg": "none"})),
        WrongAlgorithm("none".into())
    );
    assert_eq!(
        header(json!({"alg": "HS256"})),
        WrongAlgorithm("HS256".into())
    );
    assert_eq!(
        header(json!({"alg": "RS256"})),
        KeyMismatch {
            alg: Algorithm::Rs256,
            kid: key.id().into()
        }
    );
    assert_eq!(header(json!({"kid": "other"})), UnknownKey("other".into()));
    assert!(matches!(header(json!({"crit": ["x"]})), Malformed(_)));
    assert_eq!(
        header(json!({"typ": "application/AT+JWT"})),
        BadSignature,
        "the type is fine, the header altered"
    );

    let payload = |change: Value| {
        verify(&forged(&good, &json!({}), &change), &jwks, &expected(1000)).unwrap_err()
    };
    assert_eq!(payload(json!({"scope": "a b"})), BadSignature);

    let with = |expected: Expected<'_>| verify(&good, &jwks, &expected).unwrap_err();
    assert_eq!(with(expected(1900)), Expired(at(1900)));
    assert!(matches!(
        with(Expected {
            issuer: Some("https://x"),
            ..expected(1000)
        }),
        WrongIssuer { .. }
    ));
    assert_eq!(
        with(Expected {
            audience: Some("https://x"),
            ..expected(1000)
        }),
        WrongAudience("https://x".into())
    );

    for text in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "!.!.!",
        &good[..good.len() - 90],
        &format!("{good}.x"),
    ] {
        let error = verify(text, &jwks, &expected(1000)).unwrap_err();
        assert!(
            matches!(error, Malformed(_) | BadSignature),
            "{text}: {error}"
        );
    }
}

#[test]
fn claims_that_rfc_9068_requires_are_required() {
    let claims = json!({
        "iss": ISSUER, "aud": [AUDIENCE, "urn:other"], "exp": 1900, "iat": 1000, "sub": "c", "client_id": "c", "jti": "i",
    });
    let claims = claims.as_object().unwrap();
    check_claims(claims, &expected(1000)).unwrap();
    for name in ["iss", "aud", "exp", "iat", "sub", "client_id", "jti"] {
        let mut without = claims.clone();
        without.remove(name);
        assert_eq!(
            check_claims(&without, &expected(1000)),
            Err(VerifyError::MissingClaim(name))
        );
        without.insert(name.into(), json!({}));
        assert_eq!(
            check_claims(&without, &expected(1000)),
            Err(VerifyError::MissingClaim(name))
        );
    }
}

#[test]
fn a_stored_key_that_was_tampered_with_does_not_open() {
    let (vault, sealed) = Vault::create(&MasterKey::random());
    let one = vault
        .generate_signing_key(Algorithm::Es256, at(0), at(0))
        .unwrap();
    let two = vault
        .generate_signing_key(Algorithm::Es256, at(0), at(0))
        .unwrap();
    let swapped = StoredKey {
        private_half: two.private_half,
        ..one.clone()
    };
    assert!(
        vault
            .open_signing_key(&swapped)
            .unwrap_err()
            .to_string()
            .contains(&one.id)
    );
    let renamed = StoredKey { id: two.id, ..one };
    assert!(vault.open_signing_key(&renamed).is_err());
    let wrong = Vault::open(&MasterKey::random(), &sealed).unwrap_err();
    assert!(
        wrong.to_string().contains("keys.master_key_file"),
        "{wrong}"
    );
}
