//! What those who count and log learn of each answer.

use std::sync::{Arc, Mutex};

use dropshot_contract as rt;

use crate::harness::send;
use crate::replies::{PET, put, server};

/// A server, and what it told of its answers: operation, status, cause.
fn observed(
    options: rt::Options,
) -> (
    crate::harness::Server<crate::replies::Service>,
    Arc<Mutex<Vec<String>>>,
) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    let observe: rt::Observe = Box::new(move |answered| {
        let operation = answered.operation.map_or("none", |operation| operation.id);
        let (status, cause) = (answered.status.as_u16(), answered.cause.unwrap_or("-"));
        let unread = if answered.is_one_too_many {
            " unread"
        } else {
            ""
        };
        let line = format!("{operation} {status} {cause}{unread}");
        telling.lock().unwrap().push(line);
        assert!(!answered.request_id.is_empty());
    });
    let options = rt::Options {
        observe: Some(observe),
        ..options
    };
    (server(options), told)
}

#[tokio::test]
async fn each_answer_is_told_once_with_its_cause() {
    let (server, told) = observed(rt::Options::default());
    for want in ["404", "500", "503", "501", "panic", "200"] {
        send(put(&server, "").header("x-want", want).body(PET)).await;
    }
    send(put(&server, "?limit=none").body(PET)).await;
    send(server.request("HEAD", "/v1/pets/1")).await;
    server.get("/elsewhere").await;
    assert_eq!(
        *told.lock().unwrap(),
        [
            "putPet 404 -",
            "putPet 500 a secret reason",
            "putPet 503 the store is away",
            "putPet 501 -",
            "putPet 500 the handler panicked: a bug of the handler",
            "putPet 200 -",
            "putPet 400 -",
            "putPet 405 -",
            "none 404 no operation has this path",
        ]
    );
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for_and_its_words_stay_here() {
    let (server, _) = observed(rt::Options::default());
    let answer = send(put(&server, "").header("x-want", "panic").body(PET)).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("bug"), "{}", answer.text);
    assert_eq!(send(put(&server, "").body(PET)).await.status, 200);
}

#[tokio::test]
async fn a_request_that_is_one_too_many_is_told_as_such() {
    let (server, told) = observed(rt::Options {
        admit: Some(Box::new(|_| Err(Box::new(())))),
        ..rt::Options::default()
    });
    assert_eq!(send(put(&server, "").body(PET)).await.status, 503);
    assert_eq!(*told.lock().unwrap(), ["putPet 503 - unread"]);
}
