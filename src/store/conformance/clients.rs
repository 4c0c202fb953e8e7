//! Clients and their secrets.

use uuid::Uuid;

use super::{at, client, secret};
use crate::store::{SecretUse, Store, StoreError};
use crate::token::{
    Algorithm, Audience, ExpiresInAs, GrantType, Lifetime, Scope, SecretHash, SecretId, Status,
    StoredSecret,
};

pub(super) async fn clients_come_back_as_they_went(store: &dyn Store) {
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

pub(super) async fn an_id_is_taken_once(store: &dyn Store) {
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

pub(super) async fn two_secrets_live_at_once_at_most(store: &dyn Store) {
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

pub(super) async fn uses_are_noted_and_are_no_change(store: &dyn Store) {
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

pub(super) async fn removal_takes_the_secrets_along(store: &dyn Store) {
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

pub(super) async fn who_is_not_there_cannot_be_changed(store: &dyn Store) {
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

async fn secrets(store: &dyn Store, id: &str) -> Vec<StoredSecret> {
    store
        .client(id)
        .await
        .expect("read")
        .expect("there")
        .secrets
}

fn audience(text: &str) -> Audience {
    Audience::parse(text).expect("an audience")
}
