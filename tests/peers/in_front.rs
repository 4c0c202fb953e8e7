//! The gateways of docs/tls.md run with the samples of that page, in front of a service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::gateways::placed;
use crate::harness::{
    Authority, Caller, D1, GRANT, Issued, SERVER, Service, Setup, free_address, status,
};
use crate::tools::{self, Server};

/// The gateway's secret in the samples.
const SECRET: &str = "4f1d9bd4b1f04c0e8f0b6a8f1d3c5e77";

/// A service behind a gateway with a secret, with an authority and the client `batch`, which
/// authenticates by its certificate.
struct Behind {
    service: Service,
    bank: Authority,
    batch: Issued,
}

impl Behind {
    fn with(certificate_header: &str) -> Self {
        let setup = Setup::of(&format!(
            "gateway = {{ addresses = [\"127.0.0.1\"], certificate_header = \"{certificate_header}\", \
             secret_file = \"gateway.secret\" }}\n"
        ));
        let secret = setup.folder().join("gateway.secret");
        std::fs::write(&secret, SECRET).unwrap();
        let chmod = Command::new("chmod").arg("600").arg(&secret).status();
        assert!(chmod.unwrap().success());
        let network = ["--scope", "cards", "--network", "127.0.0.2"];
        setup.add("is_tbank01", "123", &network);
        let name = [
            "--certificate-name",
            "dns:batch.example",
            "--bind-certificate",
            "required",
        ];
        let add = ["client", "add", "--id", "batch", "--scope", "cards"];
        setup.run(&[&add[..], &name].concat()).ok();
        let bank = Authority::new(setup.folder(), "bank");
        let batch = bank.issue("batch", "/CN=batch", "DNS:batch.example");
        bank.issue("server", "/CN=bank.example", SERVER);
        let both = ["server.pem", "server.key"].map(|name| read(&bank, name));
        std::fs::write(folder(&bank).join("both.pem"), both.concat()).unwrap();
        Self {
            service: setup.start(),
            bank,
            batch,
        }
    }

    /// The path of a file that the sample names.
    fn file(&self, name: &str) -> String {
        folder(&self.bank).join(name).display().to_string()
    }

    /// A caller that trusts the authority and may have a certificate. Its address differs from the
    /// gateway's.
    fn caller(&self, own: Option<&Issued>) -> Caller {
        Caller::new(&self.bank.certificate(), own).from([127, 0, 0, 2])
    }
}

fn folder(authority: &Authority) -> PathBuf {
    authority.certificate().parent().unwrap().to_owned()
}

fn read(authority: &Authority, name: &str) -> String {
    std::fs::read_to_string(folder(authority).join(name)).unwrap()
}

/// Asks as D1 or as `batch`, with forged headers that the gateway must replace. Gives the status.
async fn ask(caller: &Caller, address: SocketAddr, as_batch: bool) -> Option<u16> {
    let (form, credential) = match as_batch {
        true => (format!("{GRANT}&client_id=batch"), String::new()),
        false => (GRANT.to_owned(), format!("Authorization: {D1}\r\n")),
    };
    let forged = [
        "X-Forwarded-For: junk, 198.51.100.7",
        "Client-Cert: forged",
        "X-SSL-Client-Cert: forged",
        "X-Forwarded-Client-Cert: forged",
        "X-Gateway-Secret: forged",
    ]
    .join("\r\n");
    let request = format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\n{forged}\r\n{credential}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut connection = caller.connect(address).await.ok()?;
    Some(status(&connection.ask(&request).await.ok()?))
}

