//! RFC 7523, JWT Profile for OAuth 2.0 Client Authentication, with RFC 7521: a client authenticates
//! by a signed assertion.

mod registration;

use serde_json::{Value, json};

use crate::harness::signer::{Signer, claims, now};
use crate::harness::{Answer, D1, GRANT, ISSUER, Service, Setup};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A service with a client `batch`, which has this signer's key.
fn service_for(signer: &Signer) -> Service {
    let setup = Setup::empty();
    add(&setup, "batch", &[signer]);
    setup.start()
}

fn add(setup: &Setup, id: &str, signers: &[&Signer]) {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk.clone()).collect();
    let add = [
        "client", "add", "--id", id, "--scope", "cards", "--jwks", "-",
    ];
    let jwks = json!({ "keys": keys }).to_string();
    setup.run_with(&add, &jwks).ok();
}

async fn post(service: &Service, parameters: &[(&str, &str)]) -> Answer {
    Answer::of(service.post().form(parameters)).await
}

async fn token(service: &Service, assertion: &str) -> Answer {
    let grant = ("grant_type", "client_credentials");
    let (kind, assertion) = (
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    );
    post(service, &[grant, kind, assertion]).await
}

#[tokio::test]
async fn section_2_2_a_client_proves_itself_with_its_key() {
    for signer in [
        Signer::es256(),
        Signer::es384(),
        Signer::ed25519(),
        Signer::rsa("RS256"),
        Signer::rsa("PS256"),
    ] {
        let service = service_for(&signer);
        let reply = token(&service, &signer.sign(&claims("batch")))
            .await
            .granted();
        assert_eq!(reply["scope"], "cards");
        assert_eq!(reply["token_type"], "Bearer");
    }
}

#[tokio::test]
async fn section_3_every_rule_for_the_claims() {
    let signer = Signer::es256();
    let service = service_for(&signer);
    let endpoint = format!("{ISSUER}/oauth2/token");
    let broken = [
        ("iss", json!("other"), "wrong_subject"),
        ("sub", json!("other"), "wrong_subject"),
        ("aud", json!(endpoint), "wrong_audience"),
        ("aud", json!([ISSUER, endpoint]), "wrong_audience"),
        ("aud", json!(format!("{ISSUER}/")), "wrong_audience"),
        ("aud", Value::Null, "missing_claim"),
        ("exp", json!(now() - 1), "expired"),
        ("exp", json!(now() + 3600), "too_long_lived"),
        ("exp", Value::Null, "missing_claim"),
        ("nbf", json!(now() + 120), "not_yet_valid"),
        ("iat", json!(now() + 120), "not_yet_valid"),
        ("jti", Value::Null, "missing_claim"),
        ("jti", json!(""), "missing_claim"),
    ];
    let expected: Vec<_> = broken
        .iter()
        .map(|(_, _, why)| format!("assertion_{why}"))
        .collect();
    for (name, value, _) in broken {
        let mut claims = claims("batch");
        claims[name] = value.clone();
        let answer = token(&service, &signer.sign(&claims)).await;
        // The throttle refuses more than ten wrong assertions from one address. A good one in
        // between resets it.
        token(&service, &signer.sign(&self::claims("batch")))
            .await
            .granted();
        assert_eq!(answer.status, 401, "{name}: {value}: {answer:?}");
        answer.refused(401, "invalid_client");
    }
    assert_eq!(service.stop().reasons(), expected);
}

#[tokio::test]
async fn section_3_every_rule_for_the_signature() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let service = service_for(&signer);
    let good = signer.sign(&claims("batch"));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let unsigned = signer.with_header(&json!({ "alg": "none" }), &claims("batch"));
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    let confused = signer.with_header(&json!({ "alg": "HS256" }), &claims("batch"));
    let other = signer.with_header(&json!({ "alg": "ES384" }), &claims("batch"));
    let access_token = signer.with_header(
        &json!({ "alg": "ES256", "typ": "at+jwt" }),
        &claims("batch"),
    );
    let critical = signer.with_header(
        &json!({ "alg": "ES256", "crit": ["x"], "x": 1 }),
        &claims("batch"),
    );
    let elsewhere =
        signer.with_header(&json!({ "alg": "ES256", "kid": "other" }), &claims("batch"));
    let mut expected = Vec::new();
    for (assertion, why) in [
        (stranger.sign(&claims("batch")), "bad_signature"),
        (
            format!("{message}.{}", signature.replace(&signature[..4], "AAAA")),
            "bad_signature",
        ),
        (format!("{message}."), "bad_signature"),
        (unsigned, "unsupported_algorithm"),
        (confused, "unsupported_algorithm"),
        (other, "bad_signature"),
        (access_token, "wrong_type"),
        (critical, "malformed"),
        (elsewhere, "bad_signature"),
        ("x".to_owned(), "malformed"),
        ("a.b.c".to_owned(), "malformed"),
        ("x".repeat(9000), "malformed"),
    ] {
        let answer = token(&service, &assertion).await;
        answer.refused(401, "invalid_client");
        expected.push(format!("assertion_{why}"));
        token(&service, &signer.sign(&claims("batch")))
            .await
            .granted();
    }
    assert_eq!(service.stop().reasons(), expected);
}

