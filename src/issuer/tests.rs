//! The pipeline over a real store in a temporary folder, with the time standing still.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;
use crate::clock::ManualClock;
use crate::config::Config;
use crate::keys::{Expected, VerifyError, verify};
use crate::token::{
    Client, ClientId, ClientSecret, Credential, CredentialError, ErrorCode, ExpiresInAs,
};

const NOW: i64 = 1_700_000_000;

struct Service {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    installation: Installation,
    issuer: Issuer,
    secret: String,
}

impl Service {
    /// With a client `d1` that may have `a b`.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(NOW).unwrap() + Duration::from_millis(711);
        let clock = Arc::new(ManualClock::at(now));
        let installation = Installation::open(&config(folder.path()), clock.clone())
            .await
            .unwrap();
        let added = installation
            .clients()
            .add(client("d1"), None)
            .await
            .unwrap();
        let issuer = installation.issuer(&config(folder.path())).await.unwrap();
        Self {
            folder,
            clock,
            installation,
            issuer,
            secret: added.secret.expose().into(),
        }
    }

    async fn ask(&self, id: &str, secret: &str) -> Result<IssuedToken, Refusal> {
        self.issuer.issue(request(id, secret)).await
    }

    async fn reason(&self, request: TokenRequest<'_>) -> Reason {
        self.issuer.issue(request).await.unwrap_err().reason
    }

    async fn add(&self, client: Client, chosen: Option<&str>) -> String {
        let chosen = chosen.map(|text| ClientSecret::parse(text).unwrap());
        let added = self
            .installation
            .clients()
            .add(client, chosen)
            .await
            .unwrap();
        self.issuer.refresh().await.unwrap();
        added.secret.expose().into()
    }

    async fn records(&self) -> Vec<Value> {
        self.issuer.trail.flush(self.clock.now()).await.unwrap();
        let text =
            std::fs::read_to_string(self.folder.path().join("audit/decisions.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn config(folder: &Path) -> Config {
    Config::quickstart(folder, "127.0.0.1:8080".parse().unwrap(), "/authz/d1/v1").unwrap()
}

fn client(id: &str) -> Client {
    Client::new(id.parse().unwrap(), id, Scope::parse("a b").unwrap())
}

fn request<'a>(id: &str, secret: &str) -> TokenRequest<'a> {
    let header = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    TokenRequest {
        credential: Credential::from_basic(header.as_bytes()),
        client_id: None,
        grant_type: Some("client_credentials"),
        scope: None,
        origin: Origin {
            source: "192.0.2.7".parse().unwrap(),
            correlation_id: Some("corr-1"),
        },
    }
}

#[tokio::test]
async fn a_good_request_gets_a_token_that_verifies() {
    let service = Service::start().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    assert_eq!(issued.expires_in, Lifetime::DEFAULT);
    assert_eq!(
        issued.expires_at.to_string(),
        "2023-11-14T22:28:20Z",
        "the second the request came in, and 900 more"
    );
    assert_eq!(
        (issued.scope.as_str(), issued.expires_in_as),
        ("a b", ExpiresInAs::String)
    );
    let name = "http://127.0.0.1:8080/authz/d1/v1";
    let expected = Expected {
        issuer: Some(name),
        audience: Some(name),
        now: service.clock.now(),
    };
    let verified = verify(&issued.access_token, &service.issuer.jwks(), &expected).unwrap();
    assert_eq!(verified.claims["sub"], "d1");
    assert_eq!(verified.claims["client_id"], "d1");
    assert_eq!(verified.claims["scope"], "a b");
    assert_eq!(verified.claims["iat"], NOW);
    assert_eq!(verified.claims["exp"], issued.expires_at.as_second());
    let later = Expected {
        now: issued.expires_at,
        ..expected
    };
    assert!(matches!(
        verify(&issued.access_token, &service.issuer.jwks(), &later),
        Err(VerifyError::Expired(_))
    ));

    let again = service.ask("d1", &service.secret).await.unwrap();
    assert_ne!(again.token_id, issued.token_id, "jti is unique");
    assert!(!format!("{issued:?}").contains(&issued.access_token));
}

#[tokio::test]
async fn what_a_client_is_set_to_shows_in_its_tokens() {
    let service = Service::start().await;
    let mut set = client("set");
    set.audiences = vec![
        "https://one.example".parse().unwrap(),
        "https://two.example".parse().unwrap(),
    ];
    set.token_lifetime = Some(Lifetime::from_secs(60).unwrap());
    set.expires_in_as = ExpiresInAs::Number;
    let secret = service.add(set, None).await;
    let issued = service.ask("set", &secret).await.unwrap();
    assert_eq!(
        (issued.expires_in.as_secs(), issued.expires_in_as),
        (60, ExpiresInAs::Number)
    );
    let expected = Expected {
        issuer: None,
        audience: Some("https://two.example"),
        now: service.clock.now(),
    };
    let verified = verify(&issued.access_token, &service.issuer.jwks(), &expected).unwrap();
    assert_eq!(
        verified.claims["aud"],
        serde_json::json!(["https://one.example", "https://two.example"])
    );
}

#[tokio::test]
async fn every_refusal_has_the_error_of_rfc_6749_and_its_true_reason() {
    let service = Service::start().await;
    let mut no_grant = client("no-grant");
    no_grant.grants = Vec::new();
    let no_grant_secret = service.add(no_grant, None).await;
    let good = || request("d1", &service.secret);
    let cases = [
        (
            TokenRequest {
                credential: Err(CredentialError::Missing),
                ..good()
            },
            ErrorCode::InvalidClient,
            "no_credential",
        ),
        (
            TokenRequest {
                credential: Err(CredentialError::Repeated),
                ..good()
            },
            ErrorCode::InvalidRequest,
            "repeated_authorization_header",
        ),
        (
            TokenRequest {
                credential: Err(CredentialError::TwoMethods),
                ..good()
            },
            ErrorCode::InvalidRequest,
            "two_authentication_methods",
        ),
        (
            request("d2", &service.secret),
            ErrorCode::InvalidClient,
            "unknown_client",
        ),
        (
            request("d1", "wrong"),
            ErrorCode::InvalidClient,
            "wrong_secret",
        ),
        (
            request("D1", &service.secret),
            ErrorCode::InvalidClient,
            "unknown_client",
        ),
        (
            TokenRequest {
                client_id: Some("d2"),
                ..good()
            },
            ErrorCode::InvalidRequest,
            "client_id_mismatch",
        ),
        (
            TokenRequest {
                grant_type: None,
                ..good()
            },
            ErrorCode::InvalidRequest,
            "grant_missing",
        ),
        (
            TokenRequest {
                grant_type: Some("password"),
                ..good()
            },
            ErrorCode::UnsupportedGrantType,
            "grant_unknown",
        ),
        (
            request("no-grant", &no_grant_secret),
            ErrorCode::UnauthorizedClient,
            "grant_not_allowed",
        ),
        (
            TokenRequest {
                scope: Some("a c"),
                ..good()
            },
            ErrorCode::InvalidScope,
            "scope_not_allowed",
        ),
        (
            TokenRequest {
                scope: Some("a  b"),
                ..good()
            },
            ErrorCode::InvalidScope,
            "scope_malformed",
        ),
    ];
    for (request, code, name) in cases {
        let refusal = service.issuer.issue(request).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.reason.name()), (code, name));
        let record = service.records().await.pop().unwrap();
        assert_eq!(
            (&record["event"], &record["reason"]),
            (&"token.refused".into(), &name.into())
        );
        assert_eq!(record["error"], code.as_str());
    }
    let narrowed = TokenRequest {
        scope: Some("b"),
        client_id: Some("d1"),
        ..good()
    };
    assert_eq!(
        service.issuer.issue(narrowed).await.unwrap().scope.as_str(),
        "b"
    );
}