/// Checks that the gateway passes on the caller's address and certificate, and drops forged
/// headers.
async fn passes_on(behind: Behind, address: SocketAddr, mut server: Server) {
    let (with, without) = (behind.caller(Some(&behind.batch)), behind.caller(None));
    let patience = std::time::Instant::now() + Duration::from_secs(60);
    while ask(&without, address, false).await != Some(200) {
        server.still_runs();
        assert!(
            std::time::Instant::now() < patience,
            "{}",
            behind.service.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(ask(&with, address, false).await, Some(200));
    assert_eq!(ask(&with, address, true).await, Some(200));
    assert_eq!(ask(&without, address, true).await, Some(401));
    let log = behind.service.log();
    assert!(!log.contains("the caller of a request can't be determined"));
    // Buffered records reach the file shortly after their tokens: only after the end are they all
    // there.
    let setup = behind.service.stop();
    let audit = setup.audit();
    let issued = audit.iter().filter(|record| record["client_id"] == "batch");
    let issued: Vec<_> = issued
        .filter(|record| record["event"] == "token.issued")
        .collect();
    assert_eq!(issued.len(), 1);
    assert_eq!(issued[0]["certificate"], behind.batch.thumbprint());
    assert_eq!(issued[0]["source"], "127.0.0.2");
}

fn sample(path: &str, places: &[(&str, String)]) -> String {
    let sample = std::fs::read_to_string(tools::repository().join("examples").join(path)).unwrap();
    placed(sample, places)
}

fn written(behind: &Behind, name: &str, config: String) -> PathBuf {
    let file = Path::new(&behind.file(name)).to_owned();
    std::fs::write(&file, config).unwrap();
    file
}

#[tokio::test]
async fn nginx_passes_addresses_and_certificates_on() {
    let behind = Behind::with("x-ssl-client-cert");
    let address = free_address();
    let config = sample(
        "nginx/mtls.conf",
        &[
            ("127.0.0.1:8000", address.to_string()),
            ("d1-authz.internal:8443", behind.service.api.to_string()),
            ("/etc/nginx/server.pem", behind.file("server.pem")),
            ("/etc/nginx/server.key", behind.file("server.key")),
            ("/etc/nginx/thales-ca.pem", behind.file("ca.pem")),
        ],
    );
    let file = written(&behind, "nginx.conf", config);
    let here = folder(&behind.bank).display().to_string();
    let global = format!("daemon off; master_process off; pid {here}/pid; error_log stderr;");
    let mut nginx = Command::new("nginx");
    nginx.args(["-p", &here, "-g", &global, "-c"]).arg(&file);
    passes_on(behind, address, Server::start(&mut nginx)).await;
}

#[tokio::test]
async fn haproxy_passes_addresses_and_certificates_on() {
    let behind = Behind::with("client-cert");
    let address = free_address();
    let config = sample(
        "haproxy/haproxy.cfg",
        &[
            ("127.0.0.1:8000", address.to_string()),
            ("d1-authz.internal:8443", behind.service.api.to_string()),
            ("/etc/haproxy/server.pem", behind.file("both.pem")),
            ("/etc/haproxy/thales-ca.pem", behind.file("ca.pem")),
        ],
    );
    let file = written(&behind, "haproxy.cfg", config);
    let mut haproxy = Command::new("haproxy");
    haproxy.args(["-db", "-f"]).arg(&file);
    passes_on(behind, address, Server::start(&mut haproxy)).await;
}

#[tokio::test]
async fn envoy_passes_addresses_and_certificates_on() {
    let behind = Behind::with("x-forwarded-client-cert");
    let address = free_address();
    let place = |address: SocketAddr| {
        format!(
            "{{address: {}, port_value: {}}}",
            address.ip(),
            address.port()
        )
    };
    let config = sample(
        "envoy/mtls.yaml",
        &[
            ("{address: 127.0.0.1, port_value: 8000}", place(address)),
            (
                "{address: d1-authz.internal, port_value: 8443}",
                place(behind.service.api),
            ),
            ("/etc/envoy/server.pem", behind.file("server.pem")),
            ("/etc/envoy/server.key", behind.file("server.key")),
            ("/etc/envoy/thales-ca.pem", behind.file("ca.pem")),
        ],
    );
    let mut envoy = tools::python("envoy");
    envoy
        .args([
            "--concurrency",
            "1",
            "--use-dynamic-base-id",
            "--log-level",
            "error",
        ])
        .args(["--config-yaml", &config]);
    passes_on(behind, address, Server::start(&mut envoy)).await;
}
