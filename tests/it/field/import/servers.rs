//! Unedited exports of all clients from other servers.

use serde_json::{Value, json};

use super::{ids, import, refused, show};
use crate::harness::{GRANT, Setup, basic};

/// "Real exports are not read, and nothing says how to convert them."
#[tokio::test]
async fn exports_of_other_servers_are_read_as_they_are() {
    let setup = Setup::empty();
    let keycloak = include_str!("keycloak-realm.json");
    let run = import(&setup, "keycloak.json", keycloak, &[]).ok();
    for left_out in [
        "account",
        "realm-management",
        "web",
        "https://partner.example/saml",
    ] {
        assert!(
            run.stderr
                .contains(&format!("left out: client {left_out}: ")),
            "{}",
            run.stderr
        );
    }
    assert!(
        run.stderr
            .contains("keycloak.json:8: left out: client account"),
        "{}",
        run.stderr
    );
    import(&setup, "hydra.json", include_str!("hydra.json"), &[]).ok();
    import(&setup, "hydra.jsonl", include_str!("hydra.jsonl"), &[]).ok();
    import(&setup, "auth0.json", include_str!("auth0.json"), &[]).ok();
    import(&setup, "okta.json", include_str!("okta.json"), &[]).ok();
    import(&setup, "spring.csv", include_str!("spring.csv"), &[]).ok();
    let d1 = "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV";
    let okta = "0oa1gjh63g214q0Hq0g4";
    let expected = [
        okta,
        "0oa2",
        d1,
        "batch",
        "cards-batch",
        "messaging",
        "one",
        "plain",
        "retired",
        "two",
    ];
    assert_eq!(ids(&setup), expected);
    for (id, name, value) in [
        ("batch", "name", json!("Nightly batch")),
        ("batch", "note", json!("Issues cards")),
        ("batch", "token_lifetime", json!(300)),
        ("retired", "status", json!("disabled")),
        ("retired", "certificate_binding", json!("required")),
        ("cards-batch", "scope", json!("cards pin")),
        (
            "cards-batch",
            "audiences",
            json!(["https://api.bank.example"]),
        ),
        ("cards-batch", "grants", json!(["client_credentials"])),
        ("cards-batch", "created_at", json!("2024-05-06T07:08:09Z")),
        (d1, "name", json!("D1")),
        (okta, "name", json!("Card issuing")),
        ("0oa2", "status", json!("disabled")),
        ("messaging", "scope", json!("cards pin")),
        ("messaging", "token_lifetime", json!(300)),
        (
            "messaging",
            "token_endpoint_auth_method",
            json!("client_secret_basic"),
        ),
    ] {
        assert_eq!(show(&setup, id)[name], value, "{id} {name}");
    }
    let service = setup.start();
    for (id, secret) in [
        ("batch", "Zp3xW8vQm5nRt2yKb7cHd4fJg9sLa6eU"),
        ("cards-batch", "secret of the batch"),
        ("one", "one secret of thirty-two letters"),
        (
            d1,
            "wX9yZ8aB7cD6eF5gH4iJ3kL2mN1oP0qR-sT9uV8wX7yZ6aB5cD4eF3gH2iJ1kL0m",
        ),
        (okta, "5jVbn2W72FOAWeQCg7-s_PA0aLqHWjHvUCt2xk-z"),
        ("messaging", "secret of messaging"),
        ("plain", "a plain secret of thirty-two letters"),
    ] {
        service.token(&basic(id, secret), GRANT).await.granted();
    }
}

/// "Real exports are not read": a single client, lists with commas, and members without a meaning.
#[test]
fn one_object_and_lists_with_commas_are_read() {
    let setup = Setup::empty();
    let keycloak: Value = serde_json::from_str(include_str!("keycloak-realm.json")).unwrap();
    import(&setup, "one.json", keycloak["clients"][3].to_string(), &[]).ok();
    assert_eq!(ids(&setup), ["batch"]);
    let text = "client_id,scope,audience,grants\nc,\"cards,pin\",\"https://a.example, https://b.example\",client_credentials|password\n";
    let run = import(&setup, "c.csv", text, &[]).ok();
    assert!(
        run.stderr.contains("c.csv:2: scope: read as 2 values"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains("c.csv:2: left out: the grants password"),
        "{}",
        run.stderr
    );
    let shown = show(&setup, "c");
    assert_eq!(shown["scope"], "cards pin");
    assert_eq!(
        shown["audiences"],
        json!(["https://a.example", "https://b.example"])
    );
    refused(
        &json!([{"realm": "x", "clients": [{"clientId": "a"}]}]),
        &["c.json:1: ", "jq '.[0]'"],
    );
}
