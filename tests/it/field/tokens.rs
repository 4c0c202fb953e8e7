//! Reports about tokens and clients: what remains of a client under its id, and when tokens,
//! secrets and clients expire.

mod assertions;
mod ends;
mod policy;
mod revoked;
mod secrets;

use serde_json::Value;

use crate::harness::{Answer, D1, GRANT, Service, Setup, basic, eventually};

/// The credential of the resource server of [`Setup::with_resource_server`].
fn resource_server() -> String {
    basic("cards-api", "123")
}

async fn is_active(service: &Service, token: &str) -> bool {
    let answer = service.introspect(&resource_server(), token).await;
    answer.granted()["active"] == true
}

async fn becomes_inactive(service: &Service, token: &str) {
    let look = async || is_active(service, token).await;
    eventually("the token is inactive", look, |active| !active).await;
}

/// A token of a client that was changed a moment ago.
async fn granted(service: &Service, credential: &str) -> Value {
    let ask = async || service.token(credential, GRANT).await;
    let is_granted = |answer: &Answer| answer.status == 200;
    eventually("a token", ask, is_granted).await.granted()
}

fn access_token(reply: &Value) -> String {
    reply["access_token"].as_str().unwrap().to_owned()
}

/// The errors of `token verify` for a token. Empty if the token is valid.
fn verified(setup: &Setup, token: &str) -> String {
    setup.run_with(&["token", "verify", "-"], token).stderr
}

/// The record of the last change of this kind by a command.
#[track_caller]
fn change(setup: &Setup, event: &str) -> Value {
    let changes = setup.changes();
    let last = changes.iter().rfind(|record| record["event"] == event);
    last.unwrap_or_else(|| panic!("{event} is not in {changes:?}"))
        .clone()
}