#[tokio::test]
async fn section_3_each_assertion_is_used_once() {
    let (one, two) = (Signer::es256(), Signer::es256());
    let setup = Setup::empty();
    add(&setup, "batch", &[&one]);
    add(&setup, "other", &[&two]);
    let service = setup.start();
    let mut first = claims("batch");
    first["jti"] = json!("the same");
    let mut second = claims("other");
    second["jti"] = json!("the same");
    let assertion = one.sign(&first);
    token(&service, &assertion).await.granted();
    token(&service, &assertion)
        .await
        .refused(401, "invalid_client");
    first["exp"] = json!(now() + 200);
    token(&service, &one.sign(&first))
        .await
        .refused(401, "invalid_client");
    token(&service, &two.sign(&second)).await.granted();
    let replayed = "assertion_replayed";
    assert_eq!(service.stop().reasons(), [replayed, replayed]);
}

#[tokio::test]
async fn section_3_a_jti_is_not_used_up_by_who_can_not_sign() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let service = service_for(&signer);
    let claims = claims("batch");
    token(&service, &stranger.sign(&claims))
        .await
        .refused(401, "invalid_client");
    token(&service, &signer.sign(&claims)).await.granted();
}

#[tokio::test]
async fn rfc_7521_section_4_2_the_two_parameters_belong_together() {
    let signer = Signer::es256();
    let service = service_for(&signer);
    let assertion = signer.sign(&claims("batch"));
    let grant = ("grant_type", "client_credentials");
    let (kind, shown) = (
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
    );
    for form in [
        &[grant, kind][..],
        &[grant, shown],
        &[grant, kind, ("client_assertion", "")],
    ] {
        post(&service, form).await.refused(400, "invalid_request");
    }
    for other in [
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        "x",
    ] {
        let form = [grant, ("client_assertion_type", other), shown];
        post(&service, &form).await.refused(401, "invalid_client");
    }
    for id in ["other", "BATCH"] {
        let assertion = signer.sign(&claims("batch"));
        let form = [
            grant,
            kind,
            ("client_assertion", &assertion),
            ("client_id", id),
        ];
        post(&service, &form).await.refused(400, "invalid_request");
    }
    post(&service, &[grant, kind, shown, ("client_id", "batch")])
        .await
        .granted();
}

#[tokio::test]
async fn rfc_6749_section_2_3_one_way_of_authenticating_in_a_request() {
    let signer = Signer::es256();
    let setup = Setup::with_d1();
    add(&setup, "batch", &[&signer]);
    let service = setup.start();
    let assertion = signer.sign(&claims("batch"));
    let form = format!("{GRANT}&client_assertion_type={TYPE}&client_assertion={assertion}");
    service
        .token(D1, &form)
        .await
        .refused(400, "invalid_request");
    let grant = ("grant_type", "client_credentials");
    let (kind, shown) = (
        ("client_assertion_type", TYPE),
        ("client_assertion", &*assertion),
    );
    let form = [grant, kind, shown, ("client_secret", "123")];
    post(&service, &form).await.refused(400, "invalid_request");
    // RFC 6749 2.3.1 lets a server choose whether it accepts a secret in the form, and this one
    // doesn't. The challenge tells a caller without a credential how to authenticate.
    for form in [
        &[grant][..],
        &[grant, ("client_id", "is_tbank01"), ("client_secret", "123")],
    ] {
        let answer = post(&service, form).await;
        answer.refused(401, "invalid_client");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic realm=")
        );
    }
    token(&service, &assertion).await.granted();
}

#[tokio::test]
async fn failures_are_throttled_and_the_client_itself_is_not() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let service = service_for(&signer);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let forged = token(&service, &stranger.sign(&claims("batch"))).await;
        statuses.push(forged.status.as_u16());
    }
    assert_eq!(statuses[..11], [401; 11]);
    assert_eq!(statuses[11], 429);
    // A signature can't be guessed. So the service checks it even if the throttle refuses guesses
    // from the same address.
    token(&service, &signer.sign(&claims("batch")))
        .await
        .granted();
}

#[tokio::test]
async fn rfc_7662_and_rfc_7009_section_2_1_clients_authenticate_there_as_well() {
    let signer = Signer::es256();
    let setup = Setup::with_d1();
    let add = [
        "client",
        "add",
        "--id",
        "api",
        "--allow",
        "introspect",
        "--jwks",
        "-",
    ];
    setup.run_with(&add, &signer.jwk.to_string()).ok();
    let service = setup.start();
    let about = async |path: &str, token: &str, assertion: &str| {
        let form = [
            ("token", token),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        Answer::of(reqwest::Client::new().post(service.url(path)).form(&form)).await
    };
    let of_d1 = service.token(D1, GRANT).await.access_token();
    let assertion = signer.sign(&claims("api"));
    let said = about("/oauth2/introspect", &of_d1, &assertion).await;
    assert_eq!(said.granted()["client_id"], "is_tbank01");
    let again = about("/oauth2/introspect", &of_d1, &assertion).await;
    again.refused(401, "invalid_client");

    let reply = token(&service, &signer.sign(&claims("api"))).await;
    let own = reply.access_token();
    let revoked = about("/oauth2/revoke", &own, &signer.sign(&claims("api"))).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    let nobody = about("/oauth2/revoke", &own, "x.y.z").await;
    nobody.refused(401, "invalid_client");
}
