//! `probe` plays D1 against this service, and against servers with one fault each.

mod server;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::harness::{Run, Setup, d1_authz};
use server::{Answer, Deviation, Request, SECRET};

/// The checks of a result that are not `ok`, as `name: verdict`.
fn not_ok(run: &Run) -> Vec<String> {
    let result = run.json();
    let checks = result["checks"].as_array().unwrap();
    let verdicts = checks.iter().map(|check| {
        let text = |name: &str| check[name].as_str().unwrap().to_owned();
        assert!(!text("source").is_empty(), "{check}");
        (text("name"), text("verdict"))
    });
    let not_ok = verdicts.filter(|(_, verdict)| verdict != "ok");
    not_ok
        .map(|(name, verdict)| format!("{name}: {verdict}"))
        .collect()
}

fn probe(url: &str, secret: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec![
        "probe",
        "--url",
        url,
        "--id",
        "is_tbank01",
        "--secret-stdin",
    ];
    arguments.extend(more);
    d1_authz(folder.path(), arguments, &format!("{secret}\n"))
}

/// The test uses plain HTTP, which D1 would not.
const PLAIN: &str = "TLS: differs";

#[test]
fn d1_is_content_with_this_service() {
    let secret = "pä+ss/word?>~ %41";
    let setup = Setup::empty();
    setup.add("is_tbank01", secret, &["--scope", "cards pin"]);
    let service = setup.start();
    let url = service.url("/oauth2/token");
    for more in [
        &["--output", "json"][..],
        &[
            "--output",
            "json",
            "--base64url",
            "--scope",
            "pin",
            "--correlation-id",
            "a-1_B",
        ],
    ] {
        let run = probe(&url, secret, more).ok();
        assert_eq!(not_ok(&run), [PLAIN], "{run:?}");
        assert_eq!(run.json()["content"], true);
        assert_eq!(run.stderr, "");
    }
    let text = probe(&url, secret, &[]).ok().stdout;
    assert!(text.contains("\nok       expires_in"), "{text}");
    assert!(
        text.ends_with("\nD1 would accept this (1 differ from what is recommended)\n"),
        "{text}"
    );
}

#[test]
fn the_secret_may_come_from_a_file_and_is_never_printed() {
    let service = Setup::with_d1().start();
    let url = service.url("/oauth2/token");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret.txt"), "123\n").unwrap();
    let arguments = [
        "probe",
        "--url",
        &url,
        "--id",
        "is_tbank01",
        "--secret-file",
        "secret.txt",
    ];
    d1_authz(folder.path(), arguments, "").ok();

    let echoing = start(|request, answer| {
        let seen = format!("{} {SECRET}", request.header("authorization"));
        answer.body["scope"] = seen.clone().into();
        answer.headers.push(("Cache-Control", seen));
    });
    let credential = "aXNfdGJhbmswMTp3cm9uZ";
    for output in ["text", "json"] {
        let run = probe(&echoing, SECRET, &["--output", output]).ok();
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(
            !text.contains(SECRET) && !text.contains(credential),
            "{text}"
        );
        assert!(text.contains("(secret)"), "{text}");
    }
}

/// RFC 6749 2.3.1: one of the probe's requests has the id and the secret form-encoded.
#[test]
fn the_form_encoded_secret_is_never_printed_either() {
    let encoded_secret = "wrong%2Bin%7Eone%3Eplace%3F%21";
    let pair = format!("is_tbank01:{encoded_secret}");
    let credentials = [URL_SAFE_NO_PAD, STANDARD_NO_PAD].map(|engine| engine.encode(&pair));
    for (credential, more) in credentials.iter().zip([&["--base64url"][..], &[]]) {
        let sent = credential.clone();
        let echoing = start(move |request, answer| {
            let seen = request.header("authorization");
            if seen.contains(&sent) {
                answer.status = 400;
                answer.body = json!({ "error": format!("{encoded_secret} {seen}") });
            }
        });
        for output in ["text", "json"] {
            let run = probe(&echoing, SECRET, &[&["--output", output], more].concat()).ok();
            let text = format!("{}{}", run.stdout, run.stderr);
            assert!(
                !text.contains(encoded_secret) && !text.contains(credential),
                "{text}"
            );
            assert!(text.contains("(secret) Basic (secret)"), "{text}");
        }
    }
}

