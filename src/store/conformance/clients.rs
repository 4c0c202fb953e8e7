//! Clients and their secrets.

use dropshot_chassis::identity::Network;

use super::secrets::secrets;
use super::{add, at, client, record, secret};
use crate::keys::ClientKeys;
use crate::store::{ClientRecord, Store, StoreError, TokensThen};
use crate::token::{
    Algorithm, Audience, AuthMethod, ExpiresInAs, GrantType, Lifetime, Scope, SecretHash, Status,
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
