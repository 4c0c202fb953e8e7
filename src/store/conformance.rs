//! The behaviour that every store has, as one suite to run against each.
//!
//! For tests: panics at the first difference, naming it.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::{AuditHead, SecretUse, Store, StoreError, Subject};
use crate::keys::{KeyMaterial, KeySet, MasterKey, PrivateHalf, StoredKey, Vault};
use crate::token::{
    Algorithm, Audience, Client, ClientId, ExpiresInAs, GrantType, Lifetime, Scope, SecretHash,
    SecretId, Status, StoredSecret,
};

/// Runs the suite against an empty store whose schema is up to date.
///
/// # Panics
/// When the store behaves otherwise.
pub async fn check(store: &dyn Store) {
    let schema = store.schema().await.expect("the schema can be read");
    assert!(
        schema.version == schema.latest && schema.version > 0,
        "up to date: {schema:?}"
    );
    assert_eq!(store.last_change().await.expect("a feed"), 0, "empty");
    clients_come_back_as_they_went(store).await;
    an_id_is_taken_once(store).await;
    two_secrets_live_at_once_at_most(store).await;
    uses_are_noted_and_are_no_change(store).await;
    removal_takes_the_secrets_along(store).await;
    who_is_not_there_cannot_be_changed(store).await;
    keys_come_back_as_they_went(store).await;
    key_material_is_swapped_as_a_whole_or_not_at_all(store).await;
    a_task_is_one_owners_until_its_time_is_over(store).await;
    what_pins_audit_trails_is_kept(store).await;
    the_feed_tells_every_change_once(store).await;
}

async fn clients_come_back_as_they_went(store: &dyn Store) {
    let mut full = client("full");
    full.name = "Ünïcode \"quoted\" 'name'; --".into();
    full.status = Status::Disabled;
    full.audiences = vec![audience("https://a.example"), audience("urn:b,\"c\"")];
    full.grants = vec![GrantType::ClientCredentials];
    full.expires_in_as = ExpiresInAs::Number;
    full.may_introspect = true;
    full.token_lifetime = Some(Lifetime::MAX);
    full.token_algorithm = Some(Algorithm::Ps256);
    full.contact = Some("ops@bank.example".into());
    full.note = Some("line\nline".into());
    let chosen = StoredSecret {
        hash: SecretHash::Argon2id("$argon2id$x".into()),
        ..secret(1_000)
    };
    store.add_client(&full, &chosen).await.expect("added");
    let mut bare = client("bare");
    bare.scope = Scope::default();
    bare.grants = Vec::new();
    let keyed = StoredSecret {
        expires_at: Some(at(9_999)),
        ..secret(1_500)
    };
    store.add_client(&bare, &keyed).await.expect("added");

    let record = store.client("full").await.expect("read").expect("there");
    assert_eq!((&record.client, &record.secrets), (&full, &vec![chosen]));
    assert_eq!(
        (record.created_at, record.changed_at),
        (at(1_000), at(1_000))
    );
    let all = store.clients().await.expect("read");
    assert_eq!(
        all.iter()
            .map(|record| record.client.id.as_str())
            .collect::<Vec<_>>(),
        ["bare", "full"],
        "by id"
    );
    assert_eq!((&all[0].client, &all[0].secrets), (&bare, &vec![keyed]));
    let algorithms = store.token_algorithms().await.expect("read");
    assert_eq!(algorithms, [Algorithm::Ps256].into());
    assert_eq!(all[1], record);
    assert_eq!(
        store.client("Full").await.expect("read"),
        None,
        "ids are compared byte by byte"
    );

    store
        .set_status(&full.id, Status::Enabled, at(2_000))
        .await
        .expect("enabled");
    let record = store.client("full").await.expect("read").expect("there");
    assert_eq!(
        (record.client.status, record.changed_at),
        (Status::Enabled, at(2_000))
    );
}

async fn an_id_is_taken_once(store: &dyn Store) {
    let before = store.client("full").await.expect("read");
    let error = store
        .add_client(&client("full"), &secret(3_000))
        .await
        .expect_err("taken");
    assert!(matches!(error, StoreError::ClientExists(id) if id.as_str() == "full"));
    assert_eq!(
        store.client("full").await.expect("read"),
        before,
        "nothing changed"
    );
}

