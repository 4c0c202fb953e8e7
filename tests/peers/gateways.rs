//! The gateways of docs/verify.md run with the configurations of that page, between a caller and an
//! API, next to a service.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Client;

use crate::forgery::AUDIENCE;
use crate::harness::{GRANT, Service, basic, free_address};
use crate::tools::{self, Server};

/// A service that also has the client `nginx`, with which the gateway authenticates.
fn service() -> Service {
    let setup = tools::setup_with_own_and_other();
    setup.add(
        "nginx",
        "the-secret",
        &["--allow", "introspect", "--audience", AUDIENCE],
    );
    setup.start()
}

/// An API that answers with the caller's data that the gateway sent.
fn api() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let lines = BufReader::new(&connection).lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let named = |name: &str| {
                let values = head.iter().filter_map(|line| line.split_once(": "));
                let values = values.filter(|(key, _)| key.eq_ignore_ascii_case(name));
                values.map(|(_, value)| value).collect::<Vec<_>>().join(",")
            };
            let body = format!("{} {}", named("x-client-id"), named("x-scope"));
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    address
}

struct Gateway {
    server: Server,
    address: SocketAddr,
    client: Client,
}

impl Gateway {
    fn new(server: Server, address: SocketAddr) -> Self {
        Self {
            server,
            address,
            client: Client::new(),
        }
    }

    /// Sends a request with a token and with forged headers that name another client. Gives status
    /// and body.
    async fn call(&self, token: Option<&str>) -> Option<(u16, String)> {
        let mut request = self.client.get(format!("http://{}/cards/1", self.address));
        request = request
            .header("x-client-id", "admin")
            .header("x-scope", "all");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Waits until the gateway serves and knows the keys.
    async fn lets_through(&mut self, token: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.call(Some(token)).await;
            if answer == Some((200, "own cards pin".to_owned())) {
                return;
            }
            self.server.still_runs();
            assert!(Instant::now() < patience, "{answer:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn turns_away(&self, token: Option<&str>) {
        let (status, body) = self.call(token).await.unwrap();
        assert!([401, 403].contains(&status), "{token:?}: {status} {body}");
        assert!(!body.contains("admin"), "the API was reached: {body}");
    }
}

/// Checks that the gateway lets through exactly the callers that have a token for the API.
async fn keeps_the_api(gateway: &mut Gateway, service: &Service) {
    let token = service
        .token(&basic("own", "123"), GRANT)
        .await
        .access_token();
    let other = service
        .token(&basic("other", "123"), GRANT)
        .await
        .access_token();
    gateway.lets_through(&token).await;
    let parts: Vec<_> = token.split('.').collect();
    let other_parts: Vec<_> = other.split('.').collect();
    let altered = format!("{}.{}.{}", parts[0], other_parts[1], parts[2]);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    for bad in [
        None,
        Some(&other),
        Some(&altered),
        Some(&unsigned),
        Some(&"nonsense".to_owned()),
    ] {
        gateway.turns_away(bad.map(String::as_str)).await;
    }
    gateway.lets_through(&token).await;
}

#[tokio::test]
async fn envoy_keeps_an_api() {
    let service = service();
    let address = free_address();
    let config =
        std::fs::read_to_string(tools::repository().join("examples/envoy/envoy.yaml")).unwrap();
    let config = placed(
        config,
        &[
            (
                "{address: d1-authz.internal, port_value: 8443}",
                envoy(service.api),
            ),
            ("{address: cards.internal, port_value: 9000}", envoy(api())),
            ("{address: 127.0.0.1, port_value: 8000}", envoy(address)),
        ],
    );
    let mut command = tools::python("envoy");
    command
        .args([
            "--concurrency",
            "1",
            "--use-dynamic-base-id",
            "--log-level",
            "error",
        ])
        .args(["--config-yaml", &config]);
    let mut gateway = Gateway::new(Server::start(&mut command), address);
    keeps_the_api(&mut gateway, &service).await;
}

fn envoy(address: SocketAddr) -> String {
    format!(
        "{{address: {}, port_value: {}}}",
        address.ip(),
        address.port()
    )
}

#[tokio::test]
async fn nginx_keeps_an_api_and_hears_of_revocations() {
    let service = service();
    let address = free_address();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap().to_owned();
    let examples = tools::repository().join("examples/nginx");
    let config = std::fs::read_to_string(examples.join("nginx.conf")).unwrap();
    let config = placed(
        config,
        &[
            ("127.0.0.1:8000", address.to_string()),
            ("d1-authz.internal:8443", service.api.to_string()),
            ("cards.internal:9000", api().to_string()),
            (
                "js_path /etc/nginx",
                format!("js_path {}", examples.display()),
            ),
            ("/var/cache/nginx", here.clone()),
        ],
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, config).unwrap();
    let global = format!("daemon off; master_process off; pid {here}/pid; error_log stderr;");
    let mut command = Command::new("nginx");
    command.args(["-p", &here, "-g", &global, "-c"]).arg(&file);
    let mut gateway = Gateway::new(Server::start(&mut command), address);
    let own = basic("own", "123");
    let revoked = service.token(&own, GRANT).await.access_token();
    service.revoke(&own, &revoked).await.revoked();
    keeps_the_api(&mut gateway, &service).await;
    gateway.turns_away(Some(&revoked)).await;
}

/// Replaces addresses of a sample. Panics if the sample lacks one of them.
pub fn placed(mut config: String, places: &[(&str, String)]) -> String {
    for (from, to) in places {
        assert!(config.contains(from), "the sample has no {from}");
        config = config.replace(from, to);
    }
    config
}
