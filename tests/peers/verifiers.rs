//! Runs the verifiers of docs/verify.md unchanged, on tokens of the service and on forged ones.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::forgery::{AUDIENCE, Forger};
use crate::harness::{GRANT, ISSUER, basic};
use crate::tools::{self, Dialogue};

fn python() -> Command {
    let mut command = tools::python("python");
    command.arg(tools::repository().join("examples/python/verify.py"));
    command
}

fn node() -> Command {
    let mut command = Command::new("node");
    command.arg(tools::folder().join("node/verify.mjs"));
    command
}

fn java() -> Command {
    let mut command = Command::new("java");
    command.args(["-cp", "/usr/share/java/gson.jar"]);
    command.arg(tools::repository().join("examples/java/Verify.java"));
    command
}

fn rust() -> Command {
    tools::example("verify")
}

fn verifier(mut command: Command, jwks: &str) -> Dialogue {
    command
        .env("ISSUER", ISSUER)
        .env("AUDIENCE", AUDIENCE)
        .env("JWKS_URI", jwks);
    Dialogue::with(command)
}

/// Checks that the verifier accepts the service's tokens, also after a key change, and refuses
/// others.
async fn takes_what_the_service_signs(command: Command) {
    let service = tools::setup_with_own_and_other().start();
    let own = basic("own", "123");
    let token = service.token(&own, GRANT).await.access_token();
    let mut verifier = verifier(command, &service.url("/oauth2/jwks"));
    assert_eq!(verifier.answer(&token), "valid own cards pin");

    let parts: Vec<_> = token.split('.').collect();
    let others = service
        .token(&basic("other", "123"), GRANT)
        .await
        .access_token();
    let other_payload = others.split('.').nth(1).unwrap();
    for bad in [
        format!("{}.{other_payload}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        others.clone(),
        "no.token.atall".to_owned(),
        "nonsense".to_owned(),
    ] {
        let answer = verifier.answer(&bad);
        assert!(answer.starts_with("refused: "), "{bad}: {answer}");
    }

    service.setup.run(&["key", "rotate", "--now"]).ok();
    // The verifier fetches the key set again once the pause since its last fetch is over.
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let newer = service.token(&own, GRANT).await.access_token();
        let is_newer = newer.split('.').next() != token.split('.').next();
        if is_newer && verifier.answer(&newer) == "valid own cards pin" {
            break;
        }
        assert!(Instant::now() < patience, "the new key is never asked for");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        verifier.answer(&token),
        "valid own cards pin",
        "of the key before"
    );
}

/// Checks that the verifier accepts a good token of the forger, and refuses each bad one.
fn refuses_what_is_forged(command: Command) {
    let forger = Forger::new();
    let jwks = format!("http://{}/jwks", forger.serve_jwks());
    let mut verifier = verifier(command, &jwks);
    let good = forger.token(&json!({}), &json!({}));
    assert_eq!(verifier.answer(&good), "valid forger cards");
    for (what, token) in forger.bad_tokens() {
        let answer = verifier.answer(&token);
        assert!(answer.starts_with("refused: "), "{what}: {answer}");
    }
    assert_eq!(verifier.answer(&good), "valid forger cards");
}

#[tokio::test]
async fn python_takes_what_the_service_signs() {
    takes_what_the_service_signs(python()).await;
}

#[test]
fn python_refuses_what_is_forged() {
    refuses_what_is_forged(python());
}

#[tokio::test]
async fn node_takes_what_the_service_signs() {
    takes_what_the_service_signs(node()).await;
}

#[test]
fn node_refuses_what_is_forged() {
    refuses_what_is_forged(node());
}

#[tokio::test]
async fn java_takes_what_the_service_signs() {
    takes_what_the_service_signs(java()).await;
}

#[test]
fn java_refuses_what_is_forged() {
    refuses_what_is_forged(java());
}

#[tokio::test]
async fn rust_takes_what_the_service_signs() {
    takes_what_the_service_signs(rust()).await;
}

#[test]
fn rust_refuses_what_is_forged() {
    refuses_what_is_forged(rust());
}

#[test]
fn token_verify_refuses_what_is_forged() {
    let forger = Forger::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jwks.json"), forger.jwks()).unwrap();
    let arguments = [
        "token",
        "verify",
        "-",
        "--jwks",
        "jwks.json",
        "--issuer",
        ISSUER,
        "--audience",
        AUDIENCE,
    ];
    let verify = |token: &str| crate::harness::d1_authz(folder.path(), arguments, token);
    verify(&forger.token(&json!({}), &json!({}))).ok();
    for (what, token) in forger.bad_tokens() {
        let run = verify(&token);
        assert_eq!(run.code, 1, "{what}: {run:?}");
    }
}
