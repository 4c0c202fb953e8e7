//! Signing keys, key material, and tasks.

use uuid::Uuid;

use super::{at, changes_after};
use crate::keys::{KeyMaterial, KeySet, MasterKey, PrivateHalf, StoredKey, Vault};
use crate::store::{Store, Subject};
use crate::token::Algorithm;

pub(super) async fn keys_come_back_as_they_went(store: &dyn Store) {
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
    let changes = changes_after(store, before).await;
    let subjects: Vec<_> = changes.into_iter().map(|change| change.subject).collect();
    assert_eq!(
        subjects,
        [Subject::SigningKey(first.id.clone())],
        "only what differs"
    );
    swap(store, &of(&[&changed, &full]), &of(&[&changed])).await;
    assert_eq!(store.signing_keys().await.expect("read"), [changed]);
}

pub(super) async fn key_material_is_swapped_as_a_whole_or_not_at_all(store: &dyn Store) {
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

pub(super) async fn a_task_is_one_owners_until_its_time_is_over(store: &dyn Store) {
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
    assert!(take(one, 9_000, 9_100).await, "by a clock that is ahead");
    assert!(take(two, 300, 400).await, "nobody waits for that time");
    assert!(
        !take(one, 290, 390).await,
        "one that is a little ahead is right"
    );
}

async fn swap(store: &dyn Store, seen: &KeyMaterial, new: &KeyMaterial) {
    let swapped = store.swap_key_material(seen, new, at(60)).await;
    assert!(swapped.expect("written"), "it is what was seen");
}
