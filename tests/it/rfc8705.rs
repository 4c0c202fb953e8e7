//! RFC 8705, OAuth 2.0 Mutual-TLS Client Authentication and Certificate-Bound Access Tokens: the tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Answer, Authority, D1, GRANT, ISSUER, Service, Setup, basic};

/// Certificates come through a gateway here; how they come without one is in `front_door`.
const GATEWAY: &str =
    "gateway = { addresses = [\"127.0.0.1\"], certificate_header = \"client-cert\" }\n";

struct Bound {
    service: Service,
    /// `Client-Cert` of a good certificate.
    certificate: String,
    /// Its `x5t#S256`.
    thumbprint: String,
}

fn bound(binding: &str) -> Bound {
    let setup = Setup::of(GATEWAY);
    let options = ["--scope", "cards", "--bind-certificate", binding];
    setup.add("is_tbank01", "123", &options);
    setup.add("cards-api", "123", &["--allow", "introspect"]);
    let thales = Authority::new(setup.folder(), "thales");
    let d1 = thales.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    let pem = std::fs::read_to_string(&d1.certificate).unwrap();
    let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Bound {
        service: setup.start(),
        certificate: format!(":{encoded}:"),
        thumbprint: d1.thumbprint(),
    }
}

impl Bound {
    async fn token(&self, with_certificate: bool) -> Answer {
        let mut request = self
            .service
            .post()
            .header("authorization", D1)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(GRANT);
        if with_certificate {
            request = request.header("client-cert", &self.certificate);
        }
        Answer::of(request).await
    }

    async fn introspected(&self, token: &str) -> Value {
        let resource_server = basic("cards-api", "123");
        let answer = self.service.introspect(&resource_server, token).await;
        answer.granted()
    }
}

fn cnf(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["cnf"].clone()
}

#[tokio::test]
async fn section_3_1_the_claim_is_the_certificates_thumbprint() {
    let bound = bound("when-presented");
    let expected = json!({ "x5t#S256": bound.thumbprint });
    let token = bound.token(true).await.access_token();
    assert_eq!(cnf(&token), expected);
    // 3.2: introspection says so as well.
    let said = bound.introspected(&token).await;
    assert_eq!((&said["active"], &said["cnf"]), (&json!(true), &expected));
    let free = bound.token(false).await.access_token();
    assert_eq!(cnf(&free), Value::Null);
    assert!(bound.introspected(&free).await.get("cnf").is_none());
}

#[tokio::test]
async fn section_3_a_client_that_must_gets_no_token_without_its_certificate() {
    let bound = bound("required");
    bound.token(false).await.refused(400, "invalid_request");
    assert_eq!(
        cnf(&bound.token(true).await.access_token())["x5t#S256"],
        bound.thumbprint
    );
    let audit = bound.service.stop().audit();
    let refused = audit
        .iter()
        .find(|record| record["event"] == "token.refused");
    assert_eq!(refused.unwrap()["reason"], "certificate_missing");
}

#[tokio::test]
async fn a_client_that_is_not_set_so_has_tokens_that_are_not_bound() {
    let bound = bound("off");
    assert_eq!(cnf(&bound.token(true).await.access_token()), Value::Null);
}

#[tokio::test]
async fn section_3_3_the_metadata_says_so_where_certificates_are_known() {
    let path = "/.well-known/oauth-authorization-server/authz/d1/v1";
    for (lines, expected) in [(GATEWAY, json!(true)), ("", Value::Null)] {
        let service = Setup::of(lines).start();
        let metadata = service.get_at(service.api, path).await.json();
        assert_eq!(metadata["issuer"], ISSUER);
        assert_eq!(
            metadata["tls_client_certificate_bound_access_tokens"],
            expected
        );
    }
}
