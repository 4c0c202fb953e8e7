//! Reports about HTTP, and about the places where verifiers look for metadata.

use std::process::Command;

use crate::harness::{Connection, D1, GRANT, Service, Setup, header, run, status};

/// Paths of both listeners, served and not served. True for the API listener.
const PATHS: [(bool, &str); 11] = [
    (true, "/authz/d1/v1/oauth2/jwks"),
    (true, "/authz/d1/v1/openapi.json"),
    (true, "/.well-known/oauth-authorization-server/authz/d1/v1"),
    (true, "/authz/d1/v1/oauth2/token"),
    (true, "/authz/d1/v1/nothing"),
    (true, "/"),
    (false, "/healthz"),
    (false, "/readyz"),
    (false, "/metrics"),
    (false, "/docs/"),
    (false, "/nothing"),
];

/// An answer that curl got.
struct Curled {
    code: i32,
    answer: String,
}

impl Curled {
    fn get(url: &str, more: &[&str]) -> Self {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-i", "--max-time", "10"])
            .args(more)
            .arg(url);
        let run = run(&mut curl, "");
        Self {
            code: run.code,
            answer: format!("{}{}", run.stdout, run.stderr),
        }
    }
}

/// "HEAD is refused, or breaks the connection."
#[tokio::test]
async fn head_is_answered_as_get_is_without_its_content() {
    let service = Setup::with_d1().start();
    for (is_api, path) in PATHS {
        let address = if is_api { service.api } else { service.ops };
        let url = format!("http://{address}{path}");
        for protocol in ["--http1.1", "--http2-prior-knowledge"] {
            let get = Curled::get(&url, &[protocol]).answer;
            let head = Curled::get(&url, &[protocol, "-I"]);
            // curl fails if content follows the head.
            assert_eq!(head.code, 0, "{protocol} {path}: {}", head.answer);
            assert_eq!(status(&head.answer), status(&get), "{protocol} {path}");
            for name in ["content-type", "cache-control", "allow", "content-length"] {
                let figures = path == "/metrics" && name == "content-length";
                if !figures {
                    assert_eq!(
                        header(&head.answer, name),
                        header(&get, name),
                        "{path} {name}"
                    );
                }
            }
            let (_, content) = head.answer.split_once("\r\n\r\n").unwrap();
            assert_eq!(content, "", "{protocol} {path}");
        }
    }
}

/// The connection still works after HEAD, so the service sent no content.
#[tokio::test]
async fn a_connection_goes_on_after_head() {
    let service = Setup::with_d1().start();
    let mut connection = Connection::open(service.api).await;
    for path in [
        "/authz/d1/v1/oauth2/jwks",
        "/nothing",
        "/authz/d1/v1/oauth2/token",
    ] {
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let get = "GET /authz/d1/v1/oauth2/jwks HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.send(format!("{head}{get}")).await;
        let answers = connection.read_answer().await;
        // The first answer ends at its empty line, and the second follows directly.
        let (_, second) = answers.split_once("\r\n\r\n").unwrap();
        let second = if second.is_empty() {
            connection.read_answer().await
        } else {
            second.to_owned()
        };
        assert!(
            second.starts_with("HTTP/1.1 200"),
            "{path}: {answers}{second}"
        );
    }
}

async fn asked(service: &Service, is_api: bool, head: &str, body: &str) -> u16 {
    let address = if is_api { service.api } else { service.ops };
    let request = format!("{head}Connection: close\r\n\r\n{body}");
    status(&Connection::exchange(address, request).await)
}

