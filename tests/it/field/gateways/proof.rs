//! A gateway proves its identity by a secret or by its certificate.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{ask, ask_by_certificate, counted, is_told};
use crate::harness::{
    Authority, Caller, GATEWAY, Issued, SERVER, Service, Setup, eventually, status, token_request,
};

const FIRST: &str = "7f3a1c0de5b94286aa01";
const SECOND: &str = "0b6e2d94c8f1735e11bc";

/// Writes a file that only its owner may read.
fn private(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, file).unwrap();
}

fn with_secret(more: &str) -> Setup {
    let secret = format!("client-cert\", secret_file = \"gateway.secret\"{more} }}");
    let setup = Setup::of(&GATEWAY.replace("client-cert\" }", &secret));
    private(&setup.folder().join("gateway.secret"), FIRST);
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    setup.add_by_certificate("batch");
    setup
}

/// A certificate that a caller made with its own authority.
fn self_made(folder: &Path) -> Issued {
    let anybody = Authority::new(folder, "anybody");
    anybody.issue("batch", "/CN=batch", "DNS:batch.example")
}

/// "`Client-Cert` from the gateway's address is believed without any proof": another process at the
/// gateway's address doesn't know the secret.
#[tokio::test]
async fn a_gateway_without_the_shared_secret_is_not_believed() {
    let setup = with_secret("");
    let certificate = self_made(setup.folder()).client_cert();
    let service = setup.start();
    let certificate = ("client-cert", &*certificate);
    for shown in [
        &[][..],
        &[""],
        &[SECOND],
        &[&FIRST[1..]],
        &[FIRST, FIRST],
        &[SECOND, FIRST],
    ] {
        let secrets = shown.iter().map(|secret| ("x-gateway-secret", *secret));
        let headers: Vec<_> = [certificate].into_iter().chain(secrets).collect();
        let answer = ask_by_certificate(&service, "batch", &headers).await;
        assert_eq!(answer.status, 403, "{shown:?}");
    }
    assert_eq!(ask(&service, &[]).await.status, 403);
    assert_eq!(service.get("/oauth2/jwks").await.status, 403);
    assert_eq!(counted(&service, "no_secret").await, 8);
    is_told(&service, "no_secret").await;
    let secret = ("x-gateway-secret", FIRST);
    ask_by_certificate(&service, "batch", &[certificate, secret])
        .await
        .granted();
    ask(&service, &[secret]).await.granted();
    assert!(!service.log().contains(FIRST));
}

/// "`Client-Cert` from the gateway's address is believed without any proof": an operator renews the
/// secret without an outage.
#[tokio::test]
async fn the_shared_secret_is_renewed_while_the_service_runs() {
    let service = with_secret(", secret_header = \"X-From-Gateway\"").start();
    let file = service.setup.folder().join("gateway.secret");
    let shows = async |secret: &str| {
        let answer = ask(&service, &[("x-from-gateway", secret)]).await;
        answer.status.as_u16()
    };
    let is_logged = async |what: &str, times: usize| {
        let count = async || service.log().matches(what).count();
        eventually(what, count, |count| *count == times).await;
    };
    assert_eq!((shows(FIRST).await, shows(SECOND).await), (200, 403));
    private(&file, &format!("{FIRST}\n{SECOND}\n"));
    is_logged("the gateway's secret was read again", 1).await;
    assert_eq!((shows(FIRST).await, shows(SECOND).await), (200, 200));
    private(&file, SECOND);
    is_logged("the gateway's secret was read again", 2).await;
    assert_eq!((shows(FIRST).await, shows(SECOND).await), (403, 200));
    // An unusable secret changes nothing.
    private(&file, "short");
    is_logged("the one before stays in force", 1).await;
    assert_eq!(shows(SECOND).await, 200);
}

/// "`Client-Cert` from the gateway's address is believed without any proof": `config check` and the
/// start warn of it.
#[test]
fn a_certificate_that_is_believed_without_proof_is_warned_of() {
    let warning = "let the gateway prove itself";
    let bare = Setup::of(GATEWAY);
    let checked = bare.run(&["config", "check", "--output", "json"]).ok();
    assert!(checked.stderr.contains(warning), "{checked:?}");
    assert!(
        checked.json()["warnings"][0]
            .as_str()
            .unwrap()
            .contains(warning)
    );
    assert!(bare.start().log().contains(warning));
    let without_certificates = Setup::of("gateway = { addresses = [\"127.0.0.1\"] }\n");
    for setup in [with_secret(""), without_certificates] {
        let checked = setup.run(&["config", "check"]).ok();
        assert!(!checked.stderr.contains(warning), "{checked:?}");
    }
}

