//! The probe over TLS: the authorities that it trusts and the certificate that it shows.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::not_ok;
use super::server::{self, SECRET};
use crate::harness::{Authority, Run, Setup, d1_authz};

/// An authority and a client certificate of it, in files; and a server of the authority, which can
/// ask for a client certificate.
struct Bank {
    folder: TempDir,
    url: String,
}

impl Bank {
    fn new(asks_for_certificates: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "own");
        Authority::new(folder.path(), "other");
        authority.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
        let tls = server_config(&authority, asks_for_certificates);
        let address = server::start(Some(tls), Arc::new(|_, _| {}));
        Self {
            folder,
            url: format!("https://localhost:{}/token", address.port()),
        }
    }

    fn probe(&self, more: &[&str]) -> Run {
        let mut arguments = vec![
            "probe",
            "--url",
            &self.url,
            "--id",
            "is_tbank01",
            "--secret-stdin",
        ];
        arguments.extend(["--output", "json"]);
        arguments.extend(more);
        d1_authz(self.folder.path(), arguments, SECRET)
    }
}

#[test]
fn d1_shows_its_certificate_and_checks_the_servers() {
    let bank = Bank::new(true);
    let own = [
        "--certificate",
        "own/d1.pem",
        "--key",
        "own/d1.key",
        "--ca",
        "own/ca.pem",
    ];
    let run = bank.probe(&own).ok();
    assert_eq!(not_ok(&run), [""; 0], "{run:?}");
    let checks = run.json()["checks"].clone();
    assert!(
        checks[0]["seen"].as_str().unwrap().starts_with("TLSv1_3"),
        "{checks}"
    );
    assert_eq!(checks[1]["seen"], "asked for, and shown");

    let run = bank.probe(&own[4..]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(
        not_ok(&run),
        ["answer: wrong"],
        "without a certificate: {run:?}"
    );
}

#[test]
fn d1_is_content_with_this_service_over_mutual_tls() {
    let setup = Setup::of(
        "tls = { certificate = \"own/server.pem\", key = \"own/server.key\", client_ca = \"thales/ca.pem\" }",
    );
    setup.add("is_tbank01", SECRET, &["--scope", "cards pin"]);
    let own = Authority::new(setup.folder(), "own");
    own.issue("server", "/CN=localhost", "DNS:localhost");
    let thales = Authority::new(setup.folder(), "thales");
    let d1 = thales.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    let service = setup.start();
    let bank = Bank {
        folder: tempfile::tempdir().unwrap(),
        url: format!(
            "https://localhost:{}/authz/d1/v1/oauth2/token",
            service.api.port()
        ),
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (ca, certificate, key) = (
        text(&own.certificate()),
        text(&d1.certificate),
        text(&d1.key),
    );
    let run = bank
        .probe(&["--certificate", &certificate, "--key", &key, "--ca", &ca])
        .ok();
    assert_eq!(not_ok(&run), [""; 0], "{run:?}");
    assert_eq!(
        not_ok(&bank.probe(&["--ca", &ca])),
        ["answer: wrong"],
        "without a certificate"
    );
}

#[test]
fn a_server_of_another_authority_is_not_believed() {
    let bank = Bank::new(false);
    let run = bank.probe(&["--ca", "other/ca.pem"]);
    assert_eq!(
        (run.code, not_ok(&run)),
        (1, vec!["answer: wrong".to_owned()])
    );
    assert!(
        run.json()["checks"][0]["seen"]
            .as_str()
            .unwrap()
            .contains("certificate"),
        "{run:?}"
    );
}

#[test]
fn a_server_that_does_not_ask_for_a_certificate_differs() {
    let run = Bank::new(false).probe(&["--ca", "own/ca.pem"]).ok();
    assert_eq!(not_ok(&run), ["client certificate: differs"]);
}

#[test]
fn files_that_hold_something_else_are_refused() {
    let bank = Bank::new(false);
    for (certificate, key, ca) in [
        ("own/d1.key", "own/d1.key", "own/ca.pem"),
        ("own/d1.pem", "own/ca.pem", "own/ca.pem"),
        ("own/d1.pem", "own/d1.key", "own/d1.key"),
        ("own/ca.pem", "own/d1.key", "own/ca.pem"),
    ] {
        let arguments = ["--certificate", certificate, "--key", key, "--ca", ca];
        bank.probe(&arguments).fails(2, ".");
    }
}

fn server_config(authority: &Authority, asks_for_certificates: bool) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let own = authority.issue("server", "/CN=localhost", "DNS:localhost");
    let certificate = |file: &Path| CertificateDer::from_pem_file(file).unwrap();
    let chain = vec![certificate(&own.certificate)];
    let key = PrivateKeyDer::from_pem_file(&own.key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&authority.certificate())).unwrap();
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = if asks_for_certificates {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        config.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        config.with_no_client_auth()
    };
    config.with_single_cert(chain, key).unwrap()
}
