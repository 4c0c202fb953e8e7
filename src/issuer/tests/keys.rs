//! Signing keys in a running service: rotation, revocation, algorithms.

use std::collections::BTreeSet;

use super::*;
use crate::keys::{MasterKey, VerifiedToken};
use crate::token::Algorithm;

/// A second replica on the same store. It has its own trail.
pub(super) async fn replica(service: &Service, set: impl FnOnce(&mut Config)) -> Issuer {
    let mut config = config(service.folder.path());
    config.audit.path = service.folder.path().join("audit-2");
    set(&mut config);
    opened(service.installation.store(), &config, &service.clock).await
}

fn verified(service: &Service, token: &str, jwks: &Jwks) -> Result<VerifiedToken, VerifyError> {
    let expected = Expected {
        issuer: None,
        audience: None,
        now: service.clock.now(),
    };
    verify(token, jwks, &expected)
}

fn kid(service: &Service, token: &str) -> String {
    let verified = verified(service, token, &service.issuer.jwks());
    verified.unwrap().kid
}

/// Two replicas take turns, each up to a second behind the store. Keys change every ten seconds.
/// Four verifiers keep the JWK set for as long as its `Cache-Control` allows, and don't fetch it in
/// between.
#[tokio::test]
async fn verifiers_that_cache_the_key_set_never_meet_an_unknown_key() {
    let fast = |config: &mut Config| {
        config.keys.rotation = Duration::from_secs(10);
        config.keys.publish_ahead = Duration::from_secs(5);
    };
    let service = Service::start_with(fast).await;
    let replica = replica(&service, fast).await;
    let replicas = [&service.issuer, &replica];
    let max_age = service.issuer.jwks_max_age();
    assert_eq!(max_age, Duration::from_secs(5));
    let mut caches: Vec<(Timestamp, Jwks)> = Vec::new();
    let (mut kids, mut tokens) = (BTreeSet::new(), Vec::new());
    for step in 0..900_usize {
        service.clock.advance(Duration::from_millis(200));
        let now = service.clock.now();
        // Each replica looks at the store once a second. The two look at different times.
        for (turn, replica) in [(0, replicas[0]), (3, replicas[1])] {
            if step % 5 == turn {
                replica.refresh().await.unwrap();
                replica.keep_key_schedule().await.unwrap();
            }
        }
        for verifier in 0..4 {
            let from = replicas[(step + verifier) % 2];
            match caches.get_mut(verifier) {
                None => caches.push((now, from.jwks())),
                Some((fetched, set)) if *fetched + max_age <= now => {
                    (*fetched, *set) = (now, from.jwks());
                }
                Some(_) => {}
            }
        }
        let issued = replicas[step % 2]
            .issue(request("d1", &service.secret))
            .await
            .unwrap();
        for (_, set) in &caches {
            let kid = verified(&service, &issued.access_token, set).unwrap().kid;
            kids.insert(kid);
        }
        tokens.push(issued.access_token);
    }
    assert!((17..=19).contains(&kids.len()), "180 s: {}", kids.len());
    for token in &tokens {
        verified(&service, token, &replica.jwks()).expect("retained while its tokens live");
    }
    let keys = service.installation.store().signing_keys().await.unwrap();
    assert!(
        keys.len() <= kids.len() + 1,
        "one replica at a time made them"
    );
}

#[tokio::test]
async fn the_schedule_is_one_replicas_until_it_is_done_or_its_time_is_over() {
    let service = Service::start().await;
    let store = service.installation.store();
    service.clock.advance(Duration::from_secs(90 * 24 * 3600));
    let (now, other) = (service.clock.now(), uuid::Uuid::new_v4());
    let lease = Duration::from_secs(10);
    assert!(
        store
            .take_lease("key schedule", other, now, now + lease)
            .await
            .unwrap()
    );
    service.issuer.keep_key_schedule().await.unwrap();
    assert_eq!(
        service.issuer.jwks().keys.len(),
        1,
        "another replica is at it"
    );
    service.clock.advance(lease);
    service.issuer.keep_key_schedule().await.unwrap();
    assert_eq!(service.issuer.jwks().keys.len(), 2, "that one died over it");
    let now = service.clock.now();
    assert!(
        store
            .take_lease("key schedule", other, now, now)
            .await
            .unwrap(),
        "given back when it was done"
    );
}

#[tokio::test]
async fn a_revoked_key_is_gone_at_once_and_so_are_its_tokens() {
    let service = Service::start().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let leaked = kid(&service, &issued.access_token);
    let changed = service
        .installation
        .keys()
        .revoke(&leaked, Some("backup lost"))
        .await
        .unwrap();
    assert_eq!(changed.len(), 2, "it, and its successor");
    assert!(!service.issuer.is_key_revoked(&leaked), "not read yet");
    service.issuer.refresh().await.unwrap();
    assert!(service.issuer.is_key_revoked(&leaked));
    assert!(matches!(
        verified(&service, &issued.access_token, &service.issuer.jwks()),
        Err(VerifyError::UnknownKey(_))
    ));
    let issued = service.ask("d1", &service.secret).await.unwrap();
    assert_ne!(kid(&service, &issued.access_token), leaked);

    upkeep::record_changed_keys(&service.issuer).await;
    let records = service.records().await;
    let changes: Vec<_> = records
        .iter()
        .filter(|record| record["event"] == "key.changed")
        .collect();
    let revoked = changes.iter().find(|record| record["state"] == "revoked");
    assert_eq!(revoked.unwrap()["kid"], leaked.as_str());
    assert_eq!(revoked.unwrap()["reason"], "backup lost");
    assert_eq!(changes.len(), 3, "made, revoked, followed: {records:?}");
}

