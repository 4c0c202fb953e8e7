//! Secrets that were imported with the hash of another server.

use super::{add, at, client, secret};
use crate::store::Store;
use crate::token::{ImportedHash, SecretHash, StoredSecret};

pub(super) async fn the_hash_of_another_server_comes_back_and_is_replaced_once(store: &dyn Store) {
    let text = "$2b$05$N9qo8uLOickgx2ZMRZoMyehyooCgIc.diOceO4YlhUtKMqpzuLfbW";
    let seen = SecretHash::Imported(ImportedHash::parse(text).expect("a hash"));
    let imported = StoredSecret {
        hash: seen.clone(),
        ..secret(1_000)
    };
    let moved = client("moved");
    add(store, &moved, &imported).await.expect("added");
    let kept = async || {
        let record = store.client("moved").await.expect("read").expect("there");
        record.secrets[0].hash.clone()
    };
    assert_eq!(kept().await, seen);
    let chosen = store.clients_with_chosen_secrets(None, 1_000).await;
    let mut chosen = chosen.expect("read").into_iter();
    assert!(chosen.any(|record| record.client == moved), "it is costly");
    let own = SecretHash::Argon2id("$argon2id$own".into());
    let replace = async |seen: &SecretHash| {
        let done = store.replace_hash(&moved.id, imported.id, seen, &own, at(2_000));
        done.await.expect("asked")
    };
    assert!(!replace(&SecretHash::Argon2id("$argon2id$other".into())).await);
    assert_eq!(kept().await, seen, "it was not that hash");
    assert!(replace(&seen).await);
    assert!(!replace(&seen).await, "once");
    assert_eq!(kept().await, own);
    store
        .remove_client(&moved.id, at(3_000))
        .await
        .expect("removed");
}
