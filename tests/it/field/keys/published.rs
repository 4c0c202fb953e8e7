//! Keys that clients publish at a `jwks_uri`, which the service fetches over TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::assert_as;
use crate::harness::signer::{Signer, claims};
use crate::harness::{Answer, Authority, Issued, Service, Setup, eventually};

/// A server with a client's keys. It ends on drop.
struct Publisher {
    address: SocketAddr,
    /// The whole answer. While it is empty, the server doesn't answer.
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Publisher {
    async fn start(issued: &Issued) -> Self {
        let certificates = CertificateDer::pem_file_iter(&issued.certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(&issued.key).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates.map(Result::unwrap).collect(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, asked) = (
            Arc::<Mutex<String>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let (answers, count) = (answer.clone(), asked.clone());
        let serving = tokio::spawn(async move {
            // The connections end with the server.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (acceptor, answers) = (acceptor.clone(), answers.clone());
                open.spawn(async move {
                    let mut stream = acceptor.accept(tcp).await.ok()?;
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.ok()?);
                    }
                    let answer = answers.lock().unwrap().clone();
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    stream.shutdown().await.ok()
                });
            }
        });
        Self {
            address,
            answer,
            asked,
            serving,
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/jwks", self.address.port())
    }

    fn publish(&self, keys: &[&Value]) {
        let body = json!({ "keys": keys }).to_string();
        self.answer(&format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    fn answer(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().unwrap());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A configuration that trusts a test authority, and that authority's certificate for localhost.
fn trusting(more: &str) -> (Setup, Issued) {
    let setup = Setup::of(&format!(
        "jwks_uri = {{ ca_file = \"clients/ca.pem\"{more} }}\n"
    ));
    let authority = Authority::new(setup.folder(), "clients");
    let alternatives = "DNS:localhost,IP:127.0.0.1";
    let issued = authority.issue("client", "/CN=localhost", alternatives);
    (setup, issued)
}

fn add(setup: &Setup, id: &str, url: &str) {
    let add = [
        "client",
        "add",
        "--id",
        id,
        "--scope",
        "cards",
        "--jwks-uri",
        url,
    ];
    setup.run(&add).ok();
}

async fn token(service: &Service, id: &str, signer: &Signer, kid: &str) -> Answer {
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": kid });
    assert_as(service, &signer.with_header(&header, &claims(id))).await
}

/// A key with this `kid`.
fn signer(kid: &str) -> Signer {
    let mut signer = Signer::es256();
    signer.jwk["kid"] = json!(kid);
    signer
}

/// "A client with `jwks_uri` becomes one with a new secret (missing)"
#[tokio::test]
async fn published_keys_are_fetched_and_followed() {
    let (setup, issued) = trusting(", private_addresses = true");
    let publisher = Publisher::start(&issued).await;
    let (old, new) = (signer("1"), signer("2"));
    publisher.publish(&[&old.jwk]);
    add(&setup, "batch", &publisher.url());
    let list = setup
        .run(&["client", "list", "--output", "json"])
        .ok()
        .json();
    assert_eq!(list[0]["jwks_uri"], publisher.url());
    assert_eq!(list[0]["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(list[0]["secrets"], json!([]));
    let shown = setup.run(&["client", "show", "batch"]).ok().stdout;
    assert!(shown.contains(&publisher.url()), "{shown}");

    let service = setup.start();
    let by = async |signer: &Signer, kid: &str| token(&service, "batch", signer, kid).await.status;
    // The service fetches the keys before the client asks.
    let fetched = |log: &String| log.contains("a client's keys were fetched");
    eventually("they are fetched", async || service.log(), fetched).await;
    assert_eq!(by(&old, "1").await, 200);
    assert_eq!(by(&new, "2").await, 401);

    // An unknown key makes the service fetch the keys again soon.
    publisher.publish(&[&new.jwk]);
    eventually(
        "the new key is known",
        async || by(&new, "2").await,
        |it| *it == 200,
    )
    .await;
    assert_ne!(by(&old, "1").await, 200);

    // While the URL fails or serves something else, the service keeps the known keys.
    let before = publisher.asked();
    publisher.answer("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
    let asks_again = async || {
        by(&old, "1").await;
        publisher.asked()
    };
    eventually("it is asked again", asks_again, |it| *it > before).await;
    let failed = |log: &String| log.contains("a client's keys can't be fetched");
    eventually("it is told", async || service.log(), failed).await;
    assert_eq!(by(&new, "2").await, 200);
    drop(publisher);
    assert_eq!(by(&new, "2").await, 200);
    let failures = "d1_authz_client_key_fetches_total{outcome=\"failed\"}";
    assert!(service.metric(failures).await > 0);

    // Keys that the administrator registers replace the URL, and a URL replaces keys.
    let set_keys = ["client", "set-keys", "batch", "--jwks", "-"];
    service.setup.run_with(&set_keys, &old.jwk.to_string()).ok();
    eventually(
        "they are in force",
        async || by(&old, "1").await,
        |it| *it == 200,
    )
    .await;
    let shown = ["client", "show", "batch", "--output", "json"];
    let shown = service.setup.run(&shown).ok().json();
    assert!(shown.get("jwks_uri").is_none(), "{shown}");
    let clear = ["client", "set", "batch", "--jwks-uri", ""];
    service.setup.run(&clear).ok();
    let elsewhere = [
        "client",
        "set",
        "batch",
        "--jwks-uri",
        "https://localhost:1/",
    ];
    service.setup.run(&elsewhere).ok();
    service.setup.run(&clear).fails(1, "no keys");
    eventually(
        "they are gone",
        async || by(&old, "1").await,
        |it| *it != 200,
    )
    .await;
}

/// "A client with `jwks_uri` …": no token request waits for the client's server. At most one fetch
/// is under way for each client.
#[tokio::test]
async fn no_request_waits_for_a_clients_server() {
    let (setup, issued) = trusting(", private_addresses = true");
    let publisher = Publisher::start(&issued).await;
    add(&setup, "batch", &publisher.url());
    let service = setup.start();
    let key = signer("1");
    eventually("it is asked", async || publisher.asked(), |it| *it > 0).await;
    let begun = Instant::now();
    for _ in 0..8 {
        let answer = token(&service, "batch", &key, "1").await;
        answer.refused(401, "invalid_client");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "no request waits");
    assert_eq!(publisher.asked(), 1, "one fetch is under way");
    let reasons = service.stop().reasons();
    assert_eq!(reasons, ["assertion_keys_unknown"; 8]);
}

/// "A client with `jwks_uri` …": what the service fetches, and from where.
#[tokio::test]
async fn a_url_leads_to_no_private_address_and_to_no_other_place() {
    let (setup, issued) = trusting("");
    let publisher = Publisher::start(&issued).await;
    let key = signer("1");
    publisher.publish(&[&key.jwk]);
    add(&setup, "private", &publisher.url());
    for (url, why) in [
        ("http://localhost/jwks", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://a:b@client.example/", "user name"),
        ("client.example", "URL"),
    ] {
        let add = ["client", "add", "--jwks-uri", url];
        setup.run(&add).fails(2, why);
    }
    let service = setup.start();
    let told = |log: &String| log.contains("not a public address");
    eventually("it is told", async || service.log(), told).await;
    let refused = token(&service, "private", &key, "1").await;
    refused.refused(401, "invalid_client");
    assert_eq!(publisher.asked(), 0);

    // With private addresses allowed, the server must still prove its name, and the service follows
    // no redirect.
    let setup = service.stop();
    setup.configure(
        "clients/ca.pem\"",
        "clients/ca.pem\", private_addresses = true",
    );
    let elsewhere = Publisher::start(&issued).await;
    elsewhere.publish(&[&key.jwk]);
    publisher.answer(&format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url()
    ));
    let stranger = Authority::new(setup.folder(), "stranger");
    let stranger = stranger.issue("client", "/CN=localhost", "DNS:localhost");
    let stranger = Publisher::start(&stranger).await;
    stranger.publish(&[&key.jwk]);
    add(&setup, "stranger", &stranger.url());
    let large = Publisher::start(&issued).await;
    let body = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(300_000));
    large.answer(&format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    add(&setup, "large", &large.url());
    let service = setup.start();
    for why in ["answers 302", "TLS: ", "length limit exceeded"] {
        let told = |log: &String| log.contains(why);
        eventually(why, async || service.log(), told).await;
    }
    for id in ["private", "stranger", "large"] {
        let refused = token(&service, id, &key, "1").await;
        refused.refused(401, "invalid_client");
    }
    assert_eq!(elsewhere.asked(), 0, "a redirect is not followed");
}
