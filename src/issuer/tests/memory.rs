//! A service with more clients than fit into memory.

use std::collections::HashMap;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::watched::Watched;
use super::*;
use crate::keys::ClientKeys;
use crate::store::ClientRecord;
use crate::token::{SecretHash, SecretId, StoredSecret};

/// Makes room for 96 clients: the cache has parts of equal size.
fn small(config: &mut Config) {
    config.store.cached_clients = 100;
    config.throttle.enabled = false;
}

/// Imports this many clients, and gives their secrets.
async fn import(service: &Service, number: usize) -> HashMap<String, String> {
    let clients = (0..number).map(|number| to_import(client(&format!("c{number}"))));
    let registry = service.installation.clients();
    let imported = registry
        .import(clients.collect(), false, false)
        .await
        .unwrap();
    let secret = |new: ImportedClient| {
        let secret = new.new_secret.unwrap().expose().to_owned();
        (new.client.id.as_str().to_owned(), secret)
    };
    imported.into_iter().map(secret).collect()
}

fn is_cached(service: &Service, id: &str) -> bool {
    let accounts = &service.issuer.directory.accounts;
    accounts.contains(&id.parse().unwrap())
}

/// Has other clients ask until this client is not in memory any more.
async fn push_out(service: &Service, id: &str, others: &HashMap<String, String>) {
    for _ in 0..20 {
        for (other, secret) in others {
            // A client that asks once doesn't push out a client that asked more often.
            for _ in 0..4 {
                service.ask(other, secret).await.unwrap();
            }
            if !is_cached(service, id) {
                return;
            }
        }
    }
    panic!("{id} stays");
}

#[tokio::test]
async fn ten_thousand_clients_get_tokens_from_a_memory_of_a_hundred() {
    let service = Service::start_with(small).await;
    let clients: Vec<_> = import(&service, 10_000).await.into_iter().collect();
    let accounts = &service.issuer.directory.accounts;
    for some in clients.chunks(250) {
        let asked = some.iter().map(|(id, secret)| service.ask(id, secret));
        for issued in join_all(asked).await {
            issued.unwrap();
        }
        assert!(accounts.len() <= 100, "{accounts:?}");
    }
    assert!(accounts.len() >= 90, "{accounts:?}");
}

#[tokio::test]
async fn made_up_ids_cost_the_store_a_few_looks_however_many_there_are() {
    let (service, store) = Watched::service(small).await;
    let (begun, before) = (Instant::now(), store.all_calls());
    let mut refusals = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        refusals += ask_for(&service, &made_up(200)).await;
    }
    let (took, calls) = (begun.elapsed(), store.all_calls() - before);
    println!("{refusals} refusals, {calls} queries in {took:?}");
    let looks = u32::try_from(took.as_millis() / 5).unwrap() + 1;
    assert!(calls <= 2 * looks, "{calls} queries in {looks} looks");
    assert!(refusals > 5 * calls, "{refusals} refusals, {calls} queries");
    assert_eq!(service.issuer.directory.accounts.len(), 1);
}

#[tokio::test]
async fn an_id_that_nobody_has_is_remembered_for_a_moment() {
    let (service, store) = Watched::service(small).await;
    let ids = made_up(200);
    ask_for(&service, &ids).await;
    let asked = store.calls("clients_named");
    ask_for(&service, &ids).await;
    assert_eq!(store.calls("clients_named"), asked);
    service.clock.advance(Duration::from_secs(10));
    ask_for(&service, &ids[..1]).await;
    assert_eq!(store.calls("clients_named"), asked + 1);
}

fn made_up(number: usize) -> Vec<String> {
    (0..number).map(|_| Uuid::new_v4().to_string()).collect()
}

/// Asks for all of these ids at once. Gives the number of refusals.
async fn ask_for(service: &Service, nobodies: &[String]) -> u32 {
    let asked = nobodies.iter().map(|id| service.ask(id, "x"));
    let mut refusals = 0;
    for refused in join_all(asked).await {
        assert_eq!(refused.unwrap_err().reason, Reason::UnknownClient);
        refusals += 1;
    }
    refusals
}

#[tokio::test]
async fn a_client_in_memory_costs_the_store_nothing() {
    let (service, store) = Watched::service(small).await;
    let before = store.all_calls();
    for _ in 0..100 {
        service.ask("d1", &service.secret).await.unwrap();
    }
    assert_eq!(store.all_calls(), before);
}

