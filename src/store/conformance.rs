//! The behaviour that every store has, as one suite that runs against each store.
//!
//! For tests: the suite panics at the first difference and names it.

mod client_tokens;
mod clients;
mod imported;
mod keys;
mod outbox;
mod secrets;
mod tokens;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AuditHead, Change, ClientRecord, News, Position, Store, StoreError, Subject, TokensThen,
};
use crate::keys::{MasterKey, Vault};
use crate::token::{Client, ClientId, Scope, SecretHash, SecretId, Status, StoredSecret};

/// Runs the suite against an empty store whose schema is up to date.
///
/// # Panics
/// If the store behaves differently.
pub async fn check(store: &dyn Store) {
    let schema = store.schema().await.expect("the schema can be read");
    assert!(
        schema.version == schema.latest && schema.version > 0,
        "up to date: {schema:?}"
    );
    assert_eq!(last_change(store).await, Position::default(), "empty");
    clients::clients_come_back_as_they_went(store).await;
    clients::an_id_is_taken_once(store).await;
    imported::the_hash_of_another_server_comes_back_and_is_replaced_once(store).await;
    clients::clients_are_added_all_or_none(store).await;
    clients::a_change_leaves_secrets_and_status_alone(store).await;
    secrets::two_secrets_live_at_once_at_most(store).await;
    secrets::uses_are_noted_and_are_no_change(store).await;
    client_tokens::tokens_are_revoked_until_now(store).await;
    client_tokens::a_new_client_has_no_token_of_one_that_had_its_id(store).await;
    clients::removal_takes_the_secrets_along(store).await;
    clients::who_is_not_there_cannot_be_changed(store).await;
    keys::keys_come_back_as_they_went(store).await;
    keys::key_material_is_swapped_as_a_whole_or_not_at_all(store).await;
    keys::a_task_is_one_owners_until_its_time_is_over(store).await;
    tokens::a_revoked_token_is_told_and_kept(store).await;
    tokens::one_client_revokes_so_many_and_no_more(store).await;
    tokens::what_has_expired_is_forgotten(store).await;
    client_tokens::a_new_client_may_revoke_as_many_as_any(store).await;
    what_pins_audit_trails_is_kept(store).await;
    outbox::records_are_kept_with_their_change_until_a_trail_has_them(store).await;
    the_feed_tells_every_change_once(store).await;
    who_stands_in_another_history_is_told(store).await;
    clients::many_are_read_by_name(store).await;
    clients::many_are_read_in_parts_by_id(store).await;
}

async fn what_pins_audit_trails_is_kept(store: &dyn Store) {
    let before = store.last_change().await.expect("a feed");
    let (vault, _) = Vault::create(&MasterKey::random());
    let [one, two] = [(), ()].map(|()| vault.generate_audit_key().expect("a key"));
    assert_eq!(store.audit_key().await.expect("read"), None);
    assert!(store.keep_first_audit_key(&one).await.expect("kept"));
    assert!(!store.keep_first_audit_key(&two).await.expect("read"));
    assert_eq!(store.audit_key().await.expect("read"), Some(one));

    let head = |trail: &str, sequence| AuditHead {
        trail: trail.into(),
        sequence,
        hash: "00ff".into(),
        at: at(1),
        place: None,
    };
    for head in [head("b", 7), head("a", 9), head("b", 8), head("a", 3)] {
        store.note_audit_head(&head).await.expect("noted");
    }
    let heads = store.audit_heads().await.expect("read");
    assert_eq!(heads, [head("a", 9), head("b", 8)]);
    assert_eq!(
        store.last_change().await.expect("a feed"),
        before,
        "no change that anybody follows"
    );
}

async fn the_feed_tells_every_change_once(store: &dyn Store) {
    let last = store.last_change().await.expect("a feed");
    let all = changes_after(store, Position::default()).await;
    assert_eq!(all.last().map(|change| change.position), Some(last));
    assert!(
        all.windows(2)
            .all(|pair| pair[0].position.sequence < pair[1].position.sequence),
        "rising"
    );
    assert_eq!(changes_after(store, last).await, []);

    let id = client("bare").id;
    store
        .set_status(&id, Status::Disabled, TokensThen::Kept, at(1))
        .await
        .expect("disabled");
    store
        .rotate_secret(&id, &secret(2_000), at(2_001), false)
        .await
        .expect("rotated");
    store.remove_client(&id, at(3)).await.expect("removed");
    let after = changes_after(store, last).await;
    assert_eq!(after.len(), 3);
    assert!(
        after
            .iter()
            .all(|change| change.position.sequence > last.sequence
                && change.subject == Subject::Client(id.clone()))
    );
    let keys = all
        .iter()
        .filter(|change| matches!(change.subject, Subject::SigningKey(_)))
        .count();
    assert_eq!(keys, 4, "two made, one changed, one removed");
}

/// After a restore from a backup, the same numbers come again for other changes.
async fn who_stands_in_another_history_is_told(store: &dyn Store) {
    let last = last_change(store).await;
    let other = |sequence, mark| Position { sequence, mark };
    for elsewhere in [
        other(last.sequence, last.mark.wrapping_add(1)),
        other(last.sequence + 1, last.mark),
    ] {
        let news = store.changes_after(elsewhere).await.expect("a feed");
        assert_eq!(news, News::OtherHistory, "{elsewhere:?}");
    }
    let all = changes_after(store, Position::default()).await;
    let marks: BTreeSet<_> = all.iter().map(|change| change.position.mark).collect();
    assert_eq!(marks.len(), all.len(), "each has its own");
}

async fn last_change(store: &dyn Store) -> Position {
    store.last_change().await.expect("a feed")
}

async fn changes_after(store: &dyn Store, position: Position) -> Vec<Change> {
    match store.changes_after(position).await.expect("a feed") {
        News::Changes(changes) => changes,
        News::OtherHistory => panic!("{position:?} is in the history"),
    }
}

fn client(id: &str) -> Client {
    let scope = Scope::parse("cards:read pin").expect("a scope");
    Client::new(ClientId::parse(id).expect("an id"), id, scope)
}

/// Adds a client with its first secret.
async fn add(store: &dyn Store, client: &Client, secret: &StoredSecret) -> Result<(), StoreError> {
    store.add_clients(&[record(client, secret)]).await
}

fn record(client: &Client, secret: &StoredSecret) -> ClientRecord {
    ClientRecord {
        secrets: vec![secret.clone()],
        ..ClientRecord::new(client.clone(), secret.created_at)
    }
}

fn secret(created_at_ms: i64) -> StoredSecret {
    StoredSecret {
        id: SecretId(Uuid::new_v4()),
        hash: SecretHash::Keyed([7; 32]),
        created_at: at(created_at_ms),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs())
}
