//! Start and stop of the service, normal and abrupt.

use serde_json::json;

use crate::harness::{Connection, D1, GRANT, Setup, status};

#[tokio::test]
async fn sigterm_answers_the_requests_under_way_and_no_others() {
    let mut service = Setup::with_d1().start();
    let head = format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        GRANT.len()
    );
    let mut connections = Vec::new();
    for _ in 0..16 {
        let mut connection = Connection::open(service.api).await;
        connection.send(&head).await;
        connection.send(&GRANT[..7]).await;
        connections.push(connection);
    }
    // The service answers this later request, so it has read the heads of the earlier ones.
    service.token(D1, GRANT).await.granted();
    service.signal("TERM");
    while !service.log().contains("stopping") {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let ready = service.get_at(service.ops, "/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["problems"][0]["message"],
        "it is draining, and ends soon"
    );
    for mut connection in connections {
        connection.send(&GRANT[7..]).await;
        let answer = connection.read_answer().await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
    assert!(service.ended().success(), "{}", service.log());
    let audit = service.setup.audit();
    let issued = audit
        .iter()
        .filter(|record| record["event"] == "token.issued")
        .count();
    assert_eq!(issued, 17);
    assert_eq!(audit.last().unwrap()["event"], "service.stopped");
}

#[tokio::test]
async fn sigint_stops_it_too() {
    let mut service = Setup::empty().start();
    service.signal("INT");
    assert!(service.ended().success());
}

/// SIGHUP makes the service read the files of `[tls]` again. This service has none.
#[tokio::test]
async fn sighup_ends_nothing() {
    let service = Setup::with_d1().start();
    service.signal("HUP");
    service.token(D1, GRANT).await.granted();
    service.stop();
}

#[tokio::test]
async fn after_sigkill_clients_keys_and_records_are_there() {
    let setup = Setup::of("").with_durable_audit();
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    let keys = service.get("/oauth2/jwks").await.text;
    let token = service.token(D1, GRANT).await.granted();
    let setup = service.kill();
    let issued = setup
        .audit()
        .iter()
        .filter(|record| record["event"] == "token.issued")
        .count();
    assert_eq!(
        issued, 1,
        "its record was on the disk before the token left"
    );
    let service = setup.start();
    assert_eq!(service.get("/oauth2/jwks").await.text, keys);
    service.token(D1, GRANT).await.granted();
    let verified = service
        .setup
        .run_with(&["token", "verify", "-"], &token.to_string());
    verified.ok();
}

#[tokio::test]
async fn health_and_readiness() {
    let service = Setup::empty().start();
    let alive = service.get_at(service.ops, "/healthz").await;
    assert_eq!(
        (alive.status.as_u16(), alive.json()),
        (200, json!({ "alive": true }))
    );
    let ready = service.get_at(service.ops, "/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()),
        (200, json!({ "ready": true, "problems": [] }))
    );
    assert_eq!(ready.header("cache-control"), Some("no-store"));
    assert_eq!(
        service.get_at(service.api, "/readyz").await.status,
        404,
        "not for callers"
    );
    let ops = service.ops.to_string();
    let health = |ops: &str| {
        let mut command = crate::harness::binary(service.setup.folder());
        command
            .args(["healthcheck", "--config", "d1-authz.toml"])
            .env("D1_AUTHZ_LISTEN__OPS", ops);
        crate::harness::run(&mut command, "")
    };
    assert_eq!(health(&ops).ok().stdout, "ready\n");
    let setup = service.stop();
    let mut command = crate::harness::binary(setup.folder());
    command
        .args(["healthcheck", "--config", "d1-authz.toml"])
        .env("D1_AUTHZ_LISTEN__OPS", &ops);
    crate::harness::run(&mut command, "").fails(1, &ops);
}

#[tokio::test]
async fn one_process_a_folder() {
    let service = Setup::empty().start();
    service.setup.run(&["serve"]).fails(1, "audit");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let service = Setup::empty().start();
    let other = Setup::empty();
    let mut command = crate::harness::binary(other.folder());
    command
        .args(["serve", "--config", "d1-authz.toml"])
        .env("D1_AUTHZ_LISTEN__API", service.api.to_string());
    let run = crate::harness::run(&mut command, "");
    run.fails(
        1,
        &format!("listen.api = {}: the port is in use", service.api),
    );
}