#[tokio::test]
async fn who_was_unknown_a_moment_ago_is_known_at_its_first_request() {
    let service = Service::start().await;
    assert_eq!(
        service.reason(request("late", "x")).await,
        Reason::UnknownClient
    );
    let clients = service.installation.clients();
    let added = clients.add(client("late"), None).await.unwrap();
    let issued = service.ask("late", added.secret.expose()).await;
    issued.expect("nobody polled");
    clients.remove(&added.client.id).await.unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        service.reason(request("late", added.secret.expose())).await,
        Reason::UnknownClient
    );
}

#[tokio::test]
async fn what_is_changed_of_a_client_that_is_not_in_memory_is_in_force() {
    let service = Service::start_with(small).await;
    let mut others = import(&service, 300).await;
    let secret = others.remove("c0").unwrap();
    service.ask("c0", &secret).await.unwrap();
    let (clients, id) = (service.installation.clients(), "c0".parse().unwrap());

    push_out(&service, "c0", &others).await;
    clients.disable(&id, TokensThen::Revoked).await.unwrap();
    assert_eq!(
        service.reason(request("c0", &secret)).await,
        Reason::ClientDisabled
    );
    push_out(&service, "c0", &others).await;
    clients.enable(&id).await.unwrap();
    let rotated = clients.rotate_secret(&id, None, Duration::ZERO, true);
    let rotated = rotated.await.unwrap();
    assert_eq!(
        service.reason(request("c0", &secret)).await,
        Reason::WrongSecret
    );
    service.ask("c0", rotated.secret.expose()).await.unwrap();
    push_out(&service, "c0", &others).await;
    clients.remove(&id).await.unwrap();
    assert_eq!(
        service.reason(request("c0", rotated.secret.expose())).await,
        Reason::UnknownClient
    );
}

/// A client `signer` with a key, which makes the client's assertions.
struct Signer(Ed25519KeyPair);

impl Signer {
    async fn added_to(service: &Service) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        let keys = ClientKeys::parse(&jwk.to_string()).unwrap();
        let clients = service.installation.clients();
        clients.add_with_keys(client("signer"), keys).await.unwrap();
        Self(pair)
    }

    fn assertion(&self, service: &Service) -> String {
        let claims = json!({
            "iss": "signer",
            "sub": "signer",
            "aud": "http://127.0.0.1:8080/authz/d1/v1",
            "jti": Uuid::new_v4(),
            "exp": service.clock.now().as_second() + 300,
        });
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(json!({ "alg": "EdDSA" })), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

async fn with_assertion(service: &Service, assertion: &str) -> Result<IssuedToken, Refusal> {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let mut request = request("signer", "x");
    request.asker.credential = Credential::from_assertion(Some(kind), Some(assertion));
    service.issuer.issue(request).await
}

#[tokio::test]
async fn an_assertion_is_used_once_also_when_its_client_was_evicted() {
    let service = Service::start_with(small).await;
    let others = import(&service, 300).await;
    let signer = Signer::added_to(&service).await;
    let used = signer.assertion(&service);
    with_assertion(&service, &used).await.unwrap();
    for _ in 0..3 {
        push_out(&service, "signer", &others).await;
        let again = with_assertion(&service, &used).await.unwrap_err();
        assert_eq!(again.reason.name(), "assertion_replayed");
        let another = signer.assertion(&service);
        with_assertion(&service, &another).await.unwrap();
    }

    let clients = service.installation.clients();
    let show = clients.show(&"signer".parse().unwrap()).await.unwrap();
    clients.remove(&show.client.id).await.unwrap();
    service.issuer.refresh().await.unwrap();
    let again = clients.add_with_keys(show.client, show.keys.unwrap());
    again.await.unwrap();
    let again = with_assertion(&service, &used).await.unwrap_err();
    assert_eq!(again.reason.name(), "assertion_replayed");
}

#[tokio::test]
async fn a_client_that_was_evicted_asks_no_more_often_for_it() {
    let service = Service::start_with(small).await;
    let others = import(&service, 300).await;
    let mut limited = client("limited");
    limited.rate = Some("1/h".parse().unwrap());
    let secret = service.add(limited, None).await;
    service.ask("limited", &secret).await.unwrap();
    push_out(&service, "limited", &others).await;
    let reason = service.reason(request("limited", &secret)).await;
    assert!(
        matches!(reason, Reason::TooManyRequests { .. }),
        "{reason:?}"
    );
}

/// A client whose chosen secrets are unproven. Nobody knows the secrets.
fn with_chosen(id: &str, secrets: usize) -> ClientRecord {
    let secret = || StoredSecret {
        id: SecretId(Uuid::new_v4()),
        hash: SecretHash::Argon2id("$argon2id$x".into()),
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
    };
    ClientRecord {
        secrets: (0..secrets).map(|_| secret()).collect(),
        ..ClientRecord::new(client(id), Timestamp::UNIX_EPOCH)
    }
}

#[tokio::test]
async fn chosen_secrets_are_counted_while_they_fit_and_cost_the_most_otherwise() {
    let service = Service::start_with(small).await;
    let (store, accounts) = (
        service.installation.store(),
        &service.issuer.directory.accounts,
    );
    let now = service.clock.now();
    let others = import(&service, 300).await;
    assert_eq!(runs(accounts.costly_checks(now)), 0);
    let chosen: Vec<_> = (0..96)
        .map(|number| with_chosen(&format!("chosen-{number}"), 1))
        .collect();
    store.add_clients(&chosen).await.unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(runs(accounts.costly_checks(now)), 1);
    for (id, secret) in &others {
        service.ask(id, secret).await.unwrap();
    }
    for record in &chosen {
        assert!(is_cached(&service, record.client.id.as_str()), "it is held");
    }
    assert!(accounts.len() <= 2 * 96);

    store.add_clients(&[with_chosen("more", 1)]).await.unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        runs(accounts.costly_checks(now)),
        2,
        "anybody may be one of them"
    );
    let restarted = super::keys::replica(&service, small).await;
    assert_eq!(runs(restarted.directory.accounts.costly_checks(now)), 2);
}

