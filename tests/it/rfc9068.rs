//! RFC 9068, JWT Profile for OAuth 2.0 Access Tokens, and the rules of RFC 6750 on lifetime and
//! audience.

use std::collections::HashSet;

use d1_authz::keys::{Expected, Jwks, verify};
use jiff::Timestamp;
use serde_json::json;

use crate::harness::{D1, GRANT, ISSUER, Service, Setup, basic, parts};

async fn keys(service: &Service) -> Jwks {
    serde_json::from_str(&service.get("/oauth2/jwks").await.text).unwrap()
}

#[tokio::test]
async fn section_2_1_the_header_says_at_jwt_and_names_a_published_key() {
    let service = Setup::with_d1().start();
    let [header, _] = parts(&service.token(D1, GRANT).await.access_token());
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("at+jwt"), &json!("ES256"))
    );
    let keys = keys(&service).await;
    assert!(keys.find(header["kid"].as_str().unwrap()).is_some());
}

#[tokio::test]
async fn section_2_2_all_claims_are_there() {
    let service = Setup::with_d1().start();
    let before = Timestamp::now().as_second();
    let answer = service.token(D1, &format!("{GRANT}&scope=pin")).await;
    let [_, claims] = parts(&answer.access_token());
    let members: HashSet<_> = claims
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let all = [
        "iss",
        "exp",
        "aud",
        "sub",
        "client_id",
        "iat",
        "jti",
        "scope",
    ];
    assert_eq!(members, all.into());
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], ISSUER, "the default");
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!("is_tbank01"), &json!("is_tbank01"))
    );
    assert_eq!(claims["scope"], "pin");
    let issued = claims["iat"].as_i64().unwrap();
    assert!((before..=Timestamp::now().as_second()).contains(&issued));
    assert_eq!(claims["exp"].as_i64().unwrap() - issued, 900);
}

#[tokio::test]
async fn section_2_2_no_two_tokens_have_one_jti() {
    let service = Setup::with_d1().start();
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let [_, claims] = parts(&service.token(D1, GRANT).await.access_token());
        assert!(seen.insert(claims["jti"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test]
async fn section_3_the_audience_is_the_clients_own() {
    let setup = Setup::of("token = { audience = \"https://cards.bank.example\" }\n");
    setup.add("default", "123", &[]);
    setup.add("one", "123", &["--audience", "https://pin.bank.example"]);
    setup.add("two", "123", &["--audience", "a", "--audience", "b"]);
    let service = setup.start();
    for (id, audience) in [
        ("default", json!("https://cards.bank.example")),
        ("one", json!("https://pin.bank.example")),
        ("two", json!(["a", "b"])),
    ] {
        let answer = service.token(&basic(id, "123"), GRANT).await;
        let [_, claims] = parts(&answer.access_token());
        assert_eq!(claims["aud"], audience);
    }
}

#[tokio::test]
async fn section_4_a_resource_server_accepts_it_with_the_published_keys_alone() {
    let service = Setup::with_d1().start();
    let token = service.token(D1, GRANT).await.access_token();
    let keys = keys(&service).await;
    let expected = Expected {
        issuer: Some(ISSUER),
        audience: Some(ISSUER),
        now: Timestamp::now(),
    };
    let verified = verify(&token, &keys, &expected).unwrap();
    assert_eq!(verified.claims["client_id"], "is_tbank01");
    let mut altered = token;
    let middle = altered.find('.').unwrap() + 10;
    let other = if altered.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    altered.replace_range(middle..=middle, other);
    assert!(verify(&altered, &keys, &expected).is_err());
}

#[tokio::test]
async fn section_2_1_every_algorithm_is_asymmetric_and_verifies() {
    for algorithm in ["ES256", "ES384", "EdDSA", "RS256", "PS256"] {
        let setup = Setup::of(&format!("token = {{ algorithm = \"{algorithm}\" }}\n"));
        setup.add("is_tbank01", "123", &[]);
        let service = setup.start();
        let token = service.token(D1, GRANT).await.access_token();
        let [header, _] = parts(&token);
        assert_eq!(header["alg"], algorithm);
        let expected = Expected {
            issuer: Some(ISSUER),
            audience: None,
            now: Timestamp::now(),
        };
        verify(&token, &keys(&service).await, &expected).unwrap();
    }
}

#[test]
fn section_2_1_none_is_no_algorithm() {
    for algorithm in ["none", "HS256", ""] {
        let setup = Setup::of(&format!("token = {{ algorithm = \"{algorithm}\" }}\n"));
        setup.run(&["config", "check"]).fails(2, "token.algorithm");
    }
}

#[tokio::test]
async fn rfc_6750_section_5_3_a_token_lives_an_hour_at_most() {
    for lifetime in ["61m", "2h", "0s", "90"] {
        let setup = Setup::of(&format!("token = {{ lifetime = \"{lifetime}\" }}\n"));
        setup.run(&["config", "check"]).fails(2, "token.lifetime");
    }
    let setup = Setup::of("token = { lifetime = \"1h\" }\n");
    setup.add("long", "123", &[]);
    setup.add("short", "123", &["--lifetime", "90s"]);
    let too_long = ["client", "add", "--id", "longer", "--lifetime", "61m"];
    setup.run(&too_long).fails(2, "between 1s and 1h");
    let service = setup.start();
    for (id, seconds) in [("long", "3600"), ("short", "90")] {
        let reply = service.token(&basic(id, "123"), GRANT).await.granted();
        assert_eq!(reply["expires_in"], seconds);
    }
}
