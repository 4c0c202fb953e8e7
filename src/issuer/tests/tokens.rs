//! What happens to a token after it is issued: introspection and revocation.

use super::*;

fn presented<'a>(id: &str, secret: &str, token: &'a str) -> PresentedToken<'a> {
    let mut asker = request(id, secret).asker;
    asker.origin.correlation_id = Some("corr-2");
    PresentedToken { asker, token }
}

/// A service with a client `api` that may introspect, and that client's secret.
async fn service() -> (Service, String) {
    let service = Service::start().await;
    let mut api = client("api");
    api.may_introspect = true;
    let secret = service.add(api, None).await;
    (service, secret)
}

async fn is_active(issuer: &Issuer, api: &str, token: &str) -> bool {
    let answer = issuer.introspect(presented("api", api, token)).await;
    answer.unwrap().is_some()
}

#[tokio::test]
async fn a_token_is_active_until_the_second_it_says() {
    let (service, api) = service().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    let answer = service.issuer.introspect(presented("api", &api, token));
    let said = answer.await.unwrap().unwrap();
    assert_eq!(said.token_id, *issued.token_id);
    assert_eq!(said.expires_at, issued.expires_at.as_second());
    let left = issued.expires_at.duration_since(service.clock.now());
    let left = left.unsigned_abs();
    service.clock.advance(left - Duration::from_millis(1));
    assert!(is_active(&service.issuer, &api, token).await);
    service.clock.advance(Duration::from_millis(1));
    assert!(!is_active(&service.issuer, &api, token).await);
}

#[tokio::test]
async fn a_clients_tokens_end_with_it() {
    let (service, api) = service().await;
    let mut brief = client("brief");
    brief.expires_at = Some(service.clock.now() + Duration::from_secs(60));
    let secret = service.add(brief, None).await;
    let issued = service.ask("brief", &secret).await.unwrap();
    service.clock.advance(Duration::from_secs(59));
    assert!(is_active(&service.issuer, &api, &issued.access_token).await);
    service.clock.advance(Duration::from_secs(1));
    assert!(!is_active(&service.issuer, &api, &issued.access_token).await);
}

#[tokio::test]
async fn another_replica_knows_of_a_revocation_once_it_has_read_the_feed() {
    let (service, api) = service().await;
    let replica = super::keys::replica(&service, |_| ()).await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    let view = replica.directory.view();
    let revoke = service
        .issuer
        .revoke(presented("d1", &service.secret, token));
    revoke.await.unwrap();
    assert!(!is_active(&service.issuer, &api, token).await, "at once");
    assert!(is_active(&replica, &api, token).await, "not read yet");
    replica.refresh().await.unwrap();
    assert!(!is_active(&replica, &api, token).await);
    assert!(
        Arc::ptr_eq(&view, &replica.directory.view()),
        "clients and keys are as they were"
    );
    let third = super::keys::replica(&service, |config| {
        config.audit.path = service.folder.path().join("audit-3");
    });
    assert!(
        !is_active(&third.await, &api, token).await,
        "read at the start"
    );
}

/// Otherwise the token would be called revoked although it is not.
#[tokio::test]
async fn a_token_of_a_key_or_a_client_that_is_new_is_known_to_every_replica() {
    let (service, api) = service().await;
    let replica = super::keys::replica(&service, |_| ()).await;
    let keys = service.installation.keys();
    keys.rotate(None, true).await.unwrap();
    service.issuer.refresh().await.unwrap();
    let issued = service.ask("d1", &service.secret).await.unwrap();
    assert!(is_active(&replica, &api, &issued.access_token).await);

    keys.rotate(None, true).await.unwrap();
    service.issuer.refresh().await.unwrap();
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    let revoke = replica.revoke(presented("d1", &service.secret, token));
    revoke.await.unwrap();
    assert!(!is_active(&replica, &api, token).await);

    let secret = service.add(client("new"), None).await;
    let issued = service.ask("new", &secret).await.unwrap();
    assert!(is_active(&replica, &api, &issued.access_token).await);
}

