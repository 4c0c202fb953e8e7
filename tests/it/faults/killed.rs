//! kill -9 at random moments, under load. Nothing that a caller got an answer for is lost.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::load::{Load, Seen};
use super::number;
use crate::harness::{D1, GRANT, Postgres, Service, Setup, basic, parts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_sqlite() {
    nothing_is_lost(Setup::empty(), number("KILLS", 6), "sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_postgresql() {
    let postgres = Postgres::start();
    let setup = Setup::on(&postgres.database("killed"));
    nothing_is_lost(setup, number("KILLS", 6), "postgresql").await;
}

/// What a caller got an answer for, so it must outlast the kills.
#[derive(Default)]
struct Told {
    tokens: BTreeSet<String>,
    revoked: BTreeSet<String>,
    /// Tokens whose revocation got no answer. The store may have it or not.
    uncertain: BTreeSet<String>,
    clients: Vec<String>,
}

async fn nothing_is_lost(setup: Setup, kills: u32, what: &str) {
    let mut setup = setup.with_durable_audit();
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    setup.add("cards-api", "123", &["--allow", "introspect"]);
    let mut told = Told::default();
    let mut random = u64::from(std::process::id());
    for kill in 0..kills {
        let service = setup.start();
        let load = Load::on(&service, 4, Duration::ZERO);
        // A linear congruential generator is random enough to choose a moment.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let life = Duration::from_millis(100 + (random >> 33) % 700);
        let is_dead = AtomicBool::new(false);
        let killer = async {
            tokio::time::sleep(life).await;
            service.signal("KILL");
            is_dead.store(true, Ordering::Relaxed);
        };
        tokio::join!(change(&service, &is_dead, kill, &mut told), killer);
        setup = service.kill();
        told.tokens.extend(load.end().await.tokens);
    }
    assert!(told.tokens.len() > kills as usize, "hardly any load");
    assert!(!told.revoked.is_empty() && !told.clients.is_empty());

    let service = setup.start();
    let recorded: BTreeSet<String> = service
        .setup
        .audit()
        .iter()
        .filter_map(|record| record["jti"].as_str().map(str::to_owned))
        .collect();
    let api = basic("cards-api", "123");
    for token in told
        .tokens
        .iter()
        .chain(&told.revoked)
        .chain(&told.uncertain)
    {
        let [_, claims] = parts(token);
        let jti = claims["jti"].as_str().unwrap();
        assert!(recorded.contains(jti), "{jti} has no record");
        let said = service.introspect(&api, token).await.json();
        assert!(
            told.uncertain.contains(token) || said["active"] == !told.revoked.contains(token),
            "{jti}: {said}"
        );
    }
    for id in &told.clients {
        service.token(&basic(id, "123"), GRANT).await.granted();
    }
    let setup = service.stop();
    setup.run(&["audit", "verify"]).ok();
    println!(
        "{what}: {kills} kills; {} tokens, {} revocations and {} clients that were told are all there",
        told.tokens.len(),
        told.revoked.len(),
        told.clients.len()
    );
}

/// Revokes tokens and adds a client until the service is dead, and remembers the answers.
async fn change(service: &Service, is_dead: &AtomicBool, round: u32, told: &mut Told) {
    let client = reqwest::Client::new();
    let id = format!("client-{round}");
    let add = ["client", "add", "--id", &id, "--secret-stdin"];
    let adding = async || {
        let added = tokio::task::block_in_place(|| service.setup.run_with(&add, "123"));
        (added.code == 0).then(|| id.clone())
    };
    let revoking = async {
        let (mut revoked, mut uncertain) = (Vec::new(), Vec::new());
        while !is_dead.load(Ordering::Relaxed) {
            let mut seen = Seen::default();
            seen.ask(&client, &service.url("/oauth2/token")).await;
            let Some(token) = seen.tokens.pop() else {
                continue;
            };
            let revoke = client
                .post(service.url("/oauth2/revoke"))
                .header("authorization", D1)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("token={token}"));
            if revoke
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                revoked.push(token);
            } else {
                uncertain.push(token);
            }
        }
        (revoked, uncertain)
    };
    let (added, (revoked, uncertain)) = tokio::join!(adding(), revoking);
    told.clients.extend(added);
    told.revoked.extend(revoked);
    told.uncertain.extend(uncertain);
}
