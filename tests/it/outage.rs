//! The service can't read the store, for a while and for too long.

use std::time::{Duration, Instant};

use sqlx::{Connection, SqliteConnection};

use crate::harness::{D1, GRANT, Service, Setup, basic};

/// Renames the change feed, so that the service can't read it, and back.
async fn rename(service: &Service, from: &str, to: &str) {
    let file = service.setup.folder().join("store.db");
    let store = SqliteConnection::connect(&format!("sqlite:{}", file.display()));
    let mut store = store.await.unwrap();
    let statement = sqlx::AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    sqlx::query(statement).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
}

/// Waits until `/readyz` has this status and number of problems. Gives the messages.
async fn until_ready_is(service: &Service, status: u16, problems: usize) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let ready = service.get_at(service.ops, "/readyz").await;
        let said = ready.json()["problems"].clone();
        let said = said.as_array().unwrap();
        if ready.status == status && said.len() == problems {
            let message = |problem: &serde_json::Value| {
                assert_eq!(problem["part"], "store");
                problem["message"].as_str().unwrap().to_owned()
            };
            return said.iter().map(message).collect();
        }
        assert!(Instant::now() < end, "{} {said:?}", ready.status);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn known_clients_go_on_for_a_while_and_all_is_well_again_by_itself() {
    let setup = Setup::with_resource_server();
    setup.configure("store.db\"", "store.db\", max_staleness = \"5s\"");
    let service = setup.start();
    let token = service.token(D1, GRANT).await.access_token();
    let api = basic("cards-api", "123");
    let said = service.introspect(&api, &token).await;
    assert_eq!(said.json()["active"], true);

    rename(&service, "changes", "elsewhere").await;
    let begun = Instant::now();
    let told = until_ready_is(&service, 200, 1).await;
    assert!(told[0].contains("changes"), "{told:?}");
    service.token(D1, GRANT).await.granted();
    for stranger in [basic("nobody", "x"), basic("is_tbank01", "124")] {
        let answer = service.token(&stranger, GRANT).await;
        answer.refused(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some());
    }
    let told = until_ready_is(&service, 503, 2).await;
    assert!(told[0].contains("store.max_staleness"), "{told:?}");
    assert!(begun.elapsed() > Duration::from_secs(4));
    for answer in [
        service.token(D1, GRANT).await,
        service.introspect(&api, &token).await,
        service.revoke(D1, &token).await,
    ] {
        answer.refused(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some());
    }

    rename(&service, "elsewhere", "changes").await;
    until_ready_is(&service, 200, 0).await;
    service.token(D1, GRANT).await.granted();
    let answer = service.token(&basic("nobody", "x"), GRANT).await;
    answer.refused(401, "invalid_client");
    let said = service.introspect(&api, &token).await;
    assert_eq!(said.json()["active"], true);
}
