//! Each rule for an assertion. The signature is a dummy, because these tests don't check it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://bank.example/authz/d1/v1";
const ENDPOINT: &str = "https://bank.example/authz/d1/v1/oauth2/token";
const NOW: i64 = 1_700_000_000;

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn read(header: &Value, claims: &Value) -> Result<ClientAssertion, AssertionError> {
    let (assertion, audience) = checked(header, claims)?;
    match audience {
        AssertionAudience::Issuer => Ok(assertion),
        AssertionAudience::TokenEndpoint => Err(AssertionError::WrongAudience),
    }
}

/// Reads and checks an assertion. Gives it with the setting that its client must have.
fn checked(
    header: &Value,
    claims: &Value,
) -> Result<(ClientAssertion, AssertionAudience), AssertionError> {
    let text = format!("{}.{}.c2ln", encoded(header), encoded(claims));
    let assertion = ClientAssertion::parse(&text)?;
    let now = Timestamp::from_second(NOW).unwrap();
    let audience = assertion.check(ISSUER, ENDPOINT, now)?;
    Ok((assertion, audience))
}

fn claims() -> Value {
    json!({ "iss": "a", "sub": "a", "aud": ISSUER, "exp": NOW + 60, "jti": "1" })
}

/// Reads an assertion with one claim changed.
fn with(name: &str, value: impl Into<Value>) -> Result<ClientAssertion, AssertionError> {
    let mut claims = claims();
    claims[name] = value.into();
    read(&json!({ "alg": "ES256" }), &claims)
}

fn headed(header: &Value) -> Result<ClientAssertion, AssertionError> {
    read(header, &claims())
}

#[test]
fn a_good_one_is_read() {
    let header = json!({ "alg": "PS256", "kid": "k", "typ": "client-authentication+JWT" });
    let assertion = headed(&header).unwrap();
    assert_eq!(assertion.client_id(), Some("a"));
    assert_eq!(
        (assertion.algorithm(), assertion.key_id(), assertion.id()),
        (AssertionAlgorithm::Ps256, Some("k"), "1")
    );
    assert_eq!(assertion.expires_at(AssertionAudience::Issuer), NOW + 60);
    assert_eq!(assertion.signature(), b"sig");
    assert!(encoded(&header).starts_with(&String::from_utf8_lossy(&assertion.message()[..20])[..]));
    assert_eq!(format!("{assertion:?}"), "ClientAssertion(..)");
}

#[test]
fn headers() {
    use AssertionError as E;
    for alg in ["none", "HS256", "ES256K", "es256", ""] {
        let read = headed(&json!({ "alg": alg }));
        assert_eq!(read.unwrap_err(), E::UnsupportedAlgorithm, "{alg}");
    }
    for typ in ["at+jwt", "dpop+jwt", ""] {
        let read = headed(&json!({ "alg": "ES256", "typ": typ }));
        assert_eq!(read.unwrap_err(), E::WrongType, "{typ}");
    }
    let critical = json!({ "alg": "ES256", "crit": ["b64"], "b64": false });
    assert_eq!(headed(&critical).unwrap_err(), E::Malformed);
    assert_eq!(headed(&json!({ "typ": "JWT" })).unwrap_err(), E::Malformed);
}

#[test]
fn whose_and_for_whom() {
    use AssertionError as E;
    for (name, value) in [("iss", json!("b")), ("sub", json!("b"))] {
        assert_eq!(with(name, value).unwrap_err(), E::WrongSubject);
    }
    for id in ["", "a:b", "a b"] {
        let claims = json!({ "iss": id, "sub": id, "aud": ISSUER, "exp": NOW + 60, "jti": "1" });
        let read = read(&json!({ "alg": "ES256" }), &claims);
        assert_eq!(read.unwrap_err(), E::WrongSubject, "{id:?}");
    }
    with("aud", json!([ISSUER])).expect("an array of one is that one, RFC 7519 4.1.3");
    for aud in [
        json!(ENDPOINT),
        json!(format!("{ISSUER}/")),
        json!("https://BANK.example/authz/d1/v1"),
        json!([ISSUER, "https://other.example"]),
        json!([]),
        json!(""),
    ] {
        assert_eq!(
            with("aud", aud.clone()).unwrap_err(),
            E::WrongAudience,
            "{aud}"
        );
    }
}

