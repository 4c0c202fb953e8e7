//! RFC 8707, Resource Indicators for OAuth 2.0.

use serde_json::{Value, json};

use crate::harness::{Answer, D1, GRANT, ISSUER, Service, Setup, basic, parts};

const CARDS: &str = "https://cards.bank.example/v2?x=1";
const PIN: &str = "urn:bank:pin";

/// A setup with a client `both`, which has two audiences that are URIs and one that isn't.
fn setup() -> Setup {
    let setup = Setup::with_d1();
    let audiences = [
        "--audience",
        CARDS,
        "--audience",
        PIN,
        "--audience",
        "cards",
    ];
    setup.add("both", "123", &audiences);
    setup
}

async fn ask(service: &Service, authorization: &str, resources: &[&str]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(resources.iter().map(|resource| ("resource", *resource)));
    let request = service.post().header("authorization", authorization);
    Answer::of(request.form(&form)).await
}

fn audience(answer: &Answer) -> Value {
    let [_, claims] = parts(&answer.access_token());
    claims["aud"].clone()
}

#[tokio::test]
async fn section_2_the_token_is_for_the_resources_asked_for() {
    let service = setup().start();
    let both = basic("both", "123");
    for (resources, expected) in [
        (&[][..], json!([CARDS, PIN, "cards"])),
        (&[""], json!([CARDS, PIN, "cards"])),
        (&[CARDS], json!(CARDS)),
        (&[PIN, ""], json!(PIN)),
        (&[PIN, CARDS], json!([PIN, CARDS])),
        (&[PIN, PIN], json!(PIN)),
    ] {
        let answer = ask(&service, &both, resources).await;
        assert_eq!(audience(&answer), expected, "{resources:?}");
    }
}

#[tokio::test]
async fn section_2_a_client_without_audiences_may_name_the_default() {
    let service = setup().start();
    assert_eq!(audience(&ask(&service, D1, &[ISSUER]).await), ISSUER);
    let answer = ask(&service, D1, &[CARDS]).await;
    answer.refused(400, "invalid_target");
}

#[tokio::test]
async fn section_2_a_resource_is_an_absolute_uri_without_a_fragment() {
    let service = setup().start();
    for resource in [
        "cards",
        "/v2",
        "cards.bank.example/v2",
        "https://cards.bank.example/v2?x=1#",
        "https://cards.bank.example/v2?x=1#top",
        "https://cards bank.example",
        "https://caf\u{e9}.example",
        " https://cards.bank.example/v2?x=1",
    ] {
        let answer = ask(&service, &basic("both", "123"), &[resource]).await;
        answer.refused(400, "invalid_target");
        let answer = ask(&service, &basic("both", "123"), &[PIN, resource]).await;
        answer.refused(400, "invalid_target");
    }
}

#[tokio::test]
async fn section_2_a_resource_that_is_not_the_clients_is_an_invalid_target() {
    let service = setup().start();
    let both = basic("both", "123");
    for resources in [
        &[ISSUER][..],
        &["https://cards.bank.example/v2"],
        &["https://cards.bank.example/v2?x=1/"],
        &["HTTPS://cards.bank.example/v2?x=1"],
        &[PIN, "urn:bank:other"],
    ] {
        let answer = ask(&service, &both, resources).await;
        answer.refused(400, "invalid_target");
    }
    assert_eq!(service.stop().reasons(), ["resource_not_allowed"; 5]);
}

/// RFC 8707 decides `scope` and `resource` together. Here each has its own limits, and the service
/// reports a wrong scope first.
#[tokio::test]
async fn section_2_scope_and_resource_are_each_within_the_clients() {
    let service = setup().start();
    let form = format!("{GRANT}&scope=other&resource=urn:other");
    let answer = service.token(D1, &form).await;
    answer.refused(400, "invalid_scope");
    let form = format!("{GRANT}&scope=pin&resource={ISSUER}");
    assert_eq!(service.token(D1, &form).await.granted()["scope"], "pin");
}

#[tokio::test]
async fn section_2_a_resource_server_learns_of_a_narrowed_token_only_if_it_is_for_it() {
    let setup = setup();
    for (id, audience) in [("cards-api", CARDS), ("pin-api", PIN)] {
        setup.add(
            id,
            "123",
            &["--allow", "introspect", "--audience", audience],
        );
    }
    let service = setup.start();
    let answer = ask(&service, &basic("both", "123"), &[PIN]).await;
    let token = answer.access_token();
    let seen = service.introspect(&basic("pin-api", "123"), &token).await;
    assert_eq!(seen.granted()["aud"], json!([PIN]));
    let unseen = service.introspect(&basic("cards-api", "123"), &token).await;
    unseen.inactive();
}
