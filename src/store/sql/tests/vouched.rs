//! Rows that an attacker alters, removes, or puts back are noticed and not used.

use super::*;
use crate::keys::{MasterKey, Vault};
use crate::store::{SeenVersion, TokensThen};
use crate::token::{Status, TokenId};

/// A store whose rows are vouched for from the start.
async fn vouched() -> (tempfile::TempDir, SqlStore, Vault) {
    let (folder, _, store) = opened().await;
    let (vault, sealed) = Vault::create(&MasterKey::random());
    let keys = vault.row_keys().clone();
    assert!(store.adopt(keys, None, &sealed).await.unwrap());
    (folder, store, vault)
}

async fn with_clients(number: usize) -> (tempfile::TempDir, SqlStore, Vault) {
    let (folder, store, vault) = vouched().await;
    let clients: Vec<_> = (0..number).map(|it| client(&format!("c{it:02}"))).collect();
    store.add_clients(&clients).await.unwrap();
    (folder, store, vault)
}

async fn sql(store: &SqlStore, statement: &'static str) {
    sqlx::raw_sql(statement)
        .execute(store.connections.pool())
        .await
        .unwrap();
}

/// The findings of a check, as one text.
async fn found(store: &SqlStore) -> String {
    assert!(store.check_rows(None).await.unwrap());
    store.findings().problems().join("\n")
}

#[tokio::test]
async fn it_conforms_with_rows_that_are_vouched_for() {
    let (_folder, _, store) = opened().await;
    let (vault, _) = Vault::create(&MasterKey::random());
    store.begin_vouching(vault.row_keys()).await;
    conformance::check(&store).await;
    assert_eq!(found(&store).await, "");
}

#[tokio::test]
async fn all_that_it_does_itself_is_found_right() {
    let (_folder, store, vault) = with_clients(40).await;
    let id = ClientId::parse("c07").unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    store
        .set_status(&id, Status::Disabled, TokensThen::Revoked, at(9))
        .await
        .unwrap();
    for _ in 0..3 {
        store
            .rotate_secret(&id, &secret(), at(99), true)
            .await
            .unwrap();
    }
    let mut changed = store.client("c08").await.unwrap().unwrap();
    changed.client.note = Some("changed".into());
    store.change_client(&changed).await.unwrap();
    store
        .remove_client(&changed.client.id, at(10))
        .await
        .unwrap();
    let seen = store.key_material().await.unwrap();
    let mut new = seen.clone();
    let key = vault.generate_signing_key(crate::token::Algorithm::Es256, at(1), at(2));
    new.signing_keys = vec![key.unwrap()].into();
    assert!(store.swap_key_material(&seen, &new, at(3)).await.unwrap());
    for end in [20, 30] {
        let token = crate::store::RevokedToken {
            id: TokenId::generate().unwrap(),
            client_id: id.clone(),
            expires_at: at(end),
        };
        store.revoke_token(&token, 9, at(11)).await.unwrap();
    }
    store.forget_revoked_tokens(at(25)).await.unwrap();
    assert_eq!(found(&store).await, "");
    assert_eq!(store.checks(), 1);
}