#[tokio::test]
async fn until_chosen_secrets_are_read_a_failure_costs_the_most() {
    let service = Service::start().await;
    let store = service.installation.store();
    store
        .add_clients(&[with_chosen("chosen", 1)])
        .await
        .unwrap();
    let mut config = config(service.folder.path());
    config.audit.path = service.folder.path().join("audit-2");
    let clock = service.clock.clone();
    let installation = Installation::on(store.clone(), &config, clock)
        .await
        .unwrap();
    let issuer = Issuer::open(&installation, &config).await.unwrap();
    let (accounts, now) = (&issuer.directory.accounts, service.clock.now());
    assert_eq!((accounts.len(), runs(accounts.costly_checks(now))), (0, 2));
    issuer.directory.fill(now).await.unwrap();
    assert_eq!((accounts.len(), runs(accounts.costly_checks(now))), (2, 1));
    assert_eq!(issuer.directory.number_of_clients(), Some(2));
}

#[tokio::test]
async fn the_follower_reads_clients_before_they_ask_and_counts_the_others() {
    let service = Service::start_with(small).await;
    import(&service, 300).await;
    let issuer = super::keys::replica(&service, |config| {
        small(config);
        config.audit.path = service.folder.path().join("audit-3");
    });
    let issuer = issuer.await;
    let cached = issuer.directory.accounts.len();
    // Not all 96 need to be there. Chance decides which part of the cache a client goes to, and
    // each part has room for six.
    assert!((64..=96).contains(&cached), "{cached}");
    assert_eq!(issuer.directory.number_of_clients(), None);
    issuer.directory.count_clients().await.unwrap();
    assert_eq!(issuer.directory.number_of_clients(), Some(301));
}

/// The feed's last entry is another one, as after a restore from a backup.
#[tokio::test]
async fn after_the_store_was_put_back_clients_are_read_again() {
    let service = Service::start().await;
    let secret = service.add(client("gone"), None).await;
    let signer = Signer::added_to(&service).await;
    service.issuer.refresh().await.unwrap();
    let used = signer.assertion(&service);
    with_assertion(&service, &used).await.unwrap();
    let url = format!(
        "sqlite:{}",
        service.folder.path().join("store.db").display()
    );
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    for statement in [
        "DELETE FROM clients WHERE id = 'gone'",
        "UPDATE changes SET mark = mark + 1 WHERE sequence = (SELECT max(sequence) FROM changes)",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    service.issuer.refresh().await.unwrap();
    assert_eq!(service.issuer.directory.accounts.len(), 0);
    assert_eq!(
        service.reason(request("gone", &secret)).await,
        Reason::UnknownClient
    );
    service.ask("d1", &service.secret).await.unwrap();
    let again = with_assertion(&service, &used).await.unwrap_err();
    assert_eq!(again.reason.name(), "assertion_replayed");
    let now = service.clock.now();
    service.issuer.directory.fill(now).await.unwrap();
    assert_eq!(
        runs(service.issuer.directory.accounts.costly_checks(now)),
        0
    );
    assert_eq!(service.issuer.directory.number_of_clients(), Some(2));
}