/// "`Client-Cert` from the gateway's address is believed without any proof": `config check` and the
/// start refuse an unusable secret.
#[test]
fn a_secret_that_can_not_be_used_is_refused() {
    let setup = with_secret("");
    let file = setup.folder().join("gateway.secret");
    for (text, why) in [
        ("", "has no secret"),
        ("short", "at least 16"),
        ("0123456789 abcdef", "without blanks"),
    ] {
        private(&file, text);
        for command in [&["config", "check"][..], &["serve"]] {
            let refused = setup.run(command);
            assert_ne!(refused.code, 0);
            assert!(refused.stderr.contains(why), "{refused:?}");
        }
    }
    fs::remove_file(&file).unwrap();
    setup.run(&["config", "check"]).fails(2, "gateway.secret");
    for (lines, why) in [
        (
            ", secret_header = \"authorization\"",
            "must be another header",
        ),
        (", secret_header = \"a b\"", "the name of a header"),
        (
            ", certificate_names = [\"dns:gateway.example\"]",
            "asks for no certificate",
        ),
    ] {
        let gateway = GATEWAY.replace(
            " }",
            &format!(", secret_file = \"gateway.secret\"{lines} }}"),
        );
        Setup::of(&gateway).run(&["config", "check"]).fails(2, why);
    }
}

/// A setup with `[tls]`, the authority of its callers, and the name of its gateway's certificate.
fn with_tls() -> (Setup, Authority) {
    let gateway = GATEWAY.replace(" }", ", certificate_names = [\"dns:gateway.example\"] }");
    let setup = Setup::of(&format!(
        "{gateway}tls = {{ certificate = \"bank/server.pem\", key = \"bank/server.key\", client_ca = \"bank/ca.pem\" }}\n"
    ));
    let bank = Authority::new(setup.folder(), "bank");
    bank.issue("server", "/CN=bank.example", SERVER);
    setup.add("is_tbank01", "123", &["--scope", "cards"]);
    for id in ["batch", "other", "gateway"] {
        setup.add_by_certificate(id);
    }
    (setup, bank)
}

/// Asks as this client by certificate, with a gateway's headers. Gives the status.
async fn status_of(service: &Service, caller: &Caller, id: &str, certificate: &Issued) -> u16 {
    let form = format!("grant_type=client_credentials&client_id={id}");
    let request = format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\nX-Forwarded-For: 192.0.2.7\r\n\
         Client-Cert: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        certificate.client_cert(),
        form.len()
    );
    let mut connection = caller.connect(service.api).await.unwrap();
    status(&connection.ask(&request).await.unwrap())
}

/// "`Client-Cert` from the gateway's address is believed without any proof": with `[tls]`, the
/// gateway has its own certificate.
#[tokio::test]
async fn with_tls_a_gateway_is_known_by_its_certificate_as_well() {
    let (setup, bank) = with_tls();
    let issue =
        |name: &str| bank.issue(name, &format!("/CN={name}"), &format!("DNS:{name}.example"));
    let [gateway, other, batch] = ["gateway", "other", "batch"].map(issue);
    let certificate = self_made(setup.folder());
    let authority = bank.certificate();
    let service = setup.start();
    let [gateway, other] = [gateway, other].map(|own| Caller::new(&authority, Some(&own)));

    assert_eq!(status_of(&service, &gateway, "batch", &batch).await, 200);
    // While the gateway passes on a certificate, its own one authenticates no client.
    assert_eq!(status_of(&service, &gateway, "gateway", &batch).await, 401);
    assert_eq!(counted(&service, "not_the_gateways_certificate").await, 0);
    // The service ignores the headers of another process at the gateway's address.
    assert_eq!(
        status_of(&service, &other, "batch", &certificate).await,
        401
    );
    assert_eq!(
        status_of(&service, &other, "other", &certificate).await,
        200
    );
    assert_eq!(counted(&service, "not_the_gateways_certificate").await, 2);
    is_told(&service, "not_the_gateways_certificate").await;
    let mut connection = other.connect(service.api).await.unwrap();
    let answer = connection
        .ask(&token_request(crate::harness::D1))
        .await
        .unwrap();
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(counted(&service, "not_the_gateways_certificate").await, 2);

    let audit = service.stop().audit();
    let sources: Vec<_> = audit
        .iter()
        .filter(|record| record["event"].as_str().unwrap().starts_with("token."))
        .map(|record| record["source"].as_str().unwrap())
        .collect();
    assert_eq!(
        sources,
        [
            "192.0.2.7",
            "192.0.2.7",
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.1"
        ]
    );
}
