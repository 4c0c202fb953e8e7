//! Tokens of a client that was removed, disabled or added again, and the revocation of all tokens
//! of a client.

use serde_json::json;

use super::*;
use crate::harness::signer::{Signer, claims};

/// "Tokens of a removed client live again", by `client add`, even within a second.
#[tokio::test]
async fn a_client_that_is_added_again_has_no_token_of_the_one_before() {
    let mut service = Setup::with_resource_server().start();
    for round in 0..4 {
        let secret = format!("secret-{round}");
        let old = access_token(&granted(&service, &secret_of(round)).await);
        assert!(is_active(&service, &old).await);
        let setup = &service.setup;
        assert_eq!(verified(setup, &old), "");
        setup.run(&["client", "remove", "is_tbank01"]).ok();
        becomes_inactive(&service, &old).await;
        let gone = verified(setup, &old);
        assert!(gone.contains("its client was removed"), "{gone}");

        setup.add("is_tbank01", &secret, &["--scope", "pin"]);
        let new = granted(&service, &basic("is_tbank01", &secret)).await;
        assert_eq!(new["scope"], "pin");
        assert!(is_active(&service, &access_token(&new)).await, "the first");
        assert!(!is_active(&service, &old).await, "the one before's");
        let revoked = verified(&service.setup, &old);
        assert!(revoked.contains("are revoked"), "{revoked}");
        assert_eq!(verified(&service.setup, &access_token(&new)), "");
        if round == 2 {
            // The same after a restart.
            service = service.stop().start();
            assert!(!is_active(&service, &old).await);
            assert!(is_active(&service, &access_token(&new)).await);
        }
    }
}

fn secret_of(round: i32) -> String {
    match round {
        0 => D1.to_owned(),
        _ => basic("is_tbank01", &format!("secret-{}", round - 1)),
    }
}

/// "Tokens of a removed client live again", by `client import` and in a `store copy`.
#[tokio::test]
async fn nor_has_one_that_is_imported_or_added_to_a_copy_of_the_store() {
    let service = Setup::with_resource_server().start();
    let old = service.token(D1, GRANT).await.access_token();
    let setup = &service.setup;
    setup.run(&["client", "remove", "is_tbank01"]).ok();
    let file = "client_id,client_secret,scope\nis_tbank01,imported,pin\n";
    let copy = ["store", "copy", "--to", "sqlite:copy.db"];
    setup.run(&copy).ok();
    let import = ["client", "import", "-", "--format", "csv"];
    setup.run_with(&import, file).ok();
    let new = granted(&service, &basic("is_tbank01", "imported")).await;
    assert!(is_active(&service, &access_token(&new)).await);
    assert!(!is_active(&service, &old).await);

    let setup = service.stop();
    setup.configure("sqlite:store.db", "sqlite:copy.db");
    setup.run_with(&import, file).ok();
    let service = setup.start();
    let new = granted(&service, &basic("is_tbank01", "imported")).await;
    assert!(is_active(&service, &access_token(&new)).await);
    assert!(!is_active(&service, &old).await);
}

/// "Tokens of a removed client live again": neither used assertions nor failures outlive a client.
#[tokio::test]
async fn a_client_that_is_added_again_starts_without_assertions_and_failures() {
    let signer = Signer::es256();
    let setup = Setup::with_resource_server();
    let jwks = json!({ "keys": [signer.jwk] }).to_string();
    let add = ["client", "add", "--id", "batch", "--jwks", "-"];
    setup.run_with(&add, &jwks).ok();
    let service = setup.start();
    let assertion = || {
        let mut claims = claims("batch");
        claims["jti"] = json!("counts-from-one");
        signer.sign(&claims)
    };
    let first = assertion();
    assertions::token(&service, &first).await.granted();
    let again = assertions::token(&service, &assertion()).await;
    again.refused(401, "invalid_client");
    service.setup.run(&["client", "remove", "batch"]).ok();
    service.setup.run_with(&add, &jwks).ok();
    let ask = async || assertions::token(&service, &assertion()).await;
    eventually("a token", ask, |answer| answer.status == 200).await;

    let old = service.token(D1, GRANT).await.access_token();
    for guess in 0..14 {
        let guess = basic("is_tbank01", &guess.to_string());
        assert_ne!(service.token(&guess, GRANT).await.status, 200);
    }
    service.setup.run(&["client", "remove", "is_tbank01"]).ok();
    becomes_inactive(&service, &old).await;
    service.setup.add("is_tbank01", "another", &[]);
    let answer = service.token(&basic("is_tbank01", "another"), GRANT).await;
    answer.granted();
}

/// "The tokens of one client can't be withdrawn": a command revokes them, for all replicas and for
/// `token verify`.
#[tokio::test]
async fn all_tokens_of_a_client_are_revoked_by_a_command() {
    let setup = Setup::with_resource_server();
    setup.add("other", "123", &[]);
    let service = setup.start();
    let replica = service.setup.replica().start();
    let old = service.token(D1, GRANT).await.access_token();
    let others = service.token(&basic("other", "123"), GRANT).await;
    let others = others.access_token();
    assert!(is_active(&replica, &old).await);

    let revoke = ["client", "revoke-tokens", "is_tbank01", "--output", "json"];
    let said = service.setup.run(&revoke).ok().json();
    becomes_inactive(&service, &old).await;
    let new = service.token(D1, GRANT).await.access_token();
    assert!(is_active(&service, &new).await, "what comes after is good");
    becomes_inactive(&replica, &old).await;
    assert!(is_active(&replica, &new).await);
    assert!(is_active(&replica, &others).await, "another client's");
    let revoked = verified(&service.setup, &old);
    assert!(revoked.contains("are revoked"), "{revoked}");
    assert_eq!(verified(&service.setup, &new), "");
    let record = change(&service.setup, "client.tokens_revoked");
    assert_eq!(record["client_id"], "is_tbank01");
    assert_eq!(record["tokens_not_before"], said["tokens_not_before"]);

    let nobody = service.setup.run(&["client", "revoke-tokens", "nobody"]);
    nobody.fails(1, "there is no client nobody");
}

/// "The tokens of one client can't be withdrawn": `disable` revokes them, and `enable` doesn't
/// bring them back.
#[tokio::test]
async fn the_tokens_of_a_disabled_client_stay_revoked_unless_they_are_kept() {
    let service = Setup::with_resource_server().start();
    let disable = ["client", "disable", "is_tbank01"];
    let enable = ["client", "enable", "is_tbank01"];
    let old = service.token(D1, GRANT).await.access_token();
    service.setup.run(&disable).ok();
    becomes_inactive(&service, &old).await;
    let record = change(&service.setup, "client.disabled");
    assert!(record["tokens_not_before"].is_string(), "{record}");
    service.setup.run(&enable).ok();
    let new = access_token(&granted(&service, D1).await);
    assert!(is_active(&service, &new).await);
    assert!(!is_active(&service, &old).await, "revoked for good");

    let keep = ["client", "disable", "is_tbank01", "--keep-tokens"];
    service.setup.run(&keep).ok();
    let ask = async || service.token(D1, GRANT).await;
    let refused = |answer: &Answer| answer.status == 401;
    eventually("no more tokens", ask, refused).await;
    assert!(is_active(&service, &new).await, "until it expires");
    assert_eq!(verified(&service.setup, &new), "");
    service.setup.run(&disable).ok();
    becomes_inactive(&service, &new).await;
}
