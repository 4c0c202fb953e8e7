//! Which client certificates the service accepts.

use serde_json::Value;

use super::Bank;
use crate::harness::{
    Authority, D1, GRANT, Service, Setup, Term, binary, run, status, token_request,
};

#[tokio::test]
async fn a_certificate_of_the_authority_is_let_in_and_no_other() {
    let bank = Bank::with("");
    let other = Authority::new(bank.setup.folder(), "other");
    let stranger = other.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    let expired =
        bank.thales
            .issue_for("old", "/C=FR/O=Thales/CN=d1", "DNS:d1.example", Term::Past);
    let d1 = bank.d1.clone();
    let open = bank.start();
    let address = open.address();
    let mut connection = open.d1.connect(address).await.unwrap();
    for _ in 0..2 {
        let answer = connection.ask(&token_request(D1)).await.unwrap();
        assert_eq!(status(&answer), 200, "{answer}");
    }
    for (who, caller) in [
        ("without", open.caller(None)),
        ("of another authority", open.caller(Some(&stranger))),
        ("expired", open.caller(Some(&expired))),
    ] {
        assert!(!caller.is_served(address).await, "{who}");
    }
    // A new certificate of the same authority works without any change of the configuration.
    let next = open
        .thales
        .issue("d1-next", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    assert!(open.caller(Some(&next)).is_served(address).await);
    let setup = open.service.stop();
    let audit = setup.audit();
    let thumbprints: Vec<_> = audit
        .iter()
        .filter_map(|record| record["certificate"].as_str())
        .collect();
    assert_eq!(thumbprints.len(), 3, "{audit:?}");
    assert_eq!(thumbprints[0], d1.thumbprint());
    assert_eq!(thumbprints[2], next.thumbprint());
    let with_certificate = |record: &&Value| record["certificate"].is_string();
    let from = audit.iter().find(with_certificate).unwrap();
    assert_eq!(from["source"], "127.0.0.1", "the caller's own");
}

#[tokio::test]
async fn a_revoked_certificate_is_not_let_in() {
    let bank = Bank::with(", crl = \"thales/crl.pem\"");
    let leaked = bank
        .thales
        .issue("leaked", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
    bank.thales.revoke(&leaked);
    bank.thales.revocations();
    let open = bank.start();
    assert!(open.d1.is_served(open.address()).await);
    assert!(!open.caller(Some(&leaked)).is_served(open.address()).await);
}

#[tokio::test]
async fn of_good_certificates_only_those_with_an_allowed_name_are_let_in() {
    let names = ", allow = [\"subject:CN=d1,O=Thales,C=FR\", \"dns:D1-TWO.example\"]";
    let bank = Bank::with(names);
    let issue = |name: &str, subject: &str, alternative: &str| {
        bank.thales.issue(name, subject, alternative)
    };
    let by_alternative = issue("two", "/CN=d1", "DNS:x.example,DNS:d1-two.example");
    let neither = issue("three", "/O=Thales/CN=d1", "DNS:d1-two.example.com");
    let open = bank.start();
    let address = open.address();
    assert!(open.d1.is_served(address).await);
    assert!(open.caller(Some(&by_alternative)).is_served(address).await);
    assert!(!open.caller(Some(&neither)).is_served(address).await);
}

#[tokio::test]
async fn optional_means_that_one_that_is_shown_is_good() {
    let bank = Bank::with(", client_certificates = \"optional\"");
    let other = Authority::new(bank.setup.folder(), "other");
    let stranger = other.issue("d1", "/CN=d1", "DNS:d1.example");
    let open = bank.start();
    assert!(open.caller(None).is_served(open.address()).await);
    assert!(open.d1.is_served(open.address()).await);
    assert!(!open.caller(Some(&stranger)).is_served(open.address()).await);
}

#[tokio::test]
async fn http_2_passes_through() {
    let open = Bank::with("").start();
    let mut connection = open
        .speaking(&[b"h2"])
        .connect(open.address())
        .await
        .unwrap();
    // The client's preface and an empty SETTINGS frame. The first frame of the answer is the
    // server's SETTINGS (RFC 9113 3.4).
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    connection.send(preface).await.unwrap();
    let frame = connection.read_some().await.unwrap();
    assert_eq!(frame.get(3), Some(&4), "{frame:?}");
}

/// Another process of this machine finds the port of the inner HTTP server and asks there.
#[tokio::test]
async fn nobody_gets_past_the_door() {
    let open = Bank::with("").start();
    assert!(open.d1.is_served(open.address()).await);
    let Some(listeners) = listeners(&open.service) else {
        return;
    };
    let behind = listeners
        .into_iter()
        .find(|port| ![open.service.api.port(), open.service.ops.port()].contains(port))
        .expect("a third listener");
    let document: Value =
        serde_json::from_str(include_str!("../../../openapi/served.json")).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = match path.ends_with("/authz/d1/v1") {
            true => path.clone(),
            false => format!("/authz/d1/v1{path}"),
        };
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            if !["GET", "POST"].contains(&method.as_str()) {
                continue;
            }
            for body in [GRANT, ""] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let behind = ([127, 0, 0, 1], behind).into();
                let answer = crate::harness::Connection::exchange(behind, request).await;
                assert_eq!(status(&answer), 403, "{method} {path}: {answer}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 8, "{asked}");
    let get = "GET /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = crate::harness::Connection::exchange(([127, 0, 0, 1], behind).into(), get).await;
    assert_eq!(status(&answer), 403, "{answer}");
}

/// The IPv4 ports that the service listens on. `None` if this user can't read them.
fn listeners(service: &Service) -> Option<Vec<u16>> {
    let sockets: Vec<String> = service
        .descriptors()?
        .iter()
        .filter_map(|target| {
            let inode = target
                .to_str()?
                .strip_prefix("socket:[")?
                .strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", service.id())).unwrap();
    let rows = table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    // Columns of proc_pid_net(5): the local address, the state (0A: listening), the inode.
    let listening =
        rows.filter(|row| row[3] == "0A" && sockets.iter().any(|inode| inode == row[9]));
    let port = |row: Vec<&str>| u16::from_str_radix(row[1].split_once(':').unwrap().1, 16);
    Some(listening.map(|row| port(row).unwrap()).collect())
}

#[test]
fn files_that_do_not_fit_are_told_by_name() {
    let bank = Bank::with("");
    let folder = bank.setup.folder();
    bank.setup.run(&["config", "check"]).ok();
    let put = |file: &str, text: &str| std::fs::write(folder.join(file), text).unwrap();
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let check = |why: &str| {
        bank.setup.run(&["config", "check"]).fails(2, why);
        bank.setup.run(&["serve"]).fails(1, why);
    };
    let (certificate, key) = (read("own/server.pem"), read("own/server.key"));
    put("own/server.key", &read("thales/d1.key"));
    check("tls.key = ");
    check("is not the key of tls.certificate");
    put("own/server.key", "");
    check("has no private key in PEM");
    put("own/server.key", &key);
    put("own/server.pem", &key);
    check("has no certificate in PEM");
    let old = bank.own.issue_for(
        "server-old",
        "/CN=bank.example",
        "DNS:bank.example",
        Term::Past,
    );
    put(
        "own/server.pem",
        &std::fs::read_to_string(old.certificate).unwrap(),
    );
    check("its certificate ended at 2021-01-01T00:00:00Z");
    put("own/server.pem", &certificate);
    put("thales/ca.pem", "");
    check("tls.client_ca = ");
    std::fs::remove_file(folder.join("thales/ca.pem")).unwrap();
    check("tls.client_ca = ");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let bank = Bank::with("");
    let key = bank.setup.folder().join("own/server.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    bank.setup
        .run(&["config", "check"])
        .fails(2, "may be read by other users");
}

#[test]
fn fewer_descriptors_than_the_limits_need_are_told() {
    let bank = Bank::with(", connections = 1000, handshakes = 100");
    let mut shell = std::process::Command::new("sh");
    shell
        .current_dir(bank.setup.folder())
        .args([
            "-c",
            "ulimit -n 2048 && exec \"$0\" serve --config d1-authz.toml",
        ])
        .arg(binary(bank.setup.folder()).get_program());
    let why = "the limits of [tls] take 3356 descriptors, and this process may have 2048";
    run(&mut shell, "").fails(1, why);
}

/// Without `[tls]`, the service speaks plain HTTP and has no third listener.
#[tokio::test]
async fn without_the_section_there_is_no_door() {
    let service = Setup::with_d1().start();
    service.token(D1, GRANT).await.granted();
    if let Some(listeners) = listeners(&service) {
        assert_eq!(listeners.len(), 2);
    }
}
