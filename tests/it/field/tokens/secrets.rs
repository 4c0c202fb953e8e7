//! Rotations of secrets, and the last use of clients.

use serde_json::json;

use super::*;
use crate::harness::signer::{Signer, claims};
use crate::harness::{Authority, GATEWAY};

/// "A second rotation ends the first secret at once".
#[tokio::test]
async fn a_second_rotation_asks_before_it_ends_a_secret_that_was_promised() {
    let service = Setup::with_d1().start();
    let rotate = ["client", "rotate-secret", "is_tbank01", "--output", "json"];
    let first = service.setup.run(&rotate).ok().json();
    let until = first["previous_secret_until"].as_str().unwrap().to_owned();
    let second = first["client_secret"].as_str().unwrap().to_owned();
    granted(&service, &basic("is_tbank01", &second)).await;

    for more in [&[][..], &["--overlap", "0s"], &["--overlap", "48h"]] {
        let rotate: Vec<_> = rotate.iter().chain(more).copied().collect();
        let refused = service.setup.run(&rotate).fails(1, "--force");
        let seconds = &until[..19];
        assert!(refused.stderr.contains(seconds), "{until}: {refused:?}");
    }
    service.token(D1, GRANT).await.granted();
    service
        .token(&basic("is_tbank01", &second), GRANT)
        .await
        .granted();

    let force = [&rotate[..], &["--force"]].concat();
    let third = service.setup.run(&force).ok().json();
    assert_eq!(third["ended_secrets"].as_array().unwrap().len(), 1);
    let new = third["client_secret"].as_str().unwrap();
    granted(&service, &basic("is_tbank01", new)).await;
    let refused = service.token(D1, GRANT).await;
    refused.refused(401, "invalid_client");
    service
        .token(&basic("is_tbank01", &second), GRANT)
        .await
        .granted();
    let record = change(&service.setup, "secret.rotated");
    assert_eq!(record["ended"], third["ended_secrets"]);
    assert_eq!(record["previous_until"], third["previous_secret_until"]);
}

/// "A second rotation ends the first secret at once": without an earlier secret, the command prints
/// no time for one.
#[tokio::test]
async fn a_first_secret_promises_nothing_of_one_before() {
    let setup = Setup::empty();
    let jwks = json!({ "keys": [Signer::es256().jwk] }).to_string();
    let add = ["client", "add", "--id", "batch", "--jwks", "-"];
    setup.run_with(&add, &jwks).ok();
    let rotate = ["client", "rotate-secret", "batch"];
    let said = setup.run(&rotate).ok().stdout;
    assert!(!said.contains("works until"), "{said}");
}

/// A client's last use is shown for all authentication methods.
#[tokio::test]
async fn the_last_use_of_a_client_is_told_whatever_its_method() {
    let signer = Signer::es256();
    let setup = Setup::of(GATEWAY);
    setup.add("by-secret", "123", &[]);
    setup.add("unused", "123", &[]);
    let jwks = json!({ "keys": [signer.jwk] }).to_string();
    let add = ["client", "add", "--id", "by-key", "--jwks", "-"];
    setup.run_with(&add, &jwks).ok();
    let name = ["--certificate-name", "dns:d1.example"];
    let add = [&["client", "add", "--id", "by-certificate"], &name[..]].concat();
    setup.run(&add).ok();
    let authority = Authority::new(setup.folder(), "thales");
    let d1 = authority.issue("d1", "/CN=d1", "DNS:d1.example");
    let service = setup.start();
    let secret = basic("by-secret", "123");
    service.token(&secret, GRANT).await.granted();
    assertions::token(&service, &signer.sign(&claims("by-key")))
        .await
        .granted();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "by-certificate"),
    ];
    let request = service.post().header("client-cert", d1.client_cert());
    Answer::of(request.form(&form)).await.granted();

    let setup = service.stop();
    let list = setup.run(&["client", "list", "--output", "json"]).ok();
    for client in list.json().as_array().unwrap() {
        let (id, used) = (
            client["client_id"].as_str().unwrap(),
            &client["last_used_at"],
        );
        assert_eq!(used.is_string(), id != "unused", "{client}");
        if id != "unused" {
            assert_eq!(client["last_used_from"], "127.0.0.1", "{client}");
        }
        let shown = setup.run(&["client", "show", id]).ok().stdout;
        let line = shown.lines().find(|line| line.starts_with("last used"));
        assert_eq!(
            line.unwrap().contains("127.0.0.1"),
            id != "unused",
            "{shown}"
        );
    }
    let table = setup.run(&["client", "list"]).ok().stdout;
    assert!(
        table.starts_with("ID") && table.contains("LAST USED"),
        "{table}"
    );
}
