//! The first start, several at once, and a restart.

use super::*;

#[tokio::test]
async fn a_restart_serves_the_same_clients_and_keys() {
    let service = Service::start().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    let Service {
        folder,
        clock,
        installation,
        issuer,
        secret,
    } = service;
    issuer.stopped().await.unwrap();
    drop(issuer);
    installation.store().close().await;
    let installation = Installation::open(&config(folder.path()), clock.clone())
        .await
        .unwrap();
    let issuer = reopened(&installation, folder.path()).await;
    let expected = Expected {
        issuer: None,
        audience: None,
        now: clock.now(),
    };
    verify(&issued.access_token, &issuer.jwks(), &expected).unwrap();
    assert_eq!(issuer.jwks().keys.len(), 1);
    issuer.issue(request("d1", &secret)).await.unwrap();

    drop(issuer);
    std::fs::remove_file(folder.path().join("master.key")).unwrap();
    let error = Installation::open(&config(folder.path()), clock.clone())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not exist, and the store already holds keys"),
        "{error}"
    );
    crate::keys::MasterKey::create(&folder.path().join("master.key")).unwrap();
    let error = Installation::open(&config(folder.path()), clock)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not the one that this store's keys are sealed under"),
        "{error}"
    );
}

#[tokio::test]
async fn several_processes_that_start_for_the_first_time_agree() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_second(NOW).unwrap()));
    let open = |_| {
        let (config, clock) = (config(folder.path()), clock.clone());
        tokio::spawn(async move {
            let installation = Installation::open(&config, clock).await.unwrap();
            installation.keys().keep_schedule().await.unwrap();
            installation
        })
    };
    let tasks: Vec<_> = (0..6).map(open).collect();
    let mut installations = Vec::new();
    for task in tasks {
        installations.push(task.await.unwrap());
    }
    assert_eq!(
        installations[0].store().signing_keys().await.unwrap().len(),
        1
    );
    let added = installations[0]
        .clients()
        .add(client("d1"), None)
        .await
        .unwrap();
    let config = config(folder.path());
    let issuer = Issuer::open(&installations[5], &config).await.unwrap();
    issuer
        .issue(request("d1", added.secret.expose()))
        .await
        .expect("all hash with one key");
}

/// Opens the issuer again. The writer of the audit trail releases the trail's lock a moment after
/// the issuer is dropped.
pub(super) async fn reopened(installation: &Installation, folder: &Path) -> Issuer {
    for _ in 0..200 {
        if let Ok(issuer) = Issuer::open(installation, &config(folder)).await {
            issuer.directory.fill(issuer.clock.now()).await.unwrap();
            return issuer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the trail stays locked");
}

#[tokio::test]
async fn no_file_holds_a_secret_or_a_token() {
    let service = Service::start().await;
    let chosen = "a chosen secret, 42";
    service.add(client("chosen"), Some(chosen)).await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    service.ask("chosen", chosen).await.unwrap();
    service.issuer.stopped().await.unwrap();
    let mut bytes = 0;
    for folder in [
        service.folder.path().to_owned(),
        service.folder.path().join("audit"),
    ] {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if !path.is_file() {
                continue;
            }
            let content = std::fs::read(&path).unwrap();
            bytes += content.len();
            for secret in [chosen, &service.secret, &issued.access_token] {
                let found = content
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                assert!(!found, "{path:?}");
            }
        }
    }
    assert!(bytes > 10_000, "the store was among them");
}