#[tokio::test]
async fn a_client_that_somebody_else_altered_is_nobody() {
    for statement in [
        "UPDATE clients SET scope = 'admin' WHERE id = 'c03'",
        "UPDATE clients SET mac = NULL WHERE id = 'c03'",
        "UPDATE clients SET version = version + 1 WHERE id = 'c03'",
        "UPDATE client_secrets SET hash = x'0808080808080808080808080808080808080808080808080808080808080808' WHERE client_id = 'c03'",
        "UPDATE client_secrets SET expires_at = 1 WHERE client_id = 'c03'",
        "DELETE FROM client_secrets WHERE client_id = 'c03'",
        "UPDATE client_secrets SET client_id = 'c03' WHERE client_id = 'c04'",
        "INSERT INTO client_secrets (id, client_id, hash_kind, hash, created_at) SELECT 'd5a7bd68-2c0f-4b0d-9d7e-6b0c6a1f0a11', 'c03', hash_kind, hash, 0 FROM client_secrets WHERE client_id = 'c04'",
        "UPDATE clients SET mac = (SELECT mac FROM clients WHERE id = 'c04') WHERE id = 'c03'",
        "UPDATE clients SET scope = 'a  b' WHERE id = 'c03'",
    ] {
        let (_folder, store, _) = with_clients(8).await;
        sql(&store, statement).await;
        let id = ClientId::parse("c03").unwrap();
        assert_eq!(
            store
                .clients_named(std::slice::from_ref(&id))
                .await
                .unwrap(),
            [],
            "{statement}"
        );
        let error = store.client("c03").await.unwrap_err();
        assert!(matches!(error, StoreError::Altered(_)), "{error}");
        let now = Timestamp::UNIX_EPOCH;
        store
            .set_status(&id, Status::Enabled, TokensThen::Kept, now)
            .await
            .unwrap_err();
        let problems = found(&store).await;
        assert!(problems.contains("client c03"), "{statement}: {problems}");
    }
}

#[tokio::test]
async fn a_client_without_a_mac_is_never_adopted_again() {
    let (_folder, store, _) = with_clients(2).await;
    sql(&store, "INSERT INTO clients (id, name, enabled, scope, audiences, grants, expires_in_as, may_introspect, created_at, changed_at) \
         VALUES ('mine', 'mine', 1, 'admin', '[]', 'client_credentials', 'string', 1, 0, 0)").await;
    assert_eq!(store.clients().await.unwrap().len(), 2);
    assert!(found(&store).await.contains("client mine"));
}

#[tokio::test]
async fn a_row_that_is_gone_or_back_again_is_missed() {
    for (change, back) in [
        ("DELETE FROM clients WHERE id = 'c05'", "removed"),
        ("DELETE FROM client_secrets; DELETE FROM clients", "removed"),
        ("DELETE FROM changes WHERE subject = 'c05'", "removed"),
        (
            "DELETE FROM meta WHERE name = 'sealed_secret_key'",
            "removed",
        ),
        ("UPDATE meta SET value = x'00'", "sealed_secret_key"),
        ("DELETE FROM manifest WHERE part <> 'root'", "lacks a part"),
        ("DELETE FROM manifest", "is gone"),
        ("UPDATE manifest SET value = x'00'", "was altered"),
        (
            "UPDATE manifest SET value = (SELECT value FROM manifest WHERE part = 'root')",
            "was altered",
        ),
    ] {
        let (_folder, store, _) = with_clients(8).await;
        assert_eq!(found(&store).await, "");
        sql(&store, change).await;
        let problems = found(&store).await;
        assert!(problems.contains(back), "{change}: {problems}");
    }
}

