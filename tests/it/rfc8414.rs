//! RFC 8414, OAuth 2.0 Authorization Server Metadata.

use serde_json::json;

use crate::harness::{Answer, D1, GRANT, ISSUER, Setup, basic};

const PATH: &str = "/.well-known/oauth-authorization-server/authz/d1/v1";

#[tokio::test]
async fn section_2_what_the_metadata_says() {
    let service = Setup::empty().start();
    let answer = service.get_at(service.api, PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    let methods = ["client_secret_basic", "private_key_jwt"];
    let algorithms = [
        "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "RS384", "RS512", "PS256", "PS384",
        "PS512",
    ];
    assert_eq!(
        answer.json(),
        json!({
            "issuer": ISSUER,
            "token_endpoint": format!("{ISSUER}/oauth2/token"),
            "jwks_uri": format!("{ISSUER}/oauth2/jwks"),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint": format!("{ISSUER}/oauth2/introspect"),
            "introspection_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint": format!("{ISSUER}/oauth2/revoke"),
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "service_documentation": format!("{ISSUER}/openapi.json"),
        })
    );
}

/// The path has every character that an issuer's path may have.
#[tokio::test]
async fn section_2_an_issuer_of_any_path_is_served_as_it_is_written() {
    let setup = Setup::with_d1();
    let path = "/A-z.9_~!$&'()*+,;=:/...";
    setup.configure("/authz/d1/v1", path);
    let service = setup.start();
    let answer = service
        .get_at(service.api, &format!("{path}/oauth2/jwks"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn section_2_every_endpoint_it_names_answers() {
    let setup = Setup::with_d1();
    setup.add("cards-api", "123", &["--allow", "introspect"]);
    let service = setup.start();
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
    let mut answered = vec!["jwks_uri", "service_documentation"];
    let mut post = async |name, authorization: &str, form: &str| {
        answered.push(name);
        let request = client
            .post(here(name))
            .header("authorization", authorization)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        Answer::of(request).await
    };
    let token = post("token_endpoint", D1, GRANT).await.access_token();
    let form = format!("token={token}");
    let caller = basic("cards-api", "123");
    let asked = post("introspection_endpoint", &caller, &form).await;
    assert_eq!(asked.granted()["active"], true);
    post("revocation_endpoint", D1, &form).await.revoked();
    let members = metadata.as_object().unwrap().iter();
    let of_this_service = |value: &serde_json::Value| {
        value
            .as_str()
            .is_some_and(|url| url.starts_with(ISSUER) && url != ISSUER)
    };
    for (name, _) in members.filter(|(_, value)| of_this_service(value)) {
        assert!(answered.contains(&name.as_str()), "{name} was not asked");
    }
}

#[tokio::test]
async fn section_3_the_well_known_path_goes_before_the_issuers_own() {
    for (issuer, base) in [
        ("https://bank.example/a/b", "/a/b"),
        ("https://bank.example", ""),
    ] {
        let setup = Setup::empty();
        setup.configure(ISSUER, issuer);
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