#[test]
fn times() {
    use AssertionError as E;
    for exp in [NOW + 1, NOW + 300, NOW + 330] {
        with("exp", exp).unwrap();
    }
    with("exp", 1_700_000_059.5).expect("a NumericDate may have a fraction, RFC 7519 2");
    for exp in [NOW, NOW - 1, 0, -1, i64::MIN] {
        assert_eq!(with("exp", exp).unwrap_err(), E::Expired, "{exp}");
    }
    for exp in [json!(NOW + 331), json!(i64::MAX), json!(1e300)] {
        assert_eq!(
            with("exp", exp.clone()).unwrap_err(),
            E::TooLongLived,
            "{exp}"
        );
    }
    with("iat", NOW - 270).unwrap();
    assert_eq!(with("iat", NOW - 271).unwrap_err(), E::TooLongLived);
    for name in ["nbf", "iat"] {
        with(name, NOW + 30).unwrap();
        assert_eq!(with(name, NOW + 31).unwrap_err(), E::NotYetValid);
    }
}

#[test]
fn one_for_the_token_endpoint_is_of_a_client_that_is_set_to_it() {
    let of = |other: &[(&str, Value)]| {
        let mut claims = claims();
        claims["aud"] = json!(ENDPOINT);
        for (name, value) in other {
            claims[*name] = value.clone();
        }
        let (assertion, audience) = checked(&json!({ "alg": "ES256" }), &claims)?;
        assert_eq!(audience, AssertionAudience::TokenEndpoint);
        Ok(assertion.expires_at(audience))
    };
    assert_eq!(of(&[]), Ok(NOW + 60));
    assert_eq!(of(&[("aud", json!([ISSUER, ENDPOINT]))]), Ok(NOW + 60));
    let hour = |iat: i64| of(&[("iat", json!(iat)), ("exp", json!(iat + 3600))]);
    assert_eq!(hour(NOW), Ok(NOW + 300), "taken by its iat");
    assert_eq!(hour(NOW + 30), Ok(NOW + 330));
    assert_eq!(hour(NOW + 31), Err(AssertionError::TooLongLived));
    assert_eq!(hour(NOW - 299), Ok(NOW + 1));
    assert_eq!(hour(NOW - 300), Err(AssertionError::Expired));
    let longer = of(&[("iat", json!(NOW)), ("exp", json!(NOW + 3631))]);
    assert_eq!(longer, Err(AssertionError::TooLongLived));
    let without_iat = of(&[("exp", json!(NOW + 3600))]);
    assert_eq!(without_iat, Err(AssertionError::TooLongLived));
}

#[test]
fn what_must_be_there() {
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        for wrong in [Value::Null, json!({}), json!(true)] {
            let read = with(name, wrong.clone());
            assert_eq!(
                read.unwrap_err(),
                AssertionError::MissingClaim,
                "{name}: {wrong}"
            );
        }
    }
    for jti in [String::new(), "x".repeat(256)] {
        assert_eq!(with("jti", jti).unwrap_err(), AssertionError::MissingClaim);
    }
}

#[test]
fn what_is_no_jwt() {
    for text in [
        "",
        ".",
        "..",
        "a.b.c",
        "e30.e30",
        "e30.e30.!",
        "bnVsbA.e30.",
        "W10.e30.",
    ] {
        let read = ClientAssertion::parse(text);
        assert_eq!(read.unwrap_err(), AssertionError::Malformed, "{text}");
    }
    let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","alg":"ES256"}"#);
    let read = ClientAssertion::parse(&format!("{twice}.{}.", encoded(&claims())));
    assert_eq!(
        read.unwrap_err(),
        AssertionError::Malformed,
        "one reader's alg, another's alg"
    );
    let long = "a".repeat(ClientAssertion::MAX_LENGTH + 1);
    assert_eq!(
        ClientAssertion::parse(&long).unwrap_err(),
        AssertionError::TooLong
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(header in ".{0,80}", claims in ".{0,200}") {
        let text = format!("{}.{}.", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims));
        if let Ok(assertion) = ClientAssertion::parse(&text) {
            let _ = assertion.check(ISSUER, ENDPOINT, Timestamp::UNIX_EPOCH);
        }
    }
}