/// The attacker puts back the whole row with its earlier MAC.
#[tokio::test]
async fn a_client_that_is_put_back_is_not_used() {
    let (_folder, store, vault) = with_clients(8).await;
    sql(&store, "CREATE TABLE before AS SELECT * FROM clients").await;
    let id = ClientId::parse("c05").unwrap();
    let now = Timestamp::UNIX_EPOCH;
    store
        .set_status(&id, Status::Disabled, TokensThen::Kept, now)
        .await
        .unwrap();
    let disabled = store.client("c05").await.unwrap().unwrap();
    assert_eq!(disabled.client.status, Status::Disabled);
    let back = "UPDATE clients SET enabled = 1, changed_at = b.changed_at, version = b.version, mac = b.mac FROM before b WHERE b.id = clients.id";
    sql(&store, back).await;
    // A process that has seen the later version knows at once.
    assert_eq!(
        store
            .clients_named(std::slice::from_ref(&id))
            .await
            .unwrap(),
        []
    );
    assert!(found(&store).await.contains("client c05"));

    // A process that hasn't seen it knows once the rows are checked.
    let again = SqlStore::open_file(&_folder.path().join("store.db"), Migrate::No)
        .await
        .unwrap();
    again.entrust(vault.row_keys().clone(), SeenVersion::default());
    assert!(found(&again).await.contains("client c05"));
    assert_eq!(
        again
            .clients_named(std::slice::from_ref(&id))
            .await
            .unwrap(),
        []
    );

    // The client is disabled until an administrator looks at it.
    again.accept_rows(now).await.unwrap();
    assert_eq!(found(&again).await, "");
    let accepted = again.client("c05").await.unwrap().unwrap();
    assert_eq!(accepted.client.status, Status::Disabled);
    assert_eq!(again.clients().await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_store_that_is_put_back_as_a_whole_is_noticed_by_who_has_seen_it() {
    let (folder, store, vault) = with_clients(2).await;
    let path = folder.path().join("backup.db");
    store.back_up(&path, |_| ()).await.unwrap();
    store.add_clients(&[client("later")]).await.unwrap();
    let version = store.version().await.unwrap();
    let back = SqlStore::open_file(&path, Migrate::No).await.unwrap();
    back.entrust(vault.row_keys().clone(), SeenVersion::default());
    assert_eq!(found(&back).await, "", "a backup is whole");
    let back = SqlStore::open_file(&path, Migrate::No).await.unwrap();
    back.entrust(vault.row_keys().clone(), version);
    assert!(found(&back).await.contains("earlier state"));
    back.add_clients(&[client("a"), client("b")]).await.unwrap();
    back.add_clients(&[client("c")]).await.unwrap();
    assert!(found(&back).await.contains("earlier state"), "also later");
    let seen = back.version().await.unwrap();
    assert!(seen.is_doubted && seen.version == version.version);
    let next = SqlStore::open_file(&path, Migrate::No).await.unwrap();
    next.entrust(vault.row_keys().clone(), seen);
    assert!(
        found(&next).await.contains("earlier state"),
        "by the next process"
    );
    back.accept_rows(Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(found(&back).await, "");
    let accepted = back.version().await.unwrap();
    assert!(accepted.version > version.version && !accepted.is_doubted);
    assert_eq!(found(&next).await, "", "by whoever doubted it");
}

#[tokio::test]
async fn without_the_keys_nothing_can_be_changed() {
    let (folder, store, _) = with_clients(2).await;
    store.close().await;
    let path = folder.path().join("store.db");
    let store = SqlStore::open_file(&path, Migrate::No).await.unwrap();
    assert_eq!(store.clients().await.unwrap().len(), 2, "read as they are");
    let error = store.add_clients(&[client("new")]).await.unwrap_err();
    assert!(matches!(error, StoreError::NotEntrusted), "{error}");
}

/// The store has a sealed secret key of an earlier release.
#[tokio::test]
async fn rows_of_an_earlier_release_are_adopted_once() {
    let (_folder, _, store) = opened().await;
    let clients: Vec<_> = (0..700).map(|it| client(&format!("c{it:03}"))).collect();
    store.add_clients(&clients).await.unwrap();
    sql(
        &store,
        "INSERT INTO meta (name, value) VALUES ('sealed_secret_key', x'01')",
    )
    .await;
    let (vault, sealed) = Vault::create(&MasterKey::random());
    let keys = vault.row_keys().clone();
    assert!(!store.adopt(keys.clone(), None, &sealed).await.unwrap());
    assert!(
        store
            .adopt(keys.clone(), Some(&[1]), &sealed)
            .await
            .unwrap()
    );
    assert_eq!(store.clients().await.unwrap().len(), 700);
    assert_eq!(found(&store).await, "");
    assert!(!store.adopt(keys, Some(&sealed), &sealed).await.unwrap());
}
