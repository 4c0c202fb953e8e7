//! The operators' listener: the service's metrics and the reference of its API.

mod exposition;

use exposition::Exposition;

use crate::harness::{
    Authority, Caller, D1, GRANT, SERVER, Service, Setup, basic, eventually, token_request,
};

async fn scrape(service: &Service) -> Exposition {
    let answer = service.get_at(service.ops, "/metrics").await;
    assert_eq!(answer.status, 200);
    let media_type = answer.header("content-type");
    assert_eq!(media_type, Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    Exposition::read(&answer.text)
}

#[tokio::test]
async fn each_decision_is_counted() {
    let setup = Setup::with_d1();
    setup.add(
        "cards-api",
        "123",
        &["--allow", "introspect", "--algorithm", "EdDSA"],
    );
    let service = setup.start();
    let before = scrape(&service).await;
    let issued = |algorithm| {
        format!(
            "d1_authz_tokens_issued_total{{algorithm=\"{algorithm}\",grant=\"client_credentials\"}}"
        )
    };
    assert_eq!(
        before.of(&issued("ES256")),
        0.0,
        "a series before its first token"
    );
    assert_eq!(before.of("d1_authz_token_decision_seconds_count"), 0.0);

    let resource_server = basic("cards-api", "123");
    let token = service.token(D1, GRANT).await.access_token();
    service.token(D1, GRANT).await.granted();
    service.token(&resource_server, GRANT).await.granted();
    let wrong = basic("is_tbank01", "124");
    service
        .token(&wrong, GRANT)
        .await
        .refused(401, "invalid_client");
    let unread = service.token(D1, "grant_type=a&grant_type=b").await;
    unread.refused(400, "invalid_request");
    service.introspect(&resource_server, "x").await.inactive();
    service
        .introspect(D1, &token)
        .await
        .refused(403, "unauthorized_client");
    let foreign = service.revoke(&resource_server, &token).await;
    foreign.refused(400, "unauthorized_client");
    service.revoke(D1, &token).await.revoked();
    service.revoke(D1, "no token").await.revoked();

    let after = scrape(&service).await;
    let refusals = |endpoint, reason| {
        format!("d1_authz_refusals_total{{endpoint=\"{endpoint}\",reason=\"{reason}\"}}")
    };
    for (series, value) in [
        (issued("ES256"), 2.0),
        (issued("EdDSA"), 1.0),
        (issued("RS256"), 0.0),
        (refusals("token", "wrong_secret"), 1.0),
        (refusals("token", "malformed_request"), 1.0),
        (refusals("introspection", "introspection_not_allowed"), 1.0),
        (refusals("revocation", "not_the_owner"), 1.0),
        (
            "d1_authz_introspections_total{active=\"false\"}".into(),
            1.0,
        ),
        ("d1_authz_introspections_total{active=\"true\"}".into(), 0.0),
        ("d1_authz_tokens_revoked_total".into(), 1.0),
        // An unreadable request has no decision.
        ("d1_authz_token_decision_seconds_count".into(), 4.0),
    ] {
        assert_eq!(after.of(&series), value, "{series}");
    }
    assert!(after.of("d1_authz_token_decision_seconds_sum") > 0.0);
}

#[tokio::test]
async fn the_reference_is_one_page_that_loads_nothing() {
    let service = Setup::empty().start();
    let page = service.get_at(service.ops, "/docs/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let document = service.get("/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(page.text.contains(path), "{path}");
        for operation in item.as_object().unwrap().values() {
            if let Some(id) = operation["operationId"].as_str() {
                assert!(
                    page.text.contains(&format!("id=\"operation-{id}\"")),
                    "{id}"
                );
            }
        }
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(
            page.text.contains(&format!("id=\"schema-{name}\"")),
            "{name}"
        );
    }
    for loads in [
        "<script",
        "<link",
        "<img",
        "src=",
        "url(",
        "@import",
        "href=\"http",
    ] {
        assert!(!page.text.contains(loads), "{loads}");
    }
    let (_, style) = page.text.split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(
        policy.contains(&format!("style-src 'sha256-{hash}'")),
        "{policy}"
    );
}

#[tokio::test]
async fn how_things_stand_is_there() {
    let service = Setup::with_d1().start();
    let token = service.token(D1, GRANT).await.access_token();
    service.revoke(D1, &token).await.revoked();
    let mut figures = scrape(&service).await;
    // The service reads these figures in the background.
    while !figures.has("d1_authz_clients") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        figures = scrape(&service).await;
    }
    for (series, value) in [
        ("d1_authz_ready", 1.0),
        ("d1_authz_clients", 1.0),
        ("d1_authz_cached_clients", 1.0),
        ("d1_authz_revoked_tokens", 1.0),
        ("d1_authz_signing_keys{state=\"signing\"}", 1.0),
        ("d1_authz_signing_keys{state=\"revoked\"}", 0.0),
    ] {
        assert_eq!(figures.of(series), value, "{series}");
    }
    let version = concat!(
        "d1_authz_build_info{version=\"",
        env!("CARGO_PKG_VERSION"),
        "\"}"
    );
    assert_eq!(figures.of(version), 1.0);
    assert!(figures.of("d1_authz_store_read_age_seconds") >= 0.0);
    assert!(figures.has("d1_authz_connections"), "without TLS as well");
}

/// Each value of a label makes a series. Readers of the metrics also need not know the clients.
#[tokio::test]
async fn nothing_that_came_from_outside_is_in_it() {
    let service = Setup::with_d1().start();
    let answer = service.token(D1, &format!("{GRANT}&scope=cards")).await;
    let granted = answer.granted();
    service
        .token(&basic("stranger-7f3a", "hunter2"), GRANT)
        .await;
    service.token(D1, "grant_type=outlandish").await;
    service.token(D1, &format!("{GRANT}&scope=peculiar")).await;
    let text = service.get_at(service.ops, "/metrics").await.text;
    for word in [
        "is_tbank01",
        "123\"",
        "stranger",
        "hunter2",
        "outlandish",
        "peculiar",
        "cards",
        "127.0.0.1",
        granted["access_token"].as_str().unwrap(),
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert_eq!(service.get_at(service.api, "/metrics").await.status, 404);
}

#[tokio::test]
async fn the_front_door_counts_as_well() {
    let setup = Setup::of(
        "tls = { certificate = \"own/server.pem\", key = \"own/server.key\", client_ca = \"own/ca.pem\" }",
    );
    let own = Authority::new(setup.folder(), "own");
    own.issue("server", "/CN=bank.example", SERVER);
    let d1 = own.issue("d1", "/CN=d1", "DNS:d1.example");
    let service = setup.start();
    let caller = Caller::new(&own.certificate(), Some(&d1));
    let mut connected = caller.connect(service.api).await.unwrap();
    // A connection counts after its first request.
    connected.ask(&token_request(D1)).await.unwrap();
    let stranger = Caller::new(&own.certificate(), None);
    assert!(!stranger.is_served(service.api).await);
    let reason = "d1_authz_connections_turned_away_total{reason=\"no_certificate\"}";
    let counts = async || {
        let figures = scrape(&service).await;
        (figures.of("d1_authz_connections"), figures.of(reason))
    };
    eventually("one of each", counts, |counts| *counts == (1.0, 1.0)).await;
}
