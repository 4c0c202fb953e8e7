//! Three replicas share one store. A change on one comes into force on the others.

use std::time::{Duration, Instant};

use d1_authz::admin::Installation;
use d1_authz::store::TokensThen;
use d1_authz::token::{Client, ClientId, Scope};

use super::{Load, administration, number, percentile};
use crate::harness::{GRANT, Postgres, Service, Setup, basic};

const KINDS: [&str; 4] = ["added", "disabled", "rotated", "revoked"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_notifications_a_change_is_in_force_everywhere_within_a_second() {
    let postgres = Postgres::start();
    let setup = Setup::on(&postgres.database("three"));
    let times = converge(setup, "postgresql, with notifications").await;
    assert!(times < Duration::from_secs(1), "{times:?}");
}

/// SQLite sends no notifications, so the replicas learn of changes by polling every 200 ms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_notifications_the_poll_finds_out() {
    let times = converge(Setup::empty(), "sqlite, polled").await;
    assert!(times < Duration::from_secs(1), "{times:?}");
}

/// Makes changes on one replica after the other, under load. Gives the 99th percentile of the times
/// until the slowest of the others follows.
async fn converge(setup: Setup, what: &str) -> Duration {
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    setup.add("cards-api", "123", &["--allow", "introspect"]);
    let installation = administration(&setup).await;
    let replicas = [setup.replica(), setup.replica(), setup].map(Setup::start);
    let loads = replicas
        .each_ref()
        .map(|replica| Load::on(replica, 2, Duration::from_millis(20)));
    let mut times = Vec::new();
    for change in 0..number("CHANGES", 24) {
        let (on, kind) = (change as usize % 3, KINDS[change as usize % 4]);
        let others = replicas
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != on);
        let others: Vec<_> = others.map(|(_, replica)| replica).collect();
        times.push(spread(&installation, &replicas[on], &others, kind, change).await);
    }
    for load in loads {
        let seen = load.end().await;
        assert_eq!(seen.refused, 0);
        assert!(seen.tokens.len() > 10, "no load: {}", seen.tokens.len());
    }
    let [half, most] = [50, 99].map(|percent| percentile(&mut times, percent));
    println!(
        "{what}: {} changes, in force on the slowest of two others after {half:.0?} (median), {most:.0?} (p99)",
        times.len()
    );
    most
}

/// Makes a change, and gives the time until it is in force on all the others.
async fn spread(
    installation: &Installation,
    on: &Service,
    others: &[&Service],
    kind: &str,
    number: u32,
) -> Duration {
    let id = format!("client-{number}");
    let client_id = ClientId::parse(&id).unwrap();
    let clients = installation.clients();
    let client = Client::new(client_id.clone(), &id, Scope::default());
    if kind == "added" {
        let secret = clients.add(client, None).await.unwrap().secret;
        let credential = basic(&id, secret.expose());
        return until(others, async |other| {
            other.token(&credential, GRANT).await.status == 200
        })
        .await;
    }
    let secret = clients.add(client, None).await.unwrap().secret;
    let credential = basic(&id, secret.expose());
    let token = on.token(&credential, GRANT).await.access_token();
    until(others, async |other| {
        other.token(&credential, GRANT).await.status == 200
    })
    .await;
    match kind {
        "disabled" => {
            clients
                .disable(&client_id, TokensThen::Revoked)
                .await
                .unwrap();
            until(others, async |other| {
                other.token(&credential, GRANT).await.status == 401
            })
            .await
        }
        "rotated" => {
            let rotated = clients
                .rotate_secret(&client_id, None, Duration::ZERO, true)
                .await;
            let new = basic(&id, rotated.unwrap().secret.expose());
            until(others, async |other| {
                other.token(&new, GRANT).await.status == 200
                    && other.token(&credential, GRANT).await.status == 401
            })
            .await
        }
        _ => {
            on.revoke(&credential, &token).await.revoked();
            let api = basic("cards-api", "123");
            until(others, async |other| {
                let said = other.introspect(&api, &token).await;
                said.json()["active"] == false
            })
            .await
        }
    }
}

async fn until(others: &[&Service], is_so: impl AsyncFn(&Service) -> bool) -> Duration {
    let began = Instant::now();
    for other in others {
        while !is_so(other).await {
            assert!(began.elapsed() < Duration::from_secs(20), "never in force");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    began.elapsed()
}
