//! RFC 8705, OAuth 2.0 Mutual-TLS Client Authentication and Certificate-Bound Access Tokens.

use serde_json::{Value, json};

use crate::harness::{Answer, Authority, D1, GATEWAY, GRANT, ISSUER, Service, Setup, basic, parts};

/// A service behind a gateway that passes on certificates, with a certificate of D1. `front_door`
/// tests the service without a gateway.
struct Bound {
    service: Service,
    /// The value of `Client-Cert` with a good certificate.
    certificate: String,
    /// The `x5t#S256` of the certificate.
    thumbprint: String,
}

fn bound(binding: &str) -> Bound {
    let setup = Setup::of(GATEWAY);
    let options = ["--scope", "cards", "--bind-certificate", binding];
    setup.add("is_tbank01", "123", &options);
    setup.add("cards-api", "123", &["--allow", "introspect"]);
    started(setup)
}

fn started(setup: Setup) -> Bound {
    let thales = Authority::new(setup.folder(), "thales");
    let alternatives = "DNS:d1.example,URI:urn:d1";
    let d1 = thales.issue("d1", "/C=FR/O=Thales/CN=d1", alternatives);
    Bound {
        service: setup.start(),
        certificate: d1.client_cert(),
        thumbprint: d1.thumbprint(),
    }
}

impl Bound {
    /// D1's request, with its certificate or without one.
    async fn token(&self, with_certificate: bool) -> Answer {
        self.ask(Some(D1), GRANT, with_certificate).await
    }

    /// A form with a credential or without one, and with the certificate or without one.
    async fn ask(&self, credential: Option<&str>, form: &str, with_certificate: bool) -> Answer {
        let mut request = self
            .service
            .post()
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        if let Some(credential) = credential {
            request = request.header("authorization", credential);
        }
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
    let [_, claims] = parts(token);
    claims["cnf"].clone()
}

#[tokio::test]
async fn section_3_1_the_claim_is_the_certificates_thumbprint() {
    let bound = bound("when-presented");
    let expected = json!({ "x5t#S256": bound.thumbprint });
    let token = bound.token(true).await.access_token();
    assert_eq!(cnf(&token), expected);
    // RFC 8705 3.2: introspection shows the thumbprint too.
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
        let aliases = &metadata["mtls_endpoint_aliases"];
        assert_eq!(aliases.is_object(), expected == json!(true));
        for name in [
            "token_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
        ] {
            let at = if aliases.is_object() {
                &metadata[name]
            } else {
                &Value::Null
            };
            assert_eq!(&aliases[name], at);
        }
    }
}

/// A service with a client without a secret. The client authenticates by the name of its
/// certificate.
fn by_name(name: &str) -> Bound {
    let setup = Setup::of(GATEWAY);
    let add = [
        "client",
        "add",
        "--id",
        "d1",
        "--scope",
        "cards",
        "--certificate-name",
        name,
    ];
    let said = setup.run(&add).ok().stdout;
    assert!(
        said.contains("tls_client_auth") && !said.contains("client_secret"),
        "{said}"
    );
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    started(setup)
}

#[tokio::test]
async fn section_2_1_a_certificate_of_the_clients_name_authenticates_it() {
    for name in [
        "subject:CN=d1,O=Thales,C=FR",
        "dns:d1.example",
        "uri:urn:d1",
    ] {
        let bound = by_name(name);
        let form = format!("{GRANT}&client_id=d1");
        bound.ask(None, &form, true).await.granted();
        bound
            .ask(None, &form, false)
            .await
            .refused(401, "invalid_client");
        // RFC 8705 2: a request must name its client, and the certificate must belong to that
        // client.
        bound
            .ask(None, GRANT, true)
            .await
            .refused(401, "invalid_client");
        for other in ["is_tbank01", "nobody"] {
            let form = format!("{GRANT}&client_id={other}");
            bound
                .ask(None, &form, true)
                .await
                .refused(401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn section_2_1_2_another_name_does_not() {
    let bound = by_name("subject:CN=d2,O=Thales,C=FR");
    let form = format!("{GRANT}&client_id=d1");
    bound
        .ask(None, &form, true)
        .await
        .refused(401, "invalid_client");
    let audit = bound.service.stop().audit();
    let refused = audit
        .iter()
        .find(|record| record["event"] == "token.refused");
    assert_eq!(refused.unwrap()["reason"], "wrong_certificate");
}

#[tokio::test]
async fn section_2_a_client_with_a_secret_may_show_a_certificate_as_well() {
    let bound = by_name("dns:d1.example");
    bound.token(true).await.granted();
    let form = format!("{GRANT}&client_id=is_tbank01&client_secret=123");
    bound
        .ask(None, &form, true)
        .await
        .refused(401, "invalid_client");
}

#[test]
fn a_client_is_not_locked_out_by_a_slip() {
    let setup = Setup::with_d1();
    let set = [
        "client",
        "set",
        "is_tbank01",
        "--auth-method",
        "tls_client_auth",
    ];
    setup.run(&set).fails(1, "no name of a certificate");
    let both = [&set[..], &["--certificate-name", "dns:d1.example"]].concat();
    setup.run(&both).ok();
    let shown = setup.run(&["client", "show", "is_tbank01"]).ok().stdout;
    assert!(shown.contains("dns:d1.example"), "{shown}");
    let clear = ["client", "set", "is_tbank01", "--certificate-name", ""];
    setup.run(&clear).fails(1, "no name of a certificate");
}
