//! Secrets of clients: two live ones at most, and when each was last used.

use uuid::Uuid;

use super::{add, at, client, secret};
use crate::store::{ClientUse, Store, StoreError};
use crate::token::{SecretId, StoredSecret};

pub(super) async fn two_secrets_live_at_once_at_most(store: &dyn Store) {
    let (one, id) = (secret(1_000), client("rotated").id);
    add(store, &client("rotated"), &one).await.expect("added");
    let two = secret(2_000);
    store
        .rotate_secret(&id, &two, at(5_000), true)
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
    let before = store.last_change().await.expect("a feed");
    let refused = store.rotate_secret(&id, &three, at(6_000), false).await;
    let error = refused.expect_err("the first is promised until 5,000");
    assert!(
        matches!(error, StoreError::SecretPromised { until, .. } if until == at(5_000)),
        "{error}"
    );
    assert_eq!(secrets(store, "rotated").await.len(), 2, "nothing changed");
    assert_eq!(store.last_change().await.expect("a feed"), before);
    store
        .rotate_secret(&id, &three, at(6_000), true)
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
        .rotate_secret(&id, &four, at(4_000), true)
        .await
        .expect("rotated");
    assert_eq!(
        secrets(store, "rotated").await,
        std::slice::from_ref(&four),
        "no overlap: nothing older is left, not even what would have lived on"
    );

    let five = secret(5_000);
    store
        .rotate_secret(&id, &five, at(5_100), true)
        .await
        .expect("rotated");
    let six = secret(5_050);
    store
        .rotate_secret(&id, &six, at(99_000), true)
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
        .rotate_secret(&id, &seven, at(150_000), true)
        .await
        .expect("rotated");
    let kept = secrets(store, "rotated").await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].expires_at, Some(at(150_000)));
    let eight = secret(120_000);
    store
        .rotate_secret(&id, &eight, at(900_000), true)
        .await
        .expect("rotated");
    assert_eq!(
        secrets(store, "rotated").await[0].expires_at,
        Some(at(200_000)),
        "an overlap never prolongs"
    );
}

pub(super) async fn uses_are_noted_and_are_no_change(store: &dyn Store) {
    let before = store.last_change().await.expect("a feed");
    let id = secrets(store, "full").await[0].id;
    let full_id = client("full").id;
    let used = |second, host: &str| ClientUse {
        client_id: full_id.clone(),
        secret: Some(id),
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
    let unknown = ClientUse {
        client_id: client("nobody").id,
        secret: Some(SecretId(Uuid::new_v4())),
        ..used(8_000, "::1")
    };
    store
        .record_uses(&[unknown, used(9_000, "::2")])
        .await
        .expect("who is gone is no error");
    let full = &secrets(store, "full").await[0];
    assert_eq!(full.last_used_at, Some(at(9_000)), "the others are noted");
    let without_secret = ClientUse {
        secret: None,
        ..used(9_500, "::3")
    };
    let last = [without_secret, used(9_100, "::2")];
    store.record_uses(&last).await.expect("noted");
    let full = store.client("full").await.expect("read").expect("there");
    assert_eq!(full.last_used_at, Some(at(9_500)));
    assert_eq!(
        full.last_used_from,
        Some("::3".parse().expect("an address"))
    );
    assert_eq!(full.secrets[0].last_used_at, Some(at(9_100)));
    assert_eq!(store.last_change().await.expect("a feed"), before);
}

pub(super) async fn secrets(store: &dyn Store, id: &str) -> Vec<StoredSecret> {
    store
        .client(id)
        .await
        .expect("read")
        .expect("there")
        .secrets
}