async fn two_secrets_live_at_once_at_most(store: &dyn Store) {
    let (one, id) = (secret(1_000), client("rotated").id);
    store
        .add_client(&client("rotated"), &one)
        .await
        .expect("added");
    let two = secret(2_000);
    store
        .rotate_secret(&id, &two, at(5_000))
        .await
        .expect("rotated");
    let first_until_5000 = StoredSecret {
        expires_at: Some(at(5_000)),
        ..one
    };
    assert_eq!(
        secrets(store, "rotated").await,
        [first_until_5000, two.clone()],
        "both live"
    );

    let three = secret(3_000);
    store
        .rotate_secret(&id, &three, at(6_000))
        .await
        .expect("rotated");
    let second_until_6000 = StoredSecret {
        expires_at: Some(at(6_000)),
        ..two
    };
    assert_eq!(
        secrets(store, "rotated").await,
        [second_until_6000, three.clone()],
        "the oldest is forgotten"
    );

    let four = secret(4_000);
    store
        .rotate_secret(&id, &four, at(4_000))
        .await
        .expect("rotated");
    assert_eq!(
        secrets(store, "rotated").await,
        std::slice::from_ref(&four),
        "no overlap: nothing older is left, not even what would have lived on"
    );

    let five = secret(5_000);
    store
        .rotate_secret(&id, &five, at(5_100))
        .await
        .expect("rotated");
    let six = secret(5_050);
    store
        .rotate_secret(&id, &six, at(99_000))
        .await
        .expect("rotated");
    let fifth_until_99000 = StoredSecret {
        expires_at: Some(at(99_000)),
        ..five
    };
    assert_eq!(
        secrets(store, "rotated").await,
        [fifth_until_99000.clone(), six],
        "the newest of the live is kept"
    );
    let seven = StoredSecret {
        expires_at: Some(at(200_000)),
        ..secret(100_000)
    };
    store
        .rotate_secret(&id, &seven, at(150_000))
        .await
        .expect("rotated");
    let kept = secrets(store, "rotated").await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].expires_at, Some(at(150_000)));
    let eight = secret(120_000);
    store
        .rotate_secret(&id, &eight, at(900_000))
        .await
        .expect("rotated");
    assert_eq!(
        secrets(store, "rotated").await[0].expires_at,
        Some(at(200_000)),
        "an overlap never prolongs"
    );
}

async fn uses_are_noted_and_are_no_change(store: &dyn Store) {
    let before = store.last_change().await.expect("a feed");
    let id = secrets(store, "full").await[0].id;
    let used = |second, host: &str| SecretUse {
        secret: id,
        at: at(second),
        from: host.parse().expect("an address"),
    };
    store
        .record_uses(&[used(7_000, "::1"), used(6_000, "192.0.2.1")])
        .await
        .expect("noted");
    let full = &secrets(store, "full").await[0];
    assert_eq!(
        full.last_used_at,
        Some(at(7_000)),
        "the latest of several reports"
    );
    assert_eq!(
        full.last_used_from,
        Some("::1".parse().expect("an address"))
    );
    let unknown = SecretUse {
        secret: SecretId(Uuid::new_v4()),
        ..used(8_000, "::1")
    };
    store
        .record_uses(&[unknown])
        .await
        .expect("a secret that is gone is no error");
    assert_eq!(store.last_change().await.expect("a feed"), before);
}

