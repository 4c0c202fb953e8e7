//! This release brings the stores of every earlier release up to date, and loses none of their
//! rows.

use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use uuid::Uuid;

use super::*;
use crate::keys::{KeySet, MasterKey, StoredKey, Vault};
use crate::store::{Change, Subject, TokensThen};
use crate::token::{Algorithm, Audience, ExpiresInAs, GrantType, Lifetime, Status};

/// The rows of a store by the version that brought them, in that version's SQL.
const ROWS: [(i64, &str); 7] = [
    (
        1,
        "INSERT INTO clients (id, name, enabled, scope, audiences, grants, expires_in_as, may_introspect, token_lifetime_seconds, \
         contact, note, created_at, changed_at) VALUES ('bank', 'A bank', 0, 'cards pin', '[\"https://a.example\"]', 'client_credentials', 'number', 1, \
         300, 'ops@bank.example', 'a note', 1000, 2000)",
    ),
    (
        1,
        "INSERT INTO client_secrets VALUES ('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'bank', 'hmac-sha256', \
         x'0707070707070707070707070707070707070707070707070707070707070707', 1000, 9000, 5000, '192.0.2.7')",
    ),
    (
        1,
        "INSERT INTO client_secrets VALUES ('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'bank', 'argon2id', \
         CAST('$argon2id$x' AS BLOB), 2000, NULL, NULL, NULL)",
    ),
    (
        1,
        "INSERT INTO changes (sequence, kind, subject, at) VALUES (41, 'client', 'bank', 1000)",
    ),
    (
        1,
        "INSERT INTO meta (name, value) VALUES ('sealed_secret_key', x'010203')",
    ),
    (2, "UPDATE clients SET token_algorithm = 'PS256'"),
    (
        2,
        "INSERT INTO leases VALUES ('schedule', '6ba7b812-9dad-11d1-80b4-00c04fd430c8', 9000)",
    ),
];

/// Makes a file as the release with this schema left it.
async fn left_at(version: i64, path: &Path, key: &StoredKey) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let migrations = Engine::Sqlite.migrations();
    migrations.run_to(version, &pool).await.unwrap();
    for (_, row) in ROWS.iter().filter(|(since, _)| *since <= version) {
        sqlx::query(*row).execute(&pool).await.unwrap();
    }
    let signing_key = sqlx::query(
        "INSERT INTO signing_keys (id, algorithm, public_jwk, sealed_private_key, created_at, signs_from) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&key.id)
    .bind(key.algorithm.as_str())
    .bind(serde_json::to_string(&key.public_jwk).unwrap())
    .bind(match &key.private_half {
        Some(crate::keys::PrivateHalf::Sealed(sealed)) => sealed.clone(),
        other => panic!("{other:?}"),
    })
    .bind(millis(key.created_at))
    .bind(millis(key.signs_from));
    signing_key.execute(&pool).await.unwrap();
    pool.close().await;
}

/// The client of [`ROWS`].
fn bank(version: i64) -> ClientRecord {
    let at = |millis| Timestamp::from_millisecond(millis).unwrap();
    let id = |text: &str| SecretId(text.parse().unwrap());
    let keyed = StoredSecret {
        id: id("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        created_at: at(1000),
        expires_at: Some(at(9000)),
        last_used_at: Some(at(5000)),
        last_used_from: Some("192.0.2.7".parse().unwrap()),
        ..secret()
    };
    let chosen = StoredSecret {
        id: id("6ba7b811-9dad-11d1-80b4-00c04fd430c8"),
        hash: SecretHash::Argon2id("$argon2id$x".into()),
        created_at: at(2000),
        ..secret()
    };
    let scope = Scope::parse("cards pin").unwrap();
    let client = Client {
        status: Status::Disabled,
        audiences: vec![Audience::parse("https://a.example").unwrap()],
        grants: vec![GrantType::ClientCredentials],
        expires_in_as: ExpiresInAs::Number,
        may_introspect: true,
        token_lifetime: Some(Lifetime::from_secs(300).unwrap()),
        token_algorithm: (version >= 2).then_some(Algorithm::Ps256),
        contact: Some("ops@bank.example".into()),
        note: Some("a note".into()),
        // Later settings have the value that changes nothing.
        ..Client::new(ClientId::parse("bank").unwrap(), "A bank", scope)
    };
    ClientRecord {
        secrets: vec![keyed, chosen],
        changed_at: at(2000),
        ..ClientRecord::new(client, at(1000))
    }
}

#[tokio::test]
async fn a_store_of_every_earlier_release_is_brought_up_to_date_with_all_in_it() {
    let (vault, _) = Vault::create(&MasterKey::random());
    let at = |second| Timestamp::from_second(second).unwrap();
    let key = vault.generate_signing_key(Algorithm::Es256, at(1), at(2));
    let key = key.unwrap();
    let versions: Vec<_> = Engine::Sqlite
        .migrations()
        .iter()
        .map(|step| step.version)
        .collect();
    assert!(versions.len() >= 4, "{versions:?}");
    for version in versions {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        left_at(version, &path, &key).await;
        let store = SqlStore::open_file(&path, Migrate::Yes).await.unwrap();
        let schema = store.schema().await.unwrap();
        assert_eq!(schema.version, schema.latest);

        let clients = store.clients().await.unwrap();
        assert_eq!(clients, [bank(version)], "from version {version}");
        let material = store.key_material().await.unwrap();
        assert_eq!(material.sealed_secret_key, Some(vec![1, 2, 3]));
        assert_eq!(material.signing_keys, KeySet::from(vec![key.clone()]));
        let bank = ClientId::parse("bank").unwrap();
        let change = Change {
            position: Position {
                sequence: 41,
                mark: 0,
            },
            subject: Subject::Client(bank.clone()),
        };
        let changes = store.changes_after(Position::default()).await.unwrap();
        assert_eq!(changes, News::Changes(vec![change.clone()]));
        let changes = store.changes_after(change.position).await.unwrap();
        assert_eq!(
            changes,
            News::Changes(vec![]),
            "where a replica stood before"
        );
        // An earlier lease still holds until its time is over.
        let (me, now) = (Uuid::new_v4(), Timestamp::from_millisecond(8000).unwrap());
        let taken = store.take_lease("schedule", me, now, at(20)).await.unwrap();
        assert_eq!(taken, version < 2);

        // The upgraded store can be changed. Numbers of changes are not used again.
        store
            .set_status(&bank, Status::Enabled, TokensThen::Kept, at(10))
            .await
            .unwrap();
        assert_eq!(store.last_change().await.unwrap().sequence, 42);
        assert_eq!(
            store.client("bank").await.unwrap().unwrap().client.status,
            Status::Enabled
        );
    }
}