#[test]
fn a_client_that_is_refused_is_told_why() {
    let service = Setup::with_d1().start();
    let run = probe(&service.url("/oauth2/token"), "124", &["--output", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(not_ok(&run), [PLAIN, "status: wrong", "error: wrong"]);
    let seen = run.json()["checks"][2]["seen"].clone();
    assert!(
        seen.as_str().unwrap().starts_with("invalid_client: "),
        "{seen}"
    );
    assert!(
        run.stderr
            .starts_with("error: D1 would not accept this: 2 wrong"),
        "{run:?}"
    );
}

#[test]
fn no_answer_is_a_finding_and_wrong_usage_is_none() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", closed.local_addr().unwrap());
    drop(closed);
    let run = probe(&url, "123", &["--output", "json"]);
    assert_eq!(
        (run.code, not_ok(&run)),
        (1, vec![PLAIN.to_owned(), "answer: wrong".to_owned()])
    );

    for (url, more, why) in [
        ("bank.example/token", &[][..], "https://"),
        ("ftp://bank.example/token", &[], "https://"),
        (
            "https://a:b@bank.example/token",
            &[],
            "leave the credentials out",
        ),
        ("http://bank.example/token", &["--ca", "ca.pem"], "https://"),
        (
            "https://bank.example/token",
            &["--ca", "no-such.pem"],
            "no-such.pem",
        ),
        (
            "https://bank.example/token",
            &["--certificate", "a.pem"],
            "--key",
        ),
        (
            "https://bank.example/token",
            &["--correlation-id", "a b"],
            "64",
        ),
        (
            "https://bank.example/token",
            &["--base64url", "--standard-base64"],
            "cannot be used",
        ),
    ] {
        probe(url, "123", more).fails(2, why);
    }
    probe("http://127.0.0.1:1/", "", &[]).fails(2, "standard input: a client secret");
}

/// Starts a server with a deviation. Gives its URL.
fn start(deviation: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> String {
    let deviation: Deviation = Arc::new(deviation);
    format!("http://{}/token", server::start(None, deviation))
}

#[test]
fn d1_is_content_with_another_server_that_does_as_it_should() {
    let run = probe(&start(|_, _| {}), SECRET, &["--output", "json"]).ok();
    assert_eq!(not_ok(&run), [PLAIN], "{run:?}");
}

#[test]
fn a_deviation_in_a_granted_reply_is_named() {
    type Change = fn(&mut Answer);
    let deviations: Vec<(Change, &[&str])> = vec![
        (|a| a.without("Content-Type"), &["Content-Type: wrong"]),
        (|a| a.without("Cache-Control"), &["Cache-Control: wrong"]),
        (|a| a.without("Pragma"), &["Pragma: differs"]),
        (|a| a.body = "<html>".into(), &["body: wrong"]),
        (
            |a| a.body["token_type"] = json!("bearer"),
            &["token_type: wrong"],
        ),
        (
            |a| a.body["expires_in"] = json!(900),
            &["expires_in: wrong"],
        ),
        (
            |a| a.body["expires_in"] = json!("15m"),
            &["expires_in: wrong"],
        ),
        (|a| remove(a, "expires_in"), &["expires_in: differs"]),
        (
            |a| a.body["expires_in"] = json!("90"),
            &["expires_at: wrong", "exp: differs"],
        ),
        (
            |a| a.body["expires_at"] = json!("2023-06-06T05:05:59.711Z"),
            &["expires_at: wrong"],
        ),
        (
            |a| a.body["expires_at"] = json!("2023-06-06T05:05:59Z"),
            &["expires_at: wrong"],
        ),
        (
            |a| a.body["expires_at"] = json!(1_795_523_806),
            &["expires_at: wrong"],
        ),
        (|a| remove(a, "expires_at"), &["expires_at: differs"]),
        (|a| a.body["scope"] = json!(["cards"]), &["scope: wrong"]),
        (|a| remove(a, "access_token"), &["access_token: wrong"]),
        (
            |a| a.body["access_token"] = json!("a b"),
            &["access_token: wrong", "its form: differs"],
        ),
        (
            |a| a.body["access_token"] = json!("opaque"),
            &["its form: differs"],
        ),
        (|a| a.in_token(0, "typ", json!("JWT")), &["typ: differs"]),
        (|a| a.in_token(0, "alg", json!("none")), &["alg: wrong"]),
        (|a| a.in_token(0, "alg", json!("HS256")), &["alg: differs"]),
        (|a| a.in_token(0, "kid", Value::Null), &["kid: differs"]),
        (|a| a.in_token(1, "iss", Value::Null), &["iss: differs"]),
        (|a| a.in_token(1, "aud", json!([])), &["aud: differs"]),
        (|a| a.in_token(1, "jti", json!(7)), &["jti: differs"]),
        (|a| a.in_token(1, "iat", json!(0)), &["iat: differs"]),
        (|a| a.in_token(1, "exp", json!(0)), &["exp: wrong"]),
    ];
    for (change, expected) in deviations {
        let url = start(move |_, answer| {
            if answer.status == 200 {
                change(answer);
            }
        });
        let run = probe(&url, SECRET, &["--output", "json"]);
        let found = not_ok(&run);
        assert_eq!(found[1..], *expected, "{run:?}");
        let is_wrong = expected.iter().any(|line| line.ends_with("wrong"));
        assert_eq!(run.code, i32::from(is_wrong), "{run:?}");
    }
}

fn remove(answer: &mut Answer, member: &str) {
    answer.body.as_object_mut().unwrap().remove(member);
}

#[test]
fn a_scope_that_was_not_asked_for_is_named() {
    let url = start(|_, _| {});
    let run = probe(&url, SECRET, &["--output", "json", "--scope", "cards pin"]).ok();
    assert_eq!(not_ok(&run), [PLAIN, "scope: differs"]);
}

#[test]
fn a_deviation_in_a_further_request_is_named() {
    type Change = fn(&Request, &mut Answer);
    let deviations: BTreeMap<&str, Change> = BTreeMap::from([
        (
            "standard base64 without =: differs",
            (|r, a| {
                let value = r.header("authorization");
                if value.contains(['+', '/']) && !value.ends_with('=') {
                    a.status = 400;
                }
            }) as Change,
        ),
        ("base64url: wrong", |r, a| {
            let value = r.header("authorization");
            if value.contains(['-', '_']) && value.ends_with('=') {
                a.status = 400;
            }
        }),
        ("scheme in lower case: differs", |r, a| {
            if r.header("authorization").starts_with("basic") {
                a.status = 401;
            }
        }),
        ("unknown parameter: wrong", |r, a| {
            if r.body.contains("d1_probe=1") {
                a.status = 400;
            }
        }),
        ("no grant_type: wrong", |r, a| {
            if r.body.is_empty() && r.method == "POST" {
                a.status = 500;
            }
        }),
        ("unknown grant_type: wrong", |r, a| {
            if r.body.ends_with("=d1_probe") {
                a.body["error"] = json!("invalid_request");
            }
        }),
        ("a parameter twice: differs", |_, a| {
            if a.status == 400 && a.body["error"] == "invalid_request" {
                a.status = 200;
            }
        }),
        ("JSON body: differs", |_, a| {
            if a.status == 415 {
                a.status = 200;
            }
        }),
        ("GET: wrong", |_, a| {
            if a.status == 405 {
                a.status = 200;
            }
        }),
        ("GET: Allow: differs", |_, a| a.without("Allow")),
        ("wrong secret: wrong", |_, a| {
            if a.status == 401 {
                a.status = 200;
            }
        }),
        ("wrong secret: WWW-Authenticate: wrong", |_, a| {
            a.without("WWW-Authenticate");
        }),
        ("wrong secret: Cache-Control: differs", |_, a| {
            if a.status == 401 {
                a.without("Cache-Control");
            }
        }),
    ]);
    for (expected, change) in deviations {
        let url = start(change);
        let run = probe(&url, SECRET, &["--output", "json"]);
        assert!(
            not_ok(&run).iter().any(|line| line == expected),
            "{expected}: {run:?}"
        );
        assert_eq!(
            run.code,
            i32::from(not_ok(&run).iter().any(|line| line.ends_with("wrong")))
        );
    }
}