#[tokio::test]
async fn the_trail_names_the_token_and_holds_neither_it_nor_a_secret() {
    let service = Service::start().await;
    let issued = service.ask("d1", &service.secret).await.unwrap();
    service.ask("d1", "a-wrong-secret").await.unwrap_err();
    service.ask(&service.secret, "x").await.unwrap_err();
    let records = service.records().await;
    assert_eq!(records[0]["jti"], *issued.token_id);
    assert_eq!(
        records[0]["kid"],
        service.issuer.jwks().keys[0].common.key_id.clone().unwrap()
    );
    assert_eq!(
        (&records[0]["source"], &records[0]["correlation_id"]),
        (&"192.0.2.7".into(), &"corr-1".into())
    );
    let text = format!("{records:?}");
    for secret in [
        issued.access_token.as_str(),
        &service.secret,
        "a-wrong-secret",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_administrators_do_is_in_force_after_the_next_poll() {
    let service = Service::start().await;
    let (clients, d1) = (
        service.installation.clients(),
        ClientId::parse("d1").unwrap(),
    );
    clients.disable(&d1).await.unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        service.reason(request("d1", &service.secret)).await,
        Reason::ClientDisabled
    );
    clients.enable(&d1).await.unwrap();
    service.issuer.refresh().await.unwrap();
    service.ask("d1", &service.secret).await.unwrap();

    let rotated = clients
        .rotate_secret(&d1, None, Duration::from_secs(60))
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
    service.installation.clients().disable(&d1).await.unwrap();
    let follow = service.issuer.follow(|fault| panic!("{fault:?}"));
    let _followed = tokio::time::timeout(Duration::from_millis(500), follow).await;
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
async fn a_chosen_secret_is_costly_once_and_then_as_fast_as_any() {
    let service = Service::start().await;
    service.add(client("is_tbank01"), Some("123")).await;
    let view = || service.issuer.directory.view();
    let now = service.clock.now();
    assert_eq!(view().costly_checks(now), 1);
    assert_eq!(
        service.reason(request("is_tbank01", "124")).await,
        Reason::WrongSecret
    );
    assert_eq!(
        service.reason(request("nobody", "123")).await,
        Reason::UnknownClient
    );
    assert_eq!(view().costly_checks(now), 1, "nobody has proven it yet");
    service.ask("is_tbank01", "123").await.unwrap();
    assert_eq!(view().costly_checks(now), 0);
    service.ask("is_tbank01", "123").await.unwrap();
    assert_eq!(
        service.reason(request("is_tbank01", "124")).await,
        Reason::WrongSecret
    );

    let id = ClientId::parse("is_tbank01").unwrap();
    let clients = service.installation.clients();
    clients
        .rotate_secret(
            &id,
            Some(ClientSecret::parse("456").unwrap()),
            Duration::from_secs(9),
        )
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(view().costly_checks(now), 1, "the proven one stays proven");
    service.ask("is_tbank01", "123").await.unwrap();
    service.ask("is_tbank01", "456").await.unwrap();
    assert_eq!(view().costly_checks(now), 0);

    clients
        .add(client("idle"), Some(ClientSecret::parse("789").unwrap()))
        .await
        .unwrap();
    clients
        .disable(&ClientId::parse("idle").unwrap())
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    assert_eq!(
        view().costly_checks(now),
        0,
        "one that can't be used costs nobody anything"
    );
}

#[tokio::test]
async fn form_encoded_chosen_secrets_work_and_never_name_another_client() {
    let service = Service::start().await;
    service.add(client("bank@example"), Some("s+/= ü")).await;
    for (id, secret) in [
        ("bank@example", "s+/= ü"),
        ("bank%40example", "s%2B%2F%3D+%C3%BC"),
        ("bank%40example", "s%2B/=%20ü"),
    ] {
        service
            .ask(id, secret)
            .await
            .unwrap_or_else(|refusal| panic!("{id} {secret}: {refusal:?}"));
    }
    assert_eq!(
        service.reason(request("bank%40example", "s+/= ü")).await,
        Reason::WrongSecret,
        "decoded, it is another"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_costly_guesses_is_turned_away_and_fast_clients_go_on() {
    let service = Arc::new(Service::start().await);
    service.add(client("chosen"), Some("123")).await;
    let guess = |number: u32| {
        let service = service.clone();
        tokio::spawn(async move {
            service
                .reason(request("chosen", &format!("guess {number}")))
                .await
        })
    };
    let guesses: Vec<_> = (0..100).map(guess).collect();
    let fast =
        tokio::time::timeout(Duration::from_secs(5), service.ask("d1", &service.secret)).await;
    fast.expect("in time").expect("a token");
    let mut reasons = Vec::new();
    for guess in guesses {
        reasons.push(guess.await.unwrap());
    }
    let turned_away = reasons
        .iter()
        .filter(|reason| **reason == Reason::TooManyVerifications)
        .count();
    assert!(turned_away >= 20, "{turned_away} of 100");
    assert_eq!(
        reasons
            .iter()
            .filter(|reason| **reason == Reason::WrongSecret)
            .count(),
        100 - turned_away
    );
    service.ask("chosen", "123").await.expect("afterwards");
}

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
            .contains("not the one that this store was made with"),
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
            installation
                .ensure_signing_key(config.token.algorithm)
                .await
                .unwrap();
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
    let issuer = installations[5]
        .issuer(&config(folder.path()))
        .await
        .unwrap();
    issuer
        .issue(request("d1", added.secret.expose()))
        .await
        .expect("all hash with one key");
}

#[tokio::test]
async fn without_its_record_no_token_leaves() {
    let mut service = Service::start().await;
    service.issuer.trail = Trail::stopped();
    let refusal = service.ask("d1", &service.secret).await.unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.reason),
        (ErrorCode::TemporarilyUnavailable, Reason::AuditUnavailable)
    );
    assert!(refusal.retry_after.is_some());
    assert_eq!(
        service.reason(request("d1", "wrong")).await,
        Reason::WrongSecret
    );
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

#[tokio::test]
async fn who_fails_learns_nothing_from_the_time_it_takes() {
    let service = Service::start().await;
    let disabled = service.add(client("disabled"), None).await;
    service
        .installation
        .clients()
        .disable(&"disabled".parse().unwrap())
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    let wrong = ClientSecret::generate();
    let cases = [
        ("nobody", wrong.expose()),
        ("d1", wrong.expose()),
        ("disabled", disabled.as_str()),
    ];
    // In turns, so that what disturbs the machine disturbs all three.
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..1_000 {
        for (times, (id, secret)) in times.iter_mut().zip(cases) {
            let request = request(id, secret);
            let start = std::time::Instant::now();
            service.issuer.issue(request).await.unwrap_err();
            times.push(start.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_nanos()
    });
    println!("{medians:?}");
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(most - least <= least / 5, "{medians:?} ns");
}

/// The audit trail's lock is let go of by its writer, a moment after the issuer is dropped.
async fn reopened(installation: &Installation, folder: &Path) -> Issuer {
    for _ in 0..200 {
        if let Ok(issuer) = installation.issuer(&config(folder)).await {
            return issuer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the trail stays locked");
}
