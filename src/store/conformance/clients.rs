//! Clients and their secrets.

use uuid::Uuid;

use super::{add, at, client, record, secret};
use crate::keys::ClientKeys;
use crate::store::{ClientRecord, ClientUse, Store, StoreError, TokensThen};
use crate::token::{
    Algorithm, Audience, AuthMethod, ExpiresInAs, GrantType, Lifetime, Network, Scope, SecretHash,
    SecretId, Status, StoredSecret,
};

pub(super) async fn clients_come_back_as_they_went(store: &dyn Store) {
    let mut full = client("full");
    full.name = "Ünïcode \"quoted\" 'name'; --".into();
    full.status = Status::Disabled;
    full.audiences = vec![audience("https://a.example"), audience("urn:b,\"c\"")];
    full.grants = vec![GrantType::ClientCredentials];
    full.expires_in_as = ExpiresInAs::Number;
    full.may_introspect = true;
    full.networks = vec![network("10.0.0.0/8"), network("2001:db8::/32")];
    full.rate = Some("20/s".parse().expect("a rate"));
    full.expires_at = Some(at(99_000));
    full.token_lifetime = Some(Lifetime::MAX);
    full.token_algorithm = Some(Algorithm::Ps256);
    full.contact = Some("ops@bank.example".into());
    full.note = Some("line\nline".into());
    let chosen = StoredSecret {
        hash: SecretHash::Argon2id("$argon2id$x".into()),
        ..secret(1_000)
    };
    add(store, &full, &chosen).await.expect("added");
    let mut bare = client("bare");
    bare.scope = Scope::default();
    bare.grants = Vec::new();
    bare.token_algorithm = Some(Algorithm::Es256);
    let keyed = StoredSecret {
        expires_at: Some(at(9_999)),
        ..secret(1_500)
    };
    add(store, &bare, &keyed).await.expect("added");

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
    assert_eq!(algorithms, [Algorithm::Es256, Algorithm::Ps256].into());
    assert_eq!(store.number_of_clients().await.expect("counted"), 2);
    let chosen = store.clients_with_chosen_secrets(None, 9);
    assert_eq!(chosen.await.expect("read"), std::slice::from_ref(&record));
    assert_eq!(all[1], record);
    assert_eq!(
        store.client("Full").await.expect("read"),
        None,
        "ids are compared byte by byte"
    );

    store
        .set_status(&full.id, Status::Enabled, TokensThen::Kept, at(2_000))
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
    let error = add(store, &client("full"), &secret(3_000))
        .await
        .expect_err("taken");
    assert!(matches!(error, StoreError::ClientExists(id) if id.as_str() == "full"));
    assert_eq!(
        store.client("full").await.expect("read"),
        before,
        "nothing changed"
    );
}

pub(super) async fn clients_are_added_all_or_none(store: &dyn Store) {
    let before = store.clients().await.expect("read");
    let last = store.last_change().await.expect("a feed");
    let two = ["new", "full"].map(|id| record(&client(id), &secret(3_000)));
    let error = store.add_clients(&two).await.expect_err("one is taken");
    assert!(matches!(error, StoreError::ClientExists(id) if id.as_str() == "full"));
    assert_eq!(store.clients().await.expect("read"), before);
    assert_eq!(store.last_change().await.expect("a feed"), last);
}

pub(super) async fn many_are_read_by_name(store: &dyn Store) {
    let ids: Vec<_> = (0..1200).map(|number| format!("many-{number}")).collect();
    let records: Vec<_> = ids
        .iter()
        .map(|id| {
            let mut record = record(&client(id), &secret(1_000));
            record.secrets.push(secret(2_000));
            record
        })
        .collect();
    store.add_clients(&records).await.expect("added");
    let mut names: Vec<_> = records
        .iter()
        .map(|record| record.client.id.clone())
        .collect();
    names.push(client("nobody").id);
    let mut read = store.clients_named(&names).await.expect("read");
    let by_number = |record: &ClientRecord| {
        let (_, number) = record.client.id.as_str().split_once('-').expect("a dash");
        number.parse::<u32>().expect("a number")
    };
    read.sort_by_key(by_number);
    assert_eq!(read, records);
    assert_eq!(store.clients_named(&[]).await.expect("read"), []);
}

