//! The conformance suite, and tests of what concerns SQLite alone: files, locks, several processes.

mod upgrade;
mod vouched;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::store::{ClientRecord, News, Position, Store as _, conformance};
use crate::token::{Client, ClientId, Scope, SecretHash, SecretId, StoredSecret};

async fn opened() -> (tempfile::TempDir, PathBuf, SqlStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqlStore::open_file(&path, Migrate::Yes).await.unwrap();
    (folder, path, store)
}

fn client(id: &str) -> ClientRecord {
    let secret = secret();
    let client = Client::new(ClientId::parse(id).unwrap(), id, Scope::default());
    let now = secret.created_at;
    ClientRecord {
        secrets: vec![secret],
        ..ClientRecord::new(client, now)
    }
}

fn secret() -> StoredSecret {
    StoredSecret {
        id: SecretId(uuid::Uuid::new_v4()),
        hash: SecretHash::Keyed([7; 32]),
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
    }
}

#[tokio::test]
async fn it_conforms() {
    let (_folder, _path, store) = opened().await;
    conformance::check(&store).await;
}

#[tokio::test]
async fn all_its_files_are_private_and_what_it_holds_survives() {
    let (folder, path, store) = opened().await;
    let one = client("one");
    store.add_clients(std::slice::from_ref(&one)).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            file.file_name()
        );
        files += 1;
    }
    assert_eq!(files, 3, "with -wal and -shm");
    // The first store is not closed, as after a crash.
    let again = SqlStore::open_file(&path, Migrate::No).await.unwrap();
    assert_eq!(again.client("one").await.unwrap(), Some(one));
}

/// SQLite ends a transaction by itself when the disk has no room for its writes.
#[tokio::test]
async fn no_connection_is_spoilt_by_a_disk_that_was_full() {
    let (_folder, _path, store) = opened().await;
    let too_much = "INSERT INTO meta (name, value) VALUES ('much', zeroblob(10000000))";
    for _ in 0..10 {
        let mut change = store.connections.begin(Purpose::Write).await.unwrap();
        let no_more_room = sqlx::query("PRAGMA max_page_count = 1").execute(&mut *change);
        no_more_room.await.unwrap();
        let refused = sqlx::query(too_much).execute(&mut *change).await;
        assert!(refused.unwrap_err().to_string().contains("full"));
    }
}

#[tokio::test]
async fn a_store_that_is_absent_or_of_another_release_is_told() {
    let (_folder, path, store) = opened().await;
    let absent = SqlStore::open_file(&path.with_extension("none"), Migrate::No)
        .await
        .unwrap_err();
    assert!(absent.to_string().contains("there is none yet"), "{absent}");

    let later =
        sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', 0, true, x'00', 0)");
    later.execute(store.connections.pool()).await.unwrap();
    for migrate in [Migrate::Yes, Migrate::No] {
        let error = SqlStore::open_file(&path, migrate).await.unwrap_err();
        assert!(
            matches!(error, StoreError::SchemaTooNew { found: 9999, .. }),
            "{error}"
        );
    }
    sqlx::query("DELETE FROM _sqlx_migrations")
        .execute(store.connections.pool())
        .await
        .unwrap();
    let error = SqlStore::open_file(&path, Migrate::No).await.unwrap_err();
    assert!(
        matches!(error, StoreError::SchemaTooOld { found: 0, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn several_processes_write_at_once() {
    let (_folder, path, store) = opened().await;
    let mut tasks = Vec::new();
    for process in 0..4 {
        let path = path.clone();
        tasks.push(tokio::spawn(async move {
            let store = SqlStore::open_file(&path, Migrate::Yes).await.unwrap();
            for number in 0..20 {
                let record = client(&format!("{process}-{number}"));
                store
                    .add_clients(std::slice::from_ref(&record))
                    .await
                    .unwrap();
                store
                    .rotate_secret(
                        &record.client.id,
                        &secret(),
                        "2100-01-01T00:00:00Z".parse().unwrap(),
                        false,
                    )
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.clients().await.unwrap().len(), 80);
    let News::Changes(changes) = store.changes_after(Position::default()).await.unwrap() else {
        panic!("all of the feed");
    };
    assert_eq!(changes.len(), 160);
}

#[tokio::test]
async fn several_processes_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let open = |_| {
        let path = path.clone();
        tokio::spawn(async move { SqlStore::open_file(&path, Migrate::Yes).await.map(drop) })
    };
    let tasks: Vec<_> = (0..8).map(open).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let (_folder, _path, store) = opened().await;
    let one = client("one");
    store.add_clients(std::slice::from_ref(&one)).await.unwrap();
    sqlx::query("UPDATE clients SET scope = 'a  b'")
        .execute(store.connections.pool())
        .await
        .unwrap();
    let error = store.client("one").await.unwrap_err().to_string();
    assert!(error.contains("client \"one\""), "{error}");
}
