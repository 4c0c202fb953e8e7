//! RFC 8414, OAuth 2.0 Authorization Server Metadata.

use serde_json::json;

use crate::harness::{Answer, D1, GRANT, ISSUER, Setup};

const PATH: &str = "/.well-known/oauth-authorization-server/authz/d1/v1";

#[tokio::test]
async fn section_2_what_the_metadata_says() {
    let service = Setup::empty().start();
    let answer = service.get_at(service.api, PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(
        answer.json(),
        json!({
            "issuer": ISSUER,
            "token_endpoint": format!("{ISSUER}/oauth2/token"),
            "jwks_uri": format!("{ISSUER}/oauth2/jwks"),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "service_documentation": format!("{ISSUER}/openapi.json"),
        })
    );
}

#[tokio::test]
async fn section_2_every_endpoint_it_names_answers() {
    let service = Setup::with_d1().start();
    let metadata = service.get_at(service.api, PATH).await.json();
    let here = |name: &str| {
        let url = metadata[name].as_str().unwrap();
        url.replace("https://bank.example", &format!("http://{}", service.api))
    };
    let client = reqwest::Client::new();
    for name in ["jwks_uri", "service_documentation"] {
        assert_eq!(
            Answer::of(client.get(here(name))).await.status,
            200,
            "{name}"
        );
    }
    let request = client
        .post(here("token_endpoint"))
        .header("authorization", D1)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(GRANT);
    Answer::of(request).await.granted();
}

#[tokio::test]
async fn section_3_the_well_known_path_goes_before_the_issuers_own() {
    for (issuer, base) in [
        ("https://bank.example/a/b", "/a/b"),
        ("https://bank.example", ""),
    ] {
        let setup = Setup::empty();
        let config = std::fs::read_to_string(setup.config()).unwrap();
        std::fs::write(setup.config(), config.replace(ISSUER, issuer)).unwrap();
        let service = setup.start();
        let path = format!("/.well-known/oauth-authorization-server{base}");
        let metadata = service.get_at(service.api, &path).await.json();
        assert_eq!(metadata["issuer"], issuer);
        let keys = service
            .get_at(service.api, &format!("{base}/oauth2/jwks"))
            .await;
        assert_eq!(keys.status, 200);
        if !base.is_empty() {
            assert_eq!(service.get_at(service.api, PATH).await.status, 404);
        }
    }
}
