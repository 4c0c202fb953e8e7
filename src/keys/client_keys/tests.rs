//! Which keys a client may have, and what they verify.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

fn p256() -> (EcdsaKeyPair, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk =
        json!({ "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) });
    (pair, jwk)
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

fn set(keys: &[Value]) -> Result<ClientKeys, ClientKeysError> {
    ClientKeys::parse(&json!({ "keys": keys }).to_string())
}

fn problem(jwk: &Value) -> KeyProblem {
    match set(std::slice::from_ref(jwk)) {
        Err(ClientKeysError::Key { number: 1, reason }) => reason,
        other => panic!("{jwk}: {other:?}"),
    }
}

#[test]
fn a_signature_is_that_of_the_named_key_or_of_any_when_none_is_named() {
    let ((one, first), (two, second)) = (p256(), p256());
    let keys = set(&[with(first, "kid", "1"), with(second, "kid", "2")]).unwrap();
    let signed = |pair: &EcdsaKeyPair| pair.sign(&SystemRandom::new(), b"message").unwrap();
    let (by_one, by_two) = (signed(&one), signed(&two));
    let verify = |id, message: &[u8], signature: &[u8]| {
        keys.verify(AssertionAlgorithm::Es256, id, message, signature)
    };
    assert!(verify(Some("1"), b"message", by_one.as_ref()));
    assert!(!verify(Some("1"), b"message", by_two.as_ref()));
    assert!(!verify(Some("3"), b"message", by_one.as_ref()));
    assert!(verify(None, b"message", by_two.as_ref()));
    assert!(!verify(None, b"massage", by_two.as_ref()));
    for other in AssertionAlgorithm::ALL {
        let is_its_own = *other == AssertionAlgorithm::Es256;
        let verified = keys.verify(*other, None, b"message", by_one.as_ref());
        assert_eq!(verified, is_its_own, "{other}");
    }
}

#[test]
fn keys_survive_being_written_and_read() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let jwk =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "a", "use": "sig", "unknown": 1 });
    let keys = set(&[jwk]).unwrap();
    let again = ClientKeys::parse(&serde_json::to_string(&keys).unwrap()).unwrap();
    assert_eq!(keys, again);
    assert!(again.verify(
        AssertionAlgorithm::EdDsa,
        Some("a"),
        b"m",
        pair.sign(b"m").as_ref()
    ));
    assert_eq!(keys.thumbprints().len(), 1);
}

#[test]
fn one_key_is_a_set_and_others_are_told_from_it() {
    let (_, jwk) = p256();
    ClientKeys::parse(&jwk.to_string()).unwrap();
    for text in [
        "",
        "[]",
        "{}",
        "{\"keys\": {}}",
        "-----BEGIN PUBLIC KEY-----",
    ] {
        let error = ClientKeys::parse(text).unwrap_err();
        assert!(
            matches!(error, ClientKeysError::NotAJwkSet(_)),
            "{text}: {error}"
        );
    }
    assert_eq!(set(&[]).unwrap_err(), ClientKeysError::Number(0));
    let nine: Vec<_> = (0..9).map(|_| p256().1).collect();
    assert_eq!(set(&nine).unwrap_err(), ClientKeysError::Number(9));
    let one = |kid: &str| with(p256().1, "kid", kid);
    let error = set(&[one("a"), one("a")]).unwrap_err();
    assert_eq!(error, ClientKeysError::RepeatedId("a".to_owned()));
}