/// "Requests that are no HTTP are answered with tokens."
#[tokio::test]
async fn a_request_without_one_good_host_is_refused() {
    let service = Setup::with_d1().start();
    let token = format!(
        "Authorization: {D1}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        GRANT.len()
    );
    let paths = [
        (true, "POST /authz/d1/v1/oauth2/token", &*token, GRANT),
        (true, "GET /authz/d1/v1/oauth2/jwks", "", ""),
        (false, "GET /healthz", "", ""),
        (false, "GET /metrics", "", ""),
    ];
    for (is_api, line, headers, body) in paths {
        for (version, host, expected) in [
            ("1.1", "", 400),
            ("1.1", "Host: a\r\nHost: a\r\n", 400),
            ("1.1", "Host: a\r\nHost: b\r\n", 400),
            ("1.0", "Host: a\r\nHost: b\r\n", 400),
            ("1.1", "Host: a b\r\n", 400),
            ("1.1", "Host: a/b\r\n", 400),
            ("1.1", "Host: u@a\r\n", 400),
            ("1.1", "Host: a:b\r\n", 400),
            ("1.1", "Host: a\r\n", 200),
            ("1.1", "Host: [::1]:8443\r\n", 200),
            ("1.1", "Host: bank.example:443\r\n", 200),
            ("1.1", "Host:\r\n", 200),
            ("1.0", "", 200),
        ] {
            let head = format!("{line} HTTP/{version}\r\n{host}{headers}");
            let got = asked(&service, is_api, &head, body).await;
            assert_eq!(got, expected, "{line} HTTP/{version} {host:?}");
        }
    }
}

/// The same report: methods are case-sensitive (RFC 9110 9.1).
#[tokio::test]
async fn a_method_in_other_letters_is_another_method() {
    let service = Setup::with_d1().start();
    for (is_api, path, methods) in [
        (
            true,
            "/authz/d1/v1/oauth2/token",
            ["post", "Post", "POst", "PoSt"],
        ),
        (
            true,
            "/authz/d1/v1/oauth2/jwks",
            ["get", "Get", "head", "GeT"],
        ),
        (false, "/healthz", ["get", "Get", "head", "GET "]),
    ] {
        for method in methods {
            let head = format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\nContent-Length: 0\r\n"
            );
            let got = asked(&service, is_api, &head, "").await;
            assert!((400..=501).contains(&got), "{method} {path}: {got}");
        }
    }
}

/// Each endpoint and listener answers 431 to a header block of more than 32 KiB.
#[tokio::test]
async fn header_fields_have_an_end() {
    let service = Setup::with_d1().start();
    for (is_api, line) in [
        (true, "POST /authz/d1/v1/oauth2/token"),
        (true, "GET /authz/d1/v1/oauth2/jwks"),
        (false, "GET /readyz"),
    ] {
        for (bytes, is_too_much) in [(31 * 1024, false), (33 * 1024, true), (60 * 1024, true)] {
            let filler = format!("X-Filler: {}\r\n", "x".repeat(bytes));
            let head = format!("{line} HTTP/1.1\r\nHost: x\r\n{filler}");
            let got = asked(&service, is_api, &head, "").await;
            assert_eq!(got == 431, is_too_much, "{line} with {bytes}: {got}");
        }
    }
}

/// "Keys can't be found by the issuer alone (missing)."
#[tokio::test]
async fn the_metadata_is_where_verifiers_look_for_it() {
    let service = Setup::with_d1().start();
    let places = [
        "/.well-known/oauth-authorization-server/authz/d1/v1",
        "/.well-known/openid-configuration/authz/d1/v1",
        "/authz/d1/v1/.well-known/oauth-authorization-server",
        "/authz/d1/v1/.well-known/openid-configuration",
    ];
    let mut answers = Vec::new();
    for place in places {
        let answer = service.get_at(service.api, place).await;
        assert_eq!(answer.status, 200, "{place}");
        assert_eq!(answer.json()["issuer"], crate::harness::ISSUER);
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

/// The same for an issuer without a path, where each name has only one place.
#[tokio::test]
async fn so_it_is_for_an_issuer_without_a_path() {
    let setup = Setup::empty();
    setup.configure("https://bank.example/authz/d1/v1", "https://bank.example");
    let service = setup.start();
    for name in ["oauth-authorization-server", "openid-configuration"] {
        let path = format!("/.well-known/{name}");
        let answer = service.get_at(service.api, &path).await;
        assert_eq!(answer.json()["issuer"], "https://bank.example", "{path}");
    }
}
