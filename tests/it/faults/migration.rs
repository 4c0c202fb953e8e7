//! The next release migrates the store while this release serves. The migration is made up.

use std::time::Duration;

use super::Load;
use crate::harness::{D1, GRANT, Postgres, Setup};

/// Changes the schema as a later release would: additions, and a row that records the migration.
const STEPS: [&str; 4] = [
    "ALTER TABLE clients ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'",
    "CREATE TABLE colours (name TEXT PRIMARY KEY)",
    "CREATE INDEX clients_by_colour ON clients (colour)",
    "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
     VALUES (9999, 'colours', CURRENT_TIMESTAMP, true, '', 0)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_release_serves_on_in_postgresql() {
    let postgres = Postgres::start();
    let setup = Setup::on(&postgres.database("next"));
    serves_on(setup, async || {
        for step in STEPS {
            tokio::task::block_in_place(|| postgres.sql("next", step));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_release_serves_on_in_sqlite() {
    let setup = Setup::empty();
    let file = setup.folder().join("store.db");
    serves_on(setup, async || {
        use sqlx::{Connection as _, Executor as _};
        let store = sqlx::SqliteConnection::connect(&format!("sqlite:{}", file.display()));
        let mut store = store.await.unwrap();
        for step in STEPS {
            store.execute(step).await.unwrap();
        }
        store.close().await.unwrap();
    })
    .await;
}

async fn serves_on(setup: Setup, migrate: impl AsyncFnOnce()) {
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    setup.add("other", "123", &[]);
    let service = setup.start();
    let load = Load::on(&service, 4, Duration::ZERO);
    tokio::time::sleep(Duration::from_millis(500)).await;
    migrate().await;
    // The service reads a client from the new schema for the first time, and writes a revocation to
    // it.
    let other = crate::harness::basic("other", "123");
    service.token(&other, GRANT).await.granted();
    let token = service.token(D1, GRANT).await.access_token();
    service.revoke(D1, &token).await.revoked();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let seen = load.end().await;
    assert_eq!(seen.refused, 0);
    println!(
        "migrated under load: {} tokens, 0 refused",
        seen.tokens.len()
    );
    let ready = service.get_at(service.ops, "/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    // Commands of this release refuse to change a later release's store.
    let refused = service.setup.run(&["client", "disable", "other"]);
    refused.fails(1, "run the release that made it");
}
