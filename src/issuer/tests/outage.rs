//! The store is gone, for a while or for too long, or refuses writes by this replica.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::watched::{Door, Watched};
use dropshot_chassis::Readiness;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn ten_minutes(config: &mut Config) {
    config.store.max_staleness = 10 * MINUTE;
}

async fn refused(service: &Service, id: &str, secret: &str) -> Refusal {
    service.ask(id, secret).await.unwrap_err()
}

fn is_unavailable(refusal: &Refusal) -> bool {
    refusal.reason == Reason::StoreUnavailable
        && refusal.code() == ErrorCode::TemporarilyUnavailable
        && retry_after(refusal).is_some()
        && !asks_too_much(refusal)
}

fn store_problems(service: &Service) -> (bool, usize) {
    let Readiness { ready, problems } = service.issuer.readiness();
    let of_store = problems.iter().filter(|problem| problem.part == "store");
    (ready, of_store.count())
}

#[tokio::test]
async fn known_clients_go_on_for_a_while_and_nobody_is_called_wrong_meanwhile() {
    let (service, store) = Watched::service(ten_minutes).await;
    let clients = service.installation.clients();
    let new = clients.add(client("new"), None).await.unwrap();
    store.set(Door::Shut);
    service.clock.advance(10 * MINUTE);
    service.issuer.refresh().await.unwrap_err();
    service.ask("d1", &service.secret).await.unwrap();
    for _ in 0..20 {
        for (id, secret) in [
            ("new", new.secret.expose()),
            ("nobody", "x"),
            ("d1", "rotated elsewhere"),
        ] {
            let refusal = refused(&service, id, secret).await;
            let turned_away = matches!(refusal.reason, Reason::TooManyFailures { .. });
            // A credential that is known to be wrong still counts as a failure.
            assert!(
                is_unavailable(&refusal) || (turned_away && id == "d1"),
                "{id} {refusal:?}"
            );
        }
    }
    assert_eq!(store_problems(&service), (true, 1));

    store.set(Door::Open);
    service.ask("new", new.secret.expose()).await.unwrap();
    assert_eq!(
        refused(&service, "nobody", "x").await.reason,
        Reason::UnknownClient
    );
    assert_eq!(store_problems(&service), (true, 0));
}

#[tokio::test]
async fn after_that_nobody_gets_anything_until_the_store_is_back() {
    let (service, store) = Watched::service(ten_minutes).await;
    let mut api = client("api");
    api.may_introspect = true;
    let api = service.add(api, None).await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let presented = |id, secret: &str| PresentedToken {
        asker: request(id, secret).asker,
        token: &issued.access_token,
    };
    store.set(Door::Shut);
    service
        .clock
        .advance(10 * MINUTE + Duration::from_millis(1));
    service.issuer.refresh().await.unwrap_err();
    let refusals = [
        service.ask("d1", &service.secret).await.map(drop),
        service.ask("d1", "wrong").await.map(drop),
        service.ask("nobody", "x").await.map(drop),
        service
            .issuer
            .introspect(presented("api", &api))
            .await
            .map(drop),
        service
            .issuer
            .revoke(presented("d1", &service.secret))
            .await,
    ];
    for refusal in refusals {
        let refusal = refusal.unwrap_err();
        assert!(is_unavailable(&refusal), "{refusal:?}");
    }
    assert_eq!(store_problems(&service), (false, 2));
    let message = service.issuer.readiness().problems[0].message.clone();
    assert!(message.contains("store.max_staleness"), "{message}");
    service.clock.advance(MINUTE);
    let later = service.issuer.readiness().problems[0].message.clone();
    assert_eq!(later, message, "told once");

    store.set(Door::Open);
    let follow = service.issuer.follow();
    let _followed = tokio::time::timeout(Duration::from_millis(500), follow).await;
    assert_eq!(store_problems(&service), (true, 0));
    service.ask("d1", &service.secret).await.unwrap();
    let active = service.issuer.introspect(presented("api", &api)).await;
    assert!(active.unwrap().is_some());
}