pub(super) async fn many_are_read_in_parts_by_id(store: &dyn Store) {
    let chosen = |created_at| StoredSecret {
        hash: SecretHash::Argon2id("$argon2id$x".into()),
        ..secret(created_at)
    };
    let records: Vec<_> = (0..30)
        .map(|number| {
            let mut record = record(&client(&format!("Chosen-{number}")), &chosen(1_000));
            record.secrets.push(chosen(2_000));
            record
        })
        .collect();
    store.add_clients(&records).await.expect("added");
    let all = store.clients().await.expect("read");
    let has_chosen = |record: &&ClientRecord| {
        let mut secrets = record.secrets.iter();
        secrets.any(|secret| secret.hash.is_chosen())
    };
    let with_chosen: Vec<_> = all.iter().filter(has_chosen).cloned().collect();
    assert!(with_chosen.len() > 30 && all.len() > 1200);

    let (mut read, mut last) = (Vec::new(), None);
    loop {
        let part = store.clients_after(last.as_ref(), 400);
        let part = part.await.expect("read");
        let Some(end) = part.last() else { break };
        assert!(part.len() <= 400);
        last = Some(end.client.id.clone());
        read.extend(part);
    }
    assert_eq!(read, all, "each once, by id");
    let (mut read, mut last) = (Vec::new(), None);
    loop {
        let part = store.clients_with_chosen_secrets(last.as_ref(), 7);
        let part = part.await.expect("read");
        let Some(end) = part.last() else { break };
        assert!(part.len() <= 7);
        last = Some(end.client.id.clone());
        read.extend(part);
    }
    assert_eq!(read, with_chosen, "each once, by id");
}

pub(super) async fn a_change_leaves_secrets_and_status_alone(store: &dyn Store) {
    let (secret, mut changed) = (secret(1_000), client("changed"));
    add(store, &changed, &secret).await.expect("added");
    store
        .set_status(&changed.id, Status::Disabled, TokensThen::Kept, at(1_500))
        .await
        .expect("disabled");
    changed.name = "another".into();
    changed.auth_method = AuthMethod::PrivateKeyJwt;
    changed.networks = vec![network("192.0.2.1/32")];
    changed.note = Some("moved".into());
    let one = keys("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let change = ClientRecord {
        keys: Some(one.clone()),
        secrets: Vec::new(),
        created_at: at(7_000),
        changed_at: at(2_000),
        ..record(&changed, &secret)
    };
    store.change_client(&change).await.expect("changed");
    changed.status = Status::Disabled;
    let read = store.client("changed").await.expect("read");
    let expected = ClientRecord {
        keys: Some(one),
        changed_at: at(2_000),
        keeps_tokens: true,
        ..record(&changed, &secret)
    };
    assert_eq!(read, Some(expected));
    store
        .remove_client(&changed.id, at(3_000))
        .await
        .expect("removed");
}

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

pub(super) async fn removal_takes_the_secrets_along(store: &dyn Store) {
    let gone = client("gone");
    add(store, &gone, &secret(1_000)).await.expect("added");
    store
        .remove_client(&gone.id, at(2_000))
        .await
        .expect("removed");
    assert_eq!(store.client("gone").await.expect("read"), None);
    add(store, &gone, &secret(3_000))
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
        store
            .set_status(&nobody, Status::Enabled, TokensThen::Kept, at(1))
            .await,
        store.revoke_tokens_of(&nobody, at(1)).await.map(drop),
        store
            .change_client(&record(&client("nobody"), &secret(1)))
            .await,
        store
            .rotate_secret(&nobody, &secret(1), at(2), true)
            .await
            .map(drop),
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

fn network(text: &str) -> Network {
    text.parse().expect("a network")
}

fn keys(x: &str) -> ClientKeys {
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    ClientKeys::parse(&jwk).expect("a public key")
}

fn audience(text: &str) -> Audience {
    Audience::parse(text).expect("an audience")
}
