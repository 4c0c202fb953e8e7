//! Settings of a client: who may ask for tokens, from where, how often and until when.
//! Administrators change them by commands.

use serde_json::json;

use crate::harness::{D1, GRANT, Service, Setup, basic, eventually};

/// Asks until the answer has this status, as long as a change may take to come into force.
async fn soon(service: &Service, authorization: &str, expected: u16) {
    let ask = async || service.token(authorization, GRANT).await;
    eventually("the change", ask, |answer| answer.status == expected).await;
}

#[tokio::test]
async fn a_client_asks_from_its_own_networks_only() {
    let setup = Setup::empty();
    setup.add(
        "near",
        "123",
        &["--network", "127.0.0.0/8", "--network", "::1"],
    );
    setup.add("far", "123", &["--network", "10.0.0.0/8"]);
    let service = setup.start();
    service.token(&basic("near", "123"), GRANT).await.granted();
    let elsewhere = service.token(&basic("far", "123"), GRANT).await;
    elsewhere.refused(401, "invalid_client");
    let unknown = service.token(&basic("nobody", "123"), GRANT).await;
    assert_eq!(elsewhere.text, unknown.text, "nothing tells the two apart");
    let set = ["client", "set", "far", "--network", ""];
    service.setup.run(&set).ok();
    soon(&service, &basic("far", "123"), 200).await;
    let setup = service.stop();
    assert_eq!(
        setup.reasons()[..2],
        ["network_not_allowed", "unknown_client"]
    );
}

#[tokio::test]
async fn a_client_without_a_grant_gets_no_token() {
    let setup = Setup::empty();
    setup.add("resource", "123", &["--grant", "", "--allow", "introspect"]);
    let service = setup.start();
    let answer = service.token(&basic("resource", "123"), GRANT).await;
    answer.refused(400, "unauthorized_client");
    let set = ["client", "set", "resource", "--grant", "client_credentials"];
    service.setup.run(&set).ok();
    soon(&service, &basic("resource", "123"), 200).await;
}

#[tokio::test]
async fn a_clients_own_rate_goes_before_that_of_all() {
    let setup = Setup::of("throttle = { client_rate = 1000 }\n");
    setup.add("slow", "123", &["--rate", "2/h"]);
    setup.add("other", "456", &[]);
    let service = setup.start();
    for _ in 0..2 {
        service.token(&basic("slow", "123"), GRANT).await.granted();
    }
    let answer = service.token(&basic("slow", "123"), GRANT).await;
    answer.refused(429, "temporarily_unavailable");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=1800).contains(&wait), "{wait}");
    for _ in 0..5 {
        service.token(&basic("other", "456"), GRANT).await.granted();
    }
    service
        .setup
        .run(&["client", "set", "slow", "--rate", ""])
        .ok();
    soon(&service, &basic("slow", "123"), 200).await;
}

#[tokio::test]
async fn a_client_ends_when_it_was_said_to() {
    let setup = Setup::empty();
    setup.add("past", "123", &["--expires", "2020-01-01T00:00:00Z"]);
    setup.add("future", "123", &["--expires", "2100-01-01T00:00:00Z"]);
    let service = setup.start();
    let past = service.token(&basic("past", "123"), GRANT).await;
    past.refused(401, "invalid_client");
    service
        .token(&basic("future", "123"), GRANT)
        .await
        .granted();
    assert_eq!(service.stop().reasons(), ["client_expired"]);
}

#[tokio::test]
async fn settings_change_while_the_service_runs_and_what_is_not_named_stays() {
    let service = Setup::with_d1().start();
    let set = |options: &[&str]| {
        let arguments = [
            &["client", "set", "is_tbank01", "--output", "json"],
            options,
        ]
        .concat();
        service.setup.run(&arguments).ok().json()
    };
    let changed = set(&[
        "--scope",
        "pin",
        "--lifetime",
        "5m",
        "--audience",
        "https://a.example",
        "--contact",
        "ops@bank.example",
        "--expires-in-as",
        "number",
    ]);
    let fields = [
        "scope",
        "audiences",
        "expires_in_as",
        "token_lifetime",
        "contact",
    ];
    assert_eq!(changed["changed"], json!(fields));
    assert_eq!(changed["name"], "is_tbank01", "what is not named stays");
    let ask = async || service.token(D1, GRANT).await.granted();
    let token = eventually("the other scope", ask, |token| token["scope"] == "pin").await;
    assert_eq!(token["expires_in"], 300);

    let cleared = set(&["--audience", "", "--contact", "", "--lifetime", ""]);
    assert_eq!(
        cleared["changed"],
        json!(["audiences", "token_lifetime", "contact"])
    );
    assert_eq!(
        (
            &cleared["audiences"],
            &cleared["contact"],
            &cleared["scope"]
        ),
        (&json!([]), &json!(null), &json!("pin"))
    );
    assert_eq!(set(&["--scope", "pin"])["changed"], json!([]));

    let nobody = ["client", "set", "nobody", "--scope", "a"];
    service
        .setup
        .run(&nobody)
        .fails(1, "there is no client nobody");
    let shown = service
        .setup
        .run(&["client", "show", "is_tbank01"])
        .ok()
        .stdout;
    for part in [
        "client_secret_basic",
        "networks",
        "any",
        "client_credentials",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let changes = service.setup.changes();
    let of_d1: Vec<_> = changes
        .iter()
        .filter(|change| change["event"] == "client.changed")
        .map(|change| (&change["client_id"], &change["fields"]))
        .collect();
    assert_eq!(of_d1.len(), 2, "what changes nothing has no record");
    assert_eq!(of_d1[0], (&json!("is_tbank01"), &json!(fields)));
}
