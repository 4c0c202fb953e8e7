//! Assertions in the forms of client libraries.

use serde_json::json;

use super::*;
use crate::harness::ISSUER;
use crate::harness::signer::{Signer, claims, now};

pub(super) async fn token(service: &Service, assertion: &str) -> Answer {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", kind),
        ("client_assertion", assertion),
    ];
    Answer::of(service.post().form(&form)).await
}

fn add(setup: &Setup, id: &str, signer: &Signer, more: &[&str]) {
    let mut add = vec!["client", "add", "--id", id, "--jwks", "-"];
    add.extend(more);
    let jwks = json!({ "keys": [signer.jwk] }).to_string();
    setup.run_with(&add, &jwks).ok();
}

/// An assertion of `id` with these claims changed.
fn assertion(signer: &Signer, id: &str, other: &[(&str, Value)]) -> String {
    let mut claims = claims(id);
    for (name, value) in other {
        claims[*name] = value.clone();
    }
    signer.sign(&claims)
}

/// "Libraries' assertions are refused without the expected value": a setting of the client allows
/// the token endpoint as audience.
#[tokio::test]
async fn a_client_may_name_the_token_endpoint_where_it_is_set_to() {
    let signer = Signer::es256();
    let setup = Setup::empty();
    let may = ["--assertion-audience", "token-endpoint"];
    add(&setup, "spring", &signer, &may);
    add(&setup, "strict", &signer, &[]);
    let service = setup.start();
    let endpoint = json!(format!("{ISSUER}/oauth2/token"));
    let both = json!([ISSUER, endpoint]);
    let of = |id: &str, other: &[(&str, Value)]| assertion(&signer, id, other);
    for aud in [&endpoint, &both, &json!(ISSUER)] {
        let good = of("spring", &[("aud", aud.clone())]);
        token(&service, &good).await.granted();
        let again = token(&service, &good).await;
        again.refused(401, "invalid_client");
    }
    // Authlib makes assertions for an hour. The service accepts them for the first minutes.
    let hour = |from: i64| {
        let (iat, exp) = (json!(from), json!(from + 3600));
        of(
            "spring",
            &[("aud", endpoint.clone()), ("iat", iat), ("exp", exp)],
        )
    };
    token(&service, &hour(now())).await.granted();
    let late = token(&service, &hour(now() - 400)).await;
    late.refused(401, "invalid_client");
    for aud in [
        json!([endpoint, "https://elsewhere.example"]),
        json!(format!("{ISSUER}/oauth2/introspect")),
        json!([]),
    ] {
        let wrong = token(&service, &of("spring", &[("aud", aud)])).await;
        wrong.refused(401, "invalid_client");
    }

    let strict = of("strict", &[("aud", endpoint.clone())]);
    let refused = token(&service, &strict).await;
    refused.refused(401, "invalid_client");
    let set = [
        "client",
        "set",
        "strict",
        "--assertion-audience",
        "token-endpoint",
    ];
    service.setup.run(&set).ok();
    let now_may = token(&service, &strict).await;
    now_may.granted();
    let shown = service.setup.run(&["client", "show", "strict"]).ok().stdout;
    assert!(shown.contains("token-endpoint"), "{shown}");
    let record = change(&service.setup, "client.changed");
    assert_eq!(record["fields"], json!(["assertion_audience"]));
    let reasons = service.stop().reasons();
    assert!(reasons.contains(&"assertion_wrong_audience".to_owned()));
}

/// "Libraries' assertions are refused without the expected value": each refusal names the expected
/// value.
#[tokio::test]
async fn a_refused_assertion_is_told_what_is_expected() {
    let signer = Signer::es256();
    let setup = Setup::empty();
    add(&setup, "batch", &signer, &[]);
    let service = setup.start();
    let endpoint = format!("{ISSUER}/oauth2/token");
    for (name, value, expected) in [
        ("aud", json!(endpoint), ISSUER),
        ("aud", json!("https://elsewhere.example"), ISSUER),
        ("exp", json!(now() + 3600), "5 minutes"),
        ("exp", json!(now() - 1), "exp must lie ahead"),
        ("nbf", json!(now() + 120), "30 seconds"),
        ("iss", json!("other"), "iss and sub"),
        ("jti", Value::Null, "jti"),
    ] {
        let wrong = assertion(&signer, "batch", &[(name, value.clone())]);
        let answer = token(&service, &wrong).await;
        answer.refused(401, "invalid_client");
        let described = answer.json()["error_description"].to_string();
        assert!(described.contains(expected), "{name} {value}: {described}");
    }
    // A caller without the client's key learns nothing about the client's settings.
    let stranger = Signer::es256();
    let [known, unknown] = ["batch", "nobody"].map(|id| {
        let endpoint = json!(endpoint);
        assertion(&stranger, id, &[("aud", endpoint)])
    });
    let [known, unknown] = [
        token(&service, &known).await,
        token(&service, &unknown).await,
    ];
    assert_eq!(known.text, unknown.text);
    assert!(!known.text.contains(ISSUER), "{}", known.text);
}