#[test]
fn what_is_for_something_else_is_passed_by_while_a_key_is_left() {
    let (_, good) = p256();
    let rsa = json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xff; 256]), "e": "AQAB" });
    let read = |keys: &[Value]| {
        let json = format!("\u{feff}{}", json!({ "keys": keys }));
        ClientKeys::read(&json)
    };
    for other in [
        with(rsa.clone(), "use", "enc"),
        with(rsa.clone(), "key_ops", json!(["encrypt"])),
        with(rsa.clone(), "alg", "RSA-OAEP"),
        with(rsa.clone(), "alg", "RSA-OAEP-512"),
        with(rsa.clone(), "alg", 7),
        with(rsa.clone(), "n", "AQAB"),
        with(rsa.clone(), "kid", "x".repeat(256)),
        with(good.clone(), "alg", "ECDH-ES"),
        with(good.clone(), "crv", "secp256k1"),
        with(good.clone(), "x", "AA"),
        json!({ "kty": "oct", "k": "AAAA" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA" }),
        json!({ "kty": "OKP", "crv": "Ed448", "x": "AAAA" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" }),
        json!({ "kty": "EC", "crv": "P-256" }),
        json!({}),
        json!("x"),
        good.clone(),
    ] {
        let of_two = read(&[good.clone(), other.clone()]).unwrap();
        assert_eq!(of_two.keys.jwks().keys.len(), 1, "{other}");
        assert_eq!(of_two.passed_by.len(), 1, "{other}");
        assert_eq!(of_two.passed_by[0].number, 2, "{other}");
        if other != good {
            read(std::slice::from_ref(&other)).unwrap_err();
            let none = read(&[other.clone(), other]).unwrap_err();
            assert!(matches!(none, ClientKeysError::NoneOfUse(_)), "{none}");
        }
    }
    // RFC 7517 4.5: keys of two types may share one id.
    let both = read(&[
        with(good.clone(), "kid", "a"),
        with(rsa.clone(), "kid", "a"),
    ]);
    assert_eq!(both.unwrap().keys.jwks().keys.len(), 2);
    // A private key is reported, whatever other keys the set has.
    let error = read(&[good.clone(), with(good, "d", "AA")]).unwrap_err();
    assert!(matches!(error, ClientKeysError::Key { number: 2, .. }));
}

#[test]
fn an_algorithm_that_the_library_does_not_know_survives_being_written() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "Ed25519" });
    let p521 = {
        let pair = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-521", "x": text(&point[1..67]), "y": text(&point[67..]), "alg": "ES512" })
    };
    let keys = set(&[ed25519, p521]).unwrap();
    let again = ClientKeys::parse(&serde_json::to_string(&keys).unwrap()).unwrap();
    assert_eq!(keys, again);
    let signature = pair.sign(b"m");
    for algorithm in [AssertionAlgorithm::EdDsa, AssertionAlgorithm::Ed25519] {
        assert!(again.verify(algorithm, None, b"m", signature.as_ref()));
    }
    assert!(again.keys[1].verifier(AssertionAlgorithm::Es512).is_some());
}

#[test]
fn private_symmetric_weak_and_foreign_keys_are_refused() {
    let (_, jwk) = p256();
    assert_eq!(
        problem(&with(jwk.clone(), "d", "AA")),
        KeyProblem::Private("d")
    );
    assert_eq!(
        problem(&json!({ "kty": "oct", "k": "AAAA" })),
        KeyProblem::Symmetric
    );
    for (name, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"]))] {
        assert_eq!(
            problem(&with(jwk.clone(), name, value)),
            KeyProblem::NotForSignatures
        );
    }
    for alg in ["HS256", "ES384", "none"] {
        assert_eq!(
            problem(&with(jwk.clone(), "alg", alg)),
            KeyProblem::NoAlgorithm,
            "{alg}"
        );
    }
    let beside_the_curve = URL_SAFE_NO_PAD.encode([7; 32]);
    assert_eq!(
        problem(&with(jwk.clone(), "y", beside_the_curve)),
        KeyProblem::Invalid
    );
    assert_eq!(problem(&with(jwk, "x", "AA")), KeyProblem::Invalid);
    let rsa = |bytes: usize, e: &str| json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(vec![0xff; bytes]), "e": e });
    for jwk in [
        rsa(128, "AQAB"),
        rsa(255, "AQAB"),
        rsa(1025, "AQAB"),
        rsa(256, "AQ"),
        rsa(256, ""),
    ] {
        assert_eq!(problem(&jwk), KeyProblem::Invalid, "{jwk}");
    }
    set(&[rsa(256, "AQAB")]).unwrap();
}

#[test]
fn there_is_a_decoy_for_every_algorithm() {
    let decoys = ClientKeys::parse(include_str!("decoys.json")).unwrap();
    for algorithm in AssertionAlgorithm::ALL {
        assert!(
            decoys
                .keys
                .iter()
                .any(|key| key.verifier(*algorithm).is_some())
        );
        Decoy.verify(*algorithm, b"message", &[0; 64]);
    }
}
