//! Policy keys: the least length of chosen secrets, no chosen secrets, required certificate
//! binding, no `client_secret_basic`. They apply when a client is made or changed, and when it asks
//! for a token.

use serde_json::json;

use super::*;
use crate::harness::signer::{Signer, claims};
use crate::harness::{Authority, GATEWAY, parts};

/// Adds a policy to the configuration, for the next commands and the next start.
fn with_policy(setup: Setup, lines: &str) -> Setup {
    let config = std::fs::read_to_string(setup.config()).unwrap();
    std::fs::write(setup.config(), format!("{config}\n[policy]\n{lines}\n")).unwrap();
    setup
}

#[tokio::test]
async fn a_chosen_secret_has_the_length_that_the_policy_asks_for() {
    let setup = Setup::with_d1();
    let generated = ["client", "add", "--id", "generated", "--output", "json"];
    let generated = setup.run(&generated).ok().json();
    let generated = generated["client_secret"].as_str().unwrap();
    let setup = with_policy(setup, "secret_length = 24");
    let short = "a-secret-of-23-letters!";
    let long = format!("{short}ä");
    let add = ["client", "add", "--id", "new", "--secret-stdin"];
    let refused = setup.run_with(&add, short);
    refused.fails(1, "fewer than 24 characters (policy.secret_length)");
    setup.run_with(&add, &long).ok();
    let rotate = ["client", "rotate-secret", "new", "--secret-stdin"];
    setup
        .run_with(&rotate, short)
        .fails(1, "policy.secret_length");
    let import = ["client", "import", "-", "--format", "csv"];
    let rows = format!("client_id,client_secret\nimported,{short}\n");
    setup
        .run_with(&import, &rows)
        .fails(1, "policy.secret_length");

    let service = setup.start();
    service
        .token(D1, GRANT)
        .await
        .refused(401, "invalid_client");
    service.token(&basic("new", &long), GRANT).await.granted();
    let generated = basic("generated", generated);
    service.token(&generated, GRANT).await.granted();
    let wrong = basic("generated", short);
    service
        .token(&wrong, GRANT)
        .await
        .refused(401, "invalid_client");
    let setup = service.stop();
    assert_eq!(setup.reasons(), ["against_policy", "against_policy"]);
    let shown = setup.run(&["config", "show"]).ok().stdout;
    assert!(shown.contains("policy.secret_length"), "{shown}");
}

#[tokio::test]
async fn no_chosen_secret_is_taken_where_the_policy_forbids_them() {
    let setup = with_policy(Setup::with_d1(), "chosen_secrets = false");
    let add = ["client", "add", "--id", "new", "--secret-stdin"];
    let long = "a-secret-that-is-as-long-as-anybody-could-want-one-to-be-and-chosen";
    setup.run_with(&add, long).fails(1, "policy.chosen_secrets");
    let rotate = ["client", "rotate-secret", "is_tbank01"];
    let chosen = [&rotate[..], &["--secret-stdin"]].concat();
    setup
        .run_with(&chosen, long)
        .fails(1, "policy.chosen_secrets");
    let import = ["client", "import", "-", "--format", "csv"];
    let rows = format!("client_id,client_secret\nimported,{long}\n");
    setup
        .run_with(&import, &rows)
        .fails(1, "policy.chosen_secrets");

    let service = setup.start();
    service
        .token(D1, GRANT)
        .await
        .refused(401, "invalid_client");
    let json = [&rotate[..], &["--output", "json"]].concat();
    let made = service.setup.run(&json).ok().json();
    let made = basic("is_tbank01", made["client_secret"].as_str().unwrap());
    granted(&service, &made).await;
    // Both secrets still exist, but the policy forbids the older one, which was chosen.
    service
        .token(D1, GRANT)
        .await
        .refused(401, "invalid_client");
    let reasons = service.stop().reasons();
    assert_eq!(reasons.first().map(String::as_str), Some("against_policy"));
}

#[tokio::test]
async fn no_client_proves_itself_by_a_secret_where_the_policy_forbids_it() {
    let signer = Signer::es256();
    let setup = Setup::with_d1();
    let jwks = json!({ "keys": [signer.jwk] }).to_string();
    let add = ["client", "add", "--id", "batch", "--jwks", "-"];
    setup.run_with(&add, &jwks).ok();
    setup.run(&["client", "rotate-secret", "batch"]).ok();
    let setup = with_policy(setup, "client_secret_basic = false");
    let add = ["client", "add", "--id", "new"];
    setup.run(&add).fails(1, "policy.client_secret_basic");
    let set = [
        "client",
        "set",
        "batch",
        "--auth-method",
        "client_secret_basic",
    ];
    setup.run(&set).fails(1, "policy.client_secret_basic");
    let note = [
        "client",
        "set",
        "is_tbank01",
        "--note",
        "of before the policy",
    ];
    setup.run(&note).ok();

    let service = setup.start();
    service
        .token(D1, GRANT)
        .await
        .refused(401, "invalid_client");
    let assertion = signer.sign(&claims("batch"));
    assertions::token(&service, &assertion).await.granted();
    let path = "/.well-known/oauth-authorization-server/authz/d1/v1";
    let metadata = service.get_at(service.api, path).await.json();
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert_eq!(*methods, json!(["private_key_jwt"]), "{endpoint}");
    }
    assert_eq!(service.stop().reasons(), ["against_policy"]);
}

#[tokio::test]
async fn every_token_is_bound_where_the_policy_asks_for_it() {
    let setup = Setup::of(GATEWAY);
    setup.add("old", "123", &[]);
    let authority = Authority::new(setup.folder(), "thales");
    let d1 = authority.issue("d1", "/CN=d1", "DNS:d1.example");
    let setup = with_policy(setup, "certificate_binding = \"required\"");
    let bind = ["--bind-certificate", "required"];
    let add = ["client", "add", "--id", "new"];
    setup.run(&add).fails(1, "--bind-certificate required");
    setup.run(&[&add[..], &bind].concat()).ok();
    let loosen = ["client", "set", "new", "--bind-certificate", "off"];
    setup.run(&loosen).fails(1, "policy.certificate_binding");

    let service = setup.start();
    let old = basic("old", "123");
    let without = service.token(&old, GRANT).await;
    without.refused(400, "invalid_request");
    let request = service
        .post()
        .header("authorization", &old)
        .header("client-cert", d1.client_cert())
        .form(&[("grant_type", "client_credentials")]);
    let token = Answer::of(request).await.access_token();
    let [_, claims] = parts(&token);
    assert_eq!(claims["cnf"]["x5t#S256"], d1.thumbprint());
    assert_eq!(service.stop().reasons(), ["certificate_missing"]);

    // The configuration is wrong if no request can have a certificate.
    let setup = with_policy(Setup::empty(), "certificate_binding = \"required\"");
    let check = setup.run(&["config", "check"]);
    check.fails(2, "policy.certificate_binding");
}
