//! A client's registered keys and authentication method.

use serde_json::json;

use super::{add, token};
use crate::harness::signer::{Signer, claims};
use crate::harness::{Answer, D1, GRANT, Setup, basic, eventually};

#[tokio::test]
async fn a_client_authenticates_in_its_own_way_alone() {
    let signer = Signer::es256();
    let setup = Setup::with_d1();
    add(&setup, "batch", &[&signer]);
    // Both clients have a secret and a key. The registered method decides.
    setup
        .run_with(
            &["client", "rotate-secret", "batch", "--secret-stdin"],
            "123",
        )
        .ok();
    let set = ["client", "set-keys", "is_tbank01", "--jwks", "-"];
    let said = setup.run_with(&set, &signer.jwk.to_string()).ok();
    assert!(said.stdout.contains("client_secret_basic"), "{said:?}");
    let service = setup.start();
    let by_secret = service.token(&basic("batch", "123"), GRANT).await;
    by_secret.refused(401, "invalid_client");
    let by_key = token(&service, &signer.sign(&claims("is_tbank01"))).await;
    by_key.refused(401, "invalid_client");
    assert_eq!(by_key.text, by_secret.text);
    service.token(D1, GRANT).await.granted();
    token(&service, &signer.sign(&claims("batch")))
        .await
        .granted();
    assert_eq!(
        service.stop().reasons(),
        ["wrong_auth_method", "wrong_auth_method"]
    );
}

#[tokio::test]
async fn keys_and_method_change_without_an_outage() {
    let (old, new) = (Signer::es256(), Signer::ed25519());
    let setup = Setup::with_d1();
    setup
        .run(&[
            "client",
            "set",
            "is_tbank01",
            "--auth-method",
            "private_key_jwt",
        ])
        .fails(1, "no keys");
    let service = setup.start();
    let set_keys = |keys: &[&Signer]| {
        let keys: Vec<_> = keys.iter().map(|signer| signer.jwk.clone()).collect();
        let set = ["client", "set-keys", "is_tbank01", "--jwks", "-"];
        service
            .setup
            .run_with(&set, &json!({ "keys": keys }).to_string())
            .ok();
    };
    set_keys(&[&old]);
    let method = [
        "client",
        "set",
        "is_tbank01",
        "--auth-method",
        "private_key_jwt",
    ];
    service.setup.run(&method).ok();
    // The service looks at the store before it refuses a client, so the change is in force at once.
    token(&service, &old.sign(&claims("is_tbank01")))
        .await
        .granted();
    set_keys(&[&old, &new]);
    token(&service, &new.sign(&claims("is_tbank01")))
        .await
        .granted();
    token(&service, &old.sign(&claims("is_tbank01")))
        .await
        .granted();
    set_keys(&[&new]);
    let by_old = async || token(&service, &old.sign(&claims("is_tbank01"))).await;
    let is_refused = |answer: &Answer| answer.status != 200;
    eventually("the old key works no more", by_old, is_refused).await;
    token(&service, &new.sign(&claims("is_tbank01")))
        .await
        .granted();
    let shown = service
        .setup
        .run(&["client", "show", "is_tbank01", "--output", "json"])
        .ok()
        .json();
    assert_eq!(shown["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(shown["jwks"]["keys"][0]["kty"], "OKP");
    let events: Vec<_> = service
        .setup
        .changes()
        .iter()
        .map(|change| change["event"].clone())
        .collect();
    assert_eq!(
        events
            .iter()
            .filter(|event| **event == "client.keys_set")
            .count(),
        3
    );
}

#[test]
fn keys_that_are_private_symmetric_or_weak_are_refused() {
    let setup = Setup::empty();
    let mut private = Signer::es256().jwk;
    private["d"] = json!("AAAA");
    let weak = json!({ "kty": "RSA", "n": "w".repeat(172), "e": "AQAB" });
    for (jwk, why) in [
        (private, "private member \"d\""),
        (json!({ "kty": "oct", "k": "AAAA" }), "symmetric"),
        (weak, "2048"),
        (
            json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
            "key 1",
        ),
        (json!([]), "not an object"),
    ] {
        let add = ["client", "add", "--id", "batch", "--jwks", "-"];
        let jwks = json!({ "keys": [jwk] }).to_string();
        setup.run_with(&add, &jwks).fails(2, why);
    }
    std::fs::write(setup.folder().join("empty.json"), "{\"keys\":[]}").unwrap();
    let add = ["client", "add", "--id", "batch", "--jwks", "empty.json"];
    setup.run(&add).fails(2, "1 to 8");
    setup
        .run(&["client", "add", "--jwks", "missing.json"])
        .fails(1, "missing.json");
}