async fn removal_takes_the_secrets_along(store: &dyn Store) {
    let gone = client("gone");
    store
        .add_client(&gone, &secret(1_000))
        .await
        .expect("added");
    store
        .remove_client(&gone.id, at(2_000))
        .await
        .expect("removed");
    assert_eq!(store.client("gone").await.expect("read"), None);
    store
        .add_client(&gone, &secret(3_000))
        .await
        .expect("added again");
    assert_eq!(
        secrets(store, "gone").await.len(),
        1,
        "none is left of the first one"
    );
    store
        .remove_client(&gone.id, at(4_000))
        .await
        .expect("removed");
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
    };
    for head in [head("b", 7), head("a", 9), head("b", 8)] {
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

async fn who_is_not_there_cannot_be_changed(store: &dyn Store) {
    let (before, nobody) = (
        store.last_change().await.expect("a feed"),
        client("nobody").id,
    );
    for result in [
        store.set_status(&nobody, Status::Enabled, at(1)).await,
        store.rotate_secret(&nobody, &secret(1), at(2)).await,
        store.remove_client(&nobody, at(1)).await,
    ] {
        let error = result.expect_err("nobody is there");
        assert!(matches!(error, StoreError::NoSuchClient(id) if id == nobody));
    }
    assert_eq!(
        store.last_change().await.expect("a feed"),
        before,
        "what failed is no change"
    );
}

async fn keys_come_back_as_they_went(store: &dyn Store) {
    let (vault, _) = Vault::create(&MasterKey::random());
    let key = |created| {
        vault
            .generate_signing_key(Algorithm::Es256, at(created), at(created + 1))
            .expect("a key")
    };
    let full = StoredKey {
        signs_until: Some(at(30)),
        published_until: Some(at(40)),
        revoked_at: Some(at(50)),
        revocation_reason: Some("ünïcode".into()),
        private_half: None,
        ..key(20)
    };
    let first = key(10);
    let of = |keys: &[&StoredKey]| KeyMaterial {
        sealed_secret_key: None,
        signing_keys: keys
            .iter()
            .map(|key| (*key).clone())
            .collect::<Vec<_>>()
            .into(),
    };
    swap(store, &of(&[]), &of(&[&full, &first])).await;
    assert_eq!(
        store.signing_keys().await.expect("read"),
        [first.clone(), full.clone()],
        "oldest first"
    );
    let changed = StoredKey {
        private_half: Some(PrivateHalf::InToken(vec![0, 1])),
        signs_from: at(12),
        signs_until: Some(at(13)),
        published_until: Some(at(14)),
        revoked_at: Some(at(15)),
        revocation_reason: Some("leaked".into()),
        ..first.clone()
    };
    let before = store.last_change().await.expect("a feed");
    swap(store, &of(&[&first, &full]), &of(&[&changed, &full])).await;
    let changes = store.changes_after(before).await.expect("a feed");
    let subjects: Vec<_> = changes.into_iter().map(|change| change.subject).collect();
    assert_eq!(
        subjects,
        [Subject::SigningKey(first.id.clone())],
        "only what differs"
    );
    swap(store, &of(&[&changed, &full]), &of(&[&changed])).await;
    assert_eq!(store.signing_keys().await.expect("read"), [changed]);
}

async fn key_material_is_swapped_as_a_whole_or_not_at_all(store: &dyn Store) {
    let seen = store.key_material().await.expect("read");
    assert_eq!(seen.sealed_secret_key, None);
    let with = |secret: &[u8]| KeyMaterial {
        sealed_secret_key: Some(secret.to_vec()),
        ..seen.clone()
    };
    swap(store, &seen, &with(b"\x00one")).await;
    let last = store.last_change().await.expect("a feed");
    let late = KeyMaterial {
        signing_keys: KeySet::default(),
        ..with(b"two")
    };
    assert!(
        !store
            .swap_key_material(&seen, &late, at(60))
            .await
            .expect("asked"),
        "it isn't what was seen"
    );
    assert_eq!(store.key_material().await.expect("read"), with(b"\x00one"));
    assert_eq!(store.last_change().await.expect("a feed"), last);
    swap(store, &with(b"\x00one"), &with(b"three")).await;
}

async fn a_task_is_one_owners_until_its_time_is_over(store: &dyn Store) {
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    let take = async |owner, now, until| {
        let taken = store.take_lease("task", owner, at(now), at(until));
        taken.await.expect("asked")
    };
    assert!(take(one, 100, 200).await, "it was free");
    assert!(!take(two, 199, 300).await, "it is taken");
    assert!(take(one, 150, 250).await, "prolonged");
    assert!(!take(two, 249, 300).await);
    assert!(take(two, 250, 300).await, "the time is over");
    store.release_lease("task", one).await.expect("no error");
    assert!(!take(one, 260, 400).await, "nobody gives back another's");
    store.release_lease("task", two).await.expect("given back");
    assert!(take(one, 260, 400).await);
    let other = store.take_lease("other", two, at(260), at(400)).await;
    assert!(other.expect("asked"), "each task by itself");
}

async fn swap(store: &dyn Store, seen: &KeyMaterial, new: &KeyMaterial) {
    let swapped = store.swap_key_material(seen, new, at(60)).await;
    assert!(swapped.expect("written"), "it is what was seen");
}

async fn the_feed_tells_every_change_once(store: &dyn Store) {
    let last = store.last_change().await.expect("a feed");
    let all = store.changes_after(0).await.expect("a feed");
    assert_eq!(all.last().map(|change| change.sequence), Some(last));
    assert!(
        all.windows(2)
            .all(|pair| pair[0].sequence < pair[1].sequence),
        "rising"
    );
    assert_eq!(store.changes_after(last).await.expect("a feed"), []);

    let id = client("bare").id;
    store
        .set_status(&id, Status::Disabled, at(1))
        .await
        .expect("disabled");
    store
        .rotate_secret(&id, &secret(2_000), at(2_001))
        .await
        .expect("rotated");
    store.remove_client(&id, at(3)).await.expect("removed");
    let after = store.changes_after(last).await.expect("a feed");
    assert_eq!(after.len(), 3);
    assert!(
        after
            .iter()
            .all(|change| change.sequence > last && change.subject == Subject::Client(id.clone()))
    );
    let keys = all
        .iter()
        .filter(|change| matches!(change.subject, Subject::SigningKey(_)))
        .count();
    assert_eq!(keys, 4, "two made, one changed, one removed");
}

async fn secrets(store: &dyn Store, id: &str) -> Vec<StoredSecret> {
    store
        .client(id)
        .await
        .expect("read")
        .expect("there")
        .secrets
}

fn client(id: &str) -> Client {
    let scope = Scope::parse("cards:read pin").expect("a scope");
    Client::new(ClientId::parse(id).expect("an id"), id, scope)
}

fn audience(text: &str) -> Audience {
    Audience::parse(text).expect("an audience")
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