#[tokio::test]
async fn the_first_key_is_in_the_trail_after_the_start() {
    let service = Service::start().await;
    service.issuer.started().await.unwrap();
    let records = service.records().await;
    assert_eq!(records[0]["event"], "service.started");
    assert_eq!(
        (&records[1]["event"], &records[1]["state"]),
        (&"key.changed".into(), &"signing".into())
    );
    assert_eq!(records[1]["alg"], "ES256");
}

#[tokio::test]
async fn each_client_gets_its_algorithm_and_its_key_is_there_before_it_is() {
    let service = Service::start().await;
    for algorithm in Algorithm::ALL {
        let mut set = client(algorithm.as_str());
        set.token_algorithm = Some(*algorithm);
        let secret = service.add(set, None).await;
        let issued = service.ask(algorithm.as_str(), &secret).await.unwrap();
        let jwks = service.issuer.jwks();
        let verified = verified(&service, &issued.access_token, &jwks).unwrap();
        assert_eq!(verified.alg, *algorithm);
    }
    assert_eq!(service.issuer.jwks().keys.len(), Algorithm::ALL.len());
    let changed = service
        .installation
        .keys()
        .rotate(None, true)
        .await
        .unwrap();
    assert_eq!(
        changed.len(),
        2 * Algorithm::ALL.len(),
        "one of each, and who it follows"
    );
}

#[tokio::test]
async fn another_default_algorithm_waits_until_verifiers_know_its_key() {
    let service = Service::start().await;
    let replica = replica(&service, |config| config.token.algorithm = Algorithm::EdDsa).await;
    let alg = async || {
        let issued = replica.issue(request("d1", &service.secret)).await.unwrap();
        verified(&service, &issued.access_token, &replica.jwks())
            .unwrap()
            .alg
    };
    assert_eq!(replica.jwks().keys.len(), 2, "published");
    assert_eq!(alg().await, Algorithm::Es256, "by the key that there is");
    service.clock.advance(Duration::from_secs(24 * 3600 + 2));
    assert_eq!(alg().await, Algorithm::EdDsa);
}

#[tokio::test]
async fn another_master_key_opens_everything_and_the_old_one_nothing() {
    let service = Service::start().await;
    let config = config(service.folder.path());
    let new = service.folder.path().join("new.key");
    let done = rotate_master_key(&config, &new, &*service.clock)
        .await
        .unwrap();
    assert_eq!(done, MasterKeyRotation::Done { signing_keys: 1 });
    let done = rotate_master_key(&config, &new, &*service.clock)
        .await
        .unwrap();
    assert_eq!(done, MasterKeyRotation::DoneBefore, "as after a crash");

    // The running service goes on. It makes no key that the new master key can't open, and says
    // what to do.
    service.issuer.refresh().await.unwrap();
    service.ask("d1", &service.secret).await.unwrap();
    let readiness = service.issuer.readiness();
    assert!(readiness.ready, "{readiness:?}");
    assert!(
        readiness.problems[0]
            .message
            .contains("restart the service")
    );
    service.clock.advance(Duration::from_secs(90 * 24 * 3600));
    service.issuer.keep_key_schedule().await.unwrap_err();
    assert_eq!(service.issuer.jwks().keys.len(), 1);

    let error = Installation::open(&config, service.clock.clone())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("sealed under"), "{error}");
    std::fs::rename(&new, &config.keys.master_key_file).unwrap();
    let Service {
        folder,
        clock,
        issuer,
        secret,
        ..
    } = service;
    issuer.stopped().await.unwrap();
    drop(issuer);
    let installation = Installation::open(&config, clock).await.unwrap();
    let issuer = super::start::reopened(&installation, folder.path()).await;
    issuer
        .issue(request("d1", &secret))
        .await
        .expect("secrets are hashed as before");
    assert_eq!(issuer.jwks().keys.len(), 2, "what was due is done");
}

#[tokio::test]
async fn a_master_key_is_changed_only_with_the_old_one_and_for_all_or_nothing() {
    let service = Service::start().await;
    let config = config(service.folder.path());
    let store = service.installation.store();
    let before = store.key_material().await.unwrap();
    let rotate = async || {
        let new = service.folder.path().join("new.key");
        let done = rotate_master_key(&config, &new, &*service.clock).await;
        assert_eq!(
            store.key_material().await.unwrap(),
            before,
            "nothing changed"
        );
        done.unwrap_err().to_string()
    };
    let file = &config.keys.master_key_file;
    let key = std::fs::read(file).unwrap();
    std::fs::remove_file(file).unwrap();
    assert!(rotate().await.contains("does not exist"));
    MasterKey::create(file).unwrap();
    assert!(rotate().await.contains("not the one"));
    std::fs::write(file, key).unwrap();
    std::fs::write(service.folder.path().join("new.key"), "short").unwrap();
    assert!(rotate().await.contains("does not hold 32 bytes"));
}