#[tokio::test]
async fn without_the_store_no_token_is_called_inactive_that_it_might_know() {
    let (service, store) = Watched::service(ten_minutes).await;
    let mut api = client("api");
    api.may_introspect = true;
    let api = service.add(api, None).await;
    let other = super::keys::replica(&service, |_| ()).await;
    service
        .installation
        .keys()
        .rotate(None, true)
        .await
        .unwrap();
    other.refresh().await.unwrap();
    let by_new_key = other.issue(request("d1", &service.secret)).await.unwrap();
    store.set(Door::Shut);
    let ask = async |token: &str| {
        let asker = request("api", &api).asker;
        service
            .issuer
            .introspect(PresentedToken { asker, token })
            .await
    };
    let refusal = ask(&by_new_key.access_token).await.unwrap_err();
    assert!(is_unavailable(&refusal), "{refusal:?}");
    let asker = request("d1", &service.secret).asker;
    let token = by_new_key.access_token.as_str();
    let revoked = service.issuer.revoke(PresentedToken { asker, token }).await;
    assert!(is_unavailable(&revoked.unwrap_err()));
    assert_eq!(ask("made up").await.unwrap(), None);
    store.set(Door::Open);
    assert!(ask(&by_new_key.access_token).await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_waits_long_for_a_store_that_is_silent() {
    let (service, store) = Watched::service(ten_minutes).await;
    store.set(Door::Silent);
    let begun = Instant::now();
    let (nobody, wrong, right) = tokio::join!(
        service.ask("nobody", "x"),
        service.ask("d1", "wrong"),
        service.ask("d1", &service.secret)
    );
    right.unwrap();
    for refusal in [nobody, wrong] {
        assert!(is_unavailable(&refusal.unwrap_err()));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    store.set(Door::Open);
    assert_eq!(
        refused(&service, "nobody", "x").await.reason,
        Reason::UnknownClient
    );
}

#[tokio::test]
async fn a_store_that_tells_of_changes_is_read_at_once() {
    let (service, store) = Watched::service(ten_minutes).await;
    let told = async {
        let begun = Instant::now();
        for _ in 0..20 {
            let before = store.calls("changes_after");
            store.bell.notify_one();
            while store.calls("changes_after") == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        begun.elapsed()
    };
    tokio::select! {
        () = service.issuer.follow() => unreachable!("it goes on"),
        // Twenty polls take four seconds.
        took = told => assert!(took < Duration::from_secs(2), "{took:?}"),
    }
}

#[tokio::test]
async fn a_replica_that_may_not_write_leaves_that_to_others() {
    let (service, store) = Watched::service(ten_minutes).await;
    let token = service.ask("d1", &service.secret).await.unwrap();
    store.read_only.store(true, Ordering::Relaxed);
    let config = |config: &mut Config| ten_minutes(config);
    service.clock.advance(Duration::from_secs(91 * 24 * 3600));
    let writes = || {
        let names = [
            "swap_key_material",
            "take_lease",
            "record_uses",
            "note_audit_head",
            "forget_revoked_tokens",
        ];
        names.map(|name| store.calls(name))
    };
    let before = writes();
    let replica = super::keys::replica(&service, config).await;
    replica.issue(request("d1", &service.secret)).await.unwrap();
    replica.started().await.unwrap();
    let follow = replica.follow();
    let _followed = tokio::time::timeout(Duration::from_millis(1300), follow).await;
    replica.stopped().await.unwrap();
    assert_eq!(writes(), before);
    assert_eq!(replica.jwks().keys.len(), 1, "{}", token.key_id);
    assert_eq!(store_problems(&service), (false, 1), "nobody polled here");
}

/// The clock steps like that of a machine that had the wrong time for a while. In both directions
/// all clients go on getting tokens, also right after the step.
#[tokio::test]
async fn a_clock_that_steps_refuses_nobody() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let (service, store) = Watched::service(ten_minutes).await;
    let before = service.clock.now();
    for now in [before + DAY, before - DAY, before, before + 100 * DAY] {
        service.clock.set(now);
        // The task that runs once a second starts a key early if no key signs yet, or makes the
        // next key.
        service.issuer.keep_key_schedule().await.unwrap();
        let issued = service.ask("d1", &service.secret).await.unwrap();
        assert_eq!(issued.expires_at.as_second(), now.as_second() + 15 * 60);
        assert_eq!(store_problems(&service), (true, 0));
    }
    // If the store is gone then, the service goes on for as long as without the step.
    store.set(Door::Shut);
    service.clock.set(before - DAY);
    service.ask("d1", &service.secret).await.unwrap();
    service.clock.advance(11 * MINUTE);
    service.clock.set(before);
    let refusal = refused(&service, "d1", &service.secret).await;
    assert!(is_unavailable(&refusal), "{refusal:?}");
}
