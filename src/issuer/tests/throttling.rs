//! Callers that guess secrets, and the callers that must not suffer because of them.

use super::*;

const HOME: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.1";

/// Whether the service refused without a look at the credential.
fn is_turned_away(result: &Result<IssuedToken, Refusal>) -> bool {
    matches!(result, Err(refusal) if asks_too_much(refusal))
}

#[tokio::test]
async fn guesses_from_elsewhere_are_turned_away_and_the_client_never_is() {
    let service = Service::start().await;
    service.add(client("chosen"), Some("123")).await;
    service.ask_from(HOME, "chosen", "123").await.unwrap();
    let mut looked_at = 0;
    for guess in 0..20_000 {
        let guessed = service
            .ask_from(ELSEWHERE, "chosen", &format!("guess {guess}"))
            .await;
        looked_at += u32::from(!is_turned_away(&guessed));
        if guess % 100 == 0 {
            service.ask_from(HOME, "chosen", "123").await.unwrap();
        }
    }
    assert_eq!(looked_at, 11);
    let turned_away = service.ask_from(ELSEWHERE, "chosen", "123").await;
    assert!(is_turned_away(&turned_away), "not even with the right one");
    let refusal = turned_away.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::TemporarilyUnavailable);
    assert_eq!(retry_after(&refusal), Some(Duration::from_secs(1)));
    service.clock.advance(Duration::from_secs(1));
    service.ask_from(ELSEWHERE, "chosen", "123").await.unwrap();
}

#[tokio::test]
async fn a_secret_that_nobody_guesses_is_taken_at_any_time() {
    let service = Service::start().await;
    let wrong = ClientSecret::generate();
    while !is_turned_away(&service.ask("d1", wrong.expose()).await) {}
    service.ask("d1", &service.secret).await.unwrap();
    let after = service.ask("d1", wrong.expose()).await.unwrap_err();
    assert_eq!(after.reason, Reason::WrongSecret, "and forgives what was");
}

#[tokio::test]
async fn unknown_and_disabled_clients_are_throttled_like_any() {
    let service = Service::start().await;
    service.add(client("off"), None).await;
    let off = "off".parse().unwrap();
    service
        .installation
        .clients()
        .disable(&off, TokensThen::Revoked)
        .await
        .unwrap();
    service.issuer.refresh().await.unwrap();
    for id in ["off", "nobody", "d1"] {
        let mut codes = Vec::new();
        for _ in 0..12 {
            codes.push(service.ask(id, "wrong").await.unwrap_err().code().as_str());
        }
        assert_eq!(codes[..11], ["invalid_client"; 11], "{id}");
        assert_eq!(codes[11], "temporarily_unavailable", "{id}");
    }
}

#[tokio::test]
async fn one_request_with_two_readings_counts_once() {
    let service = Service::start().await;
    for _ in 0..11 {
        assert_eq!(
            service.reason(request("d1", "two%20readings")).await,
            Reason::WrongSecret
        );
    }
    assert!(is_turned_away(&service.ask("d1", "two%20readings").await));
}

#[tokio::test]
async fn requests_that_guess_nothing_count_for_nothing() {
    let service = Service::start().await;
    for _ in 0..1000 {
        let unreadable = without(CredentialError::Missing, request("d1", "x"));
        service.reason(unreadable).await;
        let scope = TokenRequest {
            scope: Some("c"),
            ..request("d1", &service.secret)
        };
        service.reason(scope).await;
    }
    assert_eq!(
        service.reason(request("d1", "wrong")).await,
        Reason::WrongSecret
    );
}

#[tokio::test]
async fn the_trail_counts_those_turned_away_without_a_line_for_each() {
    let service = Service::start().await;
    for _ in 0..11 + 1000 {
        service.ask("nobody", "wrong").await.unwrap_err();
    }
    service.issuer.stopped().await.unwrap();
    let records = service.records().await;
    let count = |reason| records.iter().filter(|r| r["reason"] == reason).count();
    assert_eq!(count("unknown_client"), 11);
    let turned_away: Vec<_> = records
        .iter()
        .filter(|record| record["reason"] == "too_many_failures")
        .collect();
    // The first refusals have a record each. The others share one.
    assert_eq!(turned_away.len(), 32 + 1);
    let number = |record: &&serde_json::Value| record["count"].as_u64().unwrap_or(1);
    assert_eq!(turned_away.iter().map(number).sum::<u64>(), 1000);
    assert_eq!(turned_away.last().unwrap()["turned_away"], 1000);
}

/// The first requests with a chosen secret come all at once, while another source keeps the costly
/// checks busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_login_is_not_turned_away_by_a_flood_from_elsewhere() {
    let service = Arc::new(Service::start().await);
    service.add(client("chosen"), Some("123")).await;
    let ask = |source: String, id: String, secret: String| {
        let service = service.clone();
        tokio::spawn(async move { service.ask_from(&source, &id, &secret).await })
    };
    let flood: Vec<_> = (0..500)
        .map(|guess| ask(ELSEWHERE.into(), format!("c{guess}"), "wrong".into()))
        .collect();
    let first: Vec<_> = (0..50)
        .map(|_| ask(HOME.into(), "chosen".into(), "123".into()))
        .collect();
    for login in first {
        login.await.unwrap().expect("a token");
    }
    let generated = service.ask("d1", &service.secret).await;
    generated.expect("a generated secret needs no turn");
    let mut refused = 0;
    for guess in flood {
        let reason = guess.await.unwrap().unwrap_err().reason;
        refused += u32::from(reason == Reason::TooManyVerifications);
    }
    assert!(refused >= 400, "{refused} of 500 were turned away at once");
}

#[tokio::test]
async fn where_a_secret_was_used_before_a_restart_is_home() {
    let service = Service::start().await;
    service.add(client("chosen"), Some("123")).await;
    service.ask_from(HOME, "chosen", "123").await.unwrap();
    service.issuer.stopped().await.unwrap();
    let Service {
        folder,
        installation,
        issuer,
        ..
    } = service;
    drop(issuer);
    let issuer = super::start::reopened(&installation, folder.path()).await;
    let account = issuer.directory.accounts.get("chosen").unwrap();
    let from = |text: &str| account.was_used_from(text.parse::<std::net::IpAddr>().unwrap().into());
    assert!(from(HOME) && !from(ELSEWHERE));
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let service = Service::start_with(|config| {
        config.throttle.client_rate = Some(crate::config::ClientRate {
            per_second: 1.try_into().unwrap(),
            burst: 2.try_into().unwrap(),
        });
    })
    .await;
    for _ in 0..2 {
        service.ask("d1", &service.secret).await.unwrap();
    }
    let refusal = service.ask("d1", &service.secret).await.unwrap_err();
    assert!(asks_too_much(&refusal));
    assert_eq!(retry_after(&refusal), Some(Duration::from_secs(1)));
    assert_eq!(
        service.reason(request("d1", "wrong")).await,
        Reason::WrongSecret,
        "guesses use up nothing of it"
    );
}
