//! How changes by administrators come into force, and what the service says about its state.

use dropshot_chassis::Readiness;

use super::*;

#[tokio::test]
async fn what_administrators_do_is_in_force_after_the_next_poll() {
    let service = Service::start().await;
    let (clients, d1) = (
        service.installation.clients(),
        ClientId::parse("d1").unwrap(),
    );
    clients.disable(&d1, TokensThen::Revoked).await.unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        service.reason(request("d1", &service.secret)).await,
        Reason::ClientDisabled
    );
    clients.enable(&d1).await.unwrap();
    service.issuer.refresh().await.unwrap();
    service.ask("d1", &service.secret).await.unwrap();

    let rotated = clients
        .rotate_secret(&d1, None, Duration::from_secs(60), true)
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    service
        .ask("d1", &service.secret)
        .await
        .expect("the old one, within the overlap");
    service
        .ask("d1", rotated.secret.expose())
        .await
        .expect("the new one");
    service.clock.advance(Duration::from_secs(60));
    assert_eq!(
        service.reason(request("d1", &service.secret)).await,
        Reason::WrongSecret
    );
    service
        .ask("d1", rotated.secret.expose())
        .await
        .expect("the new one");

    clients.remove(&d1).await.unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        service.reason(request("d1", rotated.secret.expose())).await,
        Reason::UnknownClient
    );
}

#[tokio::test]
async fn the_follower_applies_changes_by_itself_and_reports_uses() {
    let service = Service::start().await;
    service.ask("d1", &service.secret).await.unwrap();
    let d1 = ClientId::parse("d1").unwrap();
    service
        .installation
        .clients()
        .disable(&d1, TokensThen::Revoked)
        .await
        .unwrap();
    let follow = service.issuer.follow();
    let _followed = tokio::time::timeout(Duration::from_millis(500), follow).await;
    assert_eq!(service.issuer.readiness().problems, []);
    assert_eq!(
        service.reason(request("d1", &service.secret)).await,
        Reason::ClientDisabled
    );
    let secret = service
        .installation
        .clients()
        .show(&d1)
        .await
        .unwrap()
        .secrets
        .remove(0);
    assert_eq!(secret.last_used_at.map(Timestamp::as_second), Some(NOW));
    assert_eq!(secret.last_used_from, Some("192.0.2.7".parse().unwrap()));
}

#[tokio::test]
async fn a_disk_that_hangs_keeps_no_change_from_being_heard_of() {
    let mut service = Service::start().await;
    service.issuer.records.trail = Trail::stuck();
    let disabled = async {
        // The service doesn't fill its memory at the first look, which comes before everything
        // else.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let d1 = ClientId::parse("d1").unwrap();
        service
            .installation
            .clients()
            .disable(&d1, TokensThen::Revoked)
            .await
            .unwrap();
        let directory = &service.issuer.directory;
        while directory.accounts.get("d1").unwrap().is_enabled() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let disabled = tokio::time::timeout(Duration::from_secs(20), disabled);
    tokio::select! {
        () = service.issuer.follow() => unreachable!("it goes on"),
        heard = disabled => heard.expect("it is heard of"),
    }
}

#[tokio::test]
async fn readiness_says_what_is_wrong() {
    let service = Service::start().await;
    assert_eq!(
        service.issuer.readiness(),
        Readiness {
            ready: true,
            problems: Vec::new()
        }
    );
    service.installation.store().close().await;
    service.issuer.refresh().await.unwrap_err();
    let readiness = service.issuer.readiness();
    assert!(
        readiness.ready && readiness.problems[0].part == "store",
        "{readiness:?}"
    );
    service
        .ask("d1", &service.secret)
        .await
        .expect("known clients go on without the store");
}