#[tokio::test]
async fn a_revocation_is_forgotten_after_its_token() {
    let (service, api) = service().await;
    let store = service.installation.store();
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    let revoke = || {
        let request = presented("d1", &service.secret, token);
        service.issuer.revoke(request)
    };
    revoke().await.unwrap();
    let last = store.last_change().await.unwrap();
    let kept = async || {
        let now = service.clock.now();
        service
            .issuer
            .directory
            .revocations
            .forget_expired(now)
            .await
            .unwrap();
        store.tokens_revoked_after(0).await.unwrap().len()
    };
    service.clock.advance(Duration::from_secs(900));
    assert_eq!(kept().await, 1, "another replica's clock may be behind");
    service.clock.advance(Duration::from_secs(300));
    assert_eq!(kept().await, 0);
    assert!(
        !is_active(&service.issuer, &api, token).await,
        "it has expired"
    );
    revoke().await.unwrap();
    assert_eq!(kept().await, 0, "what has expired isn't kept again");
    assert_eq!(store.last_change().await.unwrap(), last, "nor told again");
}

#[tokio::test]
async fn the_trail_has_who_revoked_what_and_not_the_token() {
    let (service, _) = service().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    for (client, secret, token) in [
        ("d1", "wrong", token),
        ("d1", &service.secret, "x"),
        ("d1", &service.secret, token),
    ] {
        let _refused = service
            .issuer
            .revoke(presented(client, secret, token))
            .await;
    }
    let records = service.records().await;
    let [_, refused, revoked] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(
        (&refused["event"], &refused["reason"]),
        (&"revocation.refused".into(), &"wrong_secret".into())
    );
    assert_eq!(
        (&revoked["event"], &revoked["jti"]),
        (&"token.revoked".into(), &(*issued.token_id).into())
    );
    assert_eq!(revoked["client_id"], "d1");
    assert_eq!(revoked["correlation_id"], "corr-2");
    assert!(!format!("{records:?}").contains(token));
}

#[tokio::test]
async fn a_revocation_that_cannot_be_recorded_is_in_force_and_may_be_tried_again() {
    let (mut service, api) = service().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    let trail = std::mem::replace(&mut service.issuer.records.trail, Trail::stopped());
    let revoke = async |service: &Service| {
        let request = presented("d1", &service.secret, token);
        service.issuer.revoke(request).await
    };
    let refusal = revoke(&service).await.unwrap_err();
    assert_eq!(refusal.reason, Reason::AuditUnavailable);
    assert!(retry_after(&refusal).is_some());
    assert!(!is_active(&service.issuer, &api, token).await);
    service.issuer.records.trail = trail;
    revoke(&service).await.unwrap();
    let records = service.records().await;
    assert_eq!(records.last().unwrap()["event"], "token.revoked");
}

/// RFC 7009 2.2.1: a 503 tells the client that the token still exists.
#[tokio::test]
async fn without_the_store_nothing_is_revoked_and_known_tokens_are_still_told() {
    let (service, api) = service().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let token = issued.access_token.as_str();
    service.installation.store().close().await;
    let request = presented("d1", &service.secret, token);
    let refusal = service.issuer.revoke(request).await.unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.reason),
        (ErrorCode::TemporarilyUnavailable, Reason::StoreUnavailable)
    );
    assert!(!asks_too_much(&refusal));
    assert!(is_active(&service.issuer, &api, token).await);
}

#[tokio::test]
async fn who_asks_about_tokens_is_paced_like_who_asks_for_them() {
    let two = 2.try_into().unwrap();
    let rate = crate::config::ClientRate {
        per_second: two,
        burst: two,
    };
    let service = Service::start_with(|config| config.throttle.client_rate = Some(rate)).await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let revoke = || {
        let request = presented("d1", &service.secret, &issued.access_token);
        service.issuer.revoke(request)
    };
    revoke().await.unwrap();
    let refusal = revoke().await.unwrap_err();
    assert!(matches!(refusal.reason, Reason::TooManyRequests { .. }));
    assert!(asks_too_much(&refusal));
}
