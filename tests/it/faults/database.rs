//! The database is stopped, frozen, or behind a failing network, while callers go on asking.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use d1_authz::store::TokensThen;
use d1_authz::token::{Client, ClientId, Scope};

use super::{Load, administration, number};
use crate::harness::{D1, GRANT, Network, Postgres, Proxy, Service, Setup, basic, eventually};

fn time() -> Duration {
    Duration::from_secs(number("SECONDS", 4).into())
}

/// A replica that has read D1's client.
async fn replica(url: &str) -> Service {
    let setup = Setup::on(url);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    service.token(D1, GRANT).await.granted();
    service
}

/// The time until a change by another process is in force.
async fn convergence(service: &Service) -> Duration {
    let other = administration(&service.setup).await;
    let began = Instant::now();
    let d1 = ClientId::parse("is_tbank01").unwrap();
    other
        .clients()
        .disable(&d1, TokensThen::Revoked)
        .await
        .unwrap();
    let status = async || service.token(D1, GRANT).await.status.as_u16();
    eventually("in force", status, |status| *status == 401).await;
    began.elapsed()
}

/// Checks that no caller is refused from when `happens` breaks the database until `ends` repairs
/// it.
async fn survives(
    what: &str,
    happens: impl FnOnce(&mut Postgres),
    ends: impl FnOnce(&mut Postgres),
) {
    let mut postgres = Postgres::start();
    let service = replica(&postgres.database("outage")).await;
    let load = Load::on(&service, 4, Duration::from_millis(10));
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::task::block_in_place(|| happens(&mut postgres));
    tokio::time::sleep(time()).await;
    let ready = async || service.get_at(service.ops, "/readyz").await.text;
    eventually("it is told", ready, |said| said.contains("\"store\"")).await;
    let refused = service.setup.run(&["client", "disable", "is_tbank01"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(!refused.stderr.is_empty());
    // The service can't tell whether an unknown client's credential is right.
    let stranger = service.token(&basic("nobody", "x"), GRANT).await;
    stranger.refused(503, "temporarily_unavailable");
    tokio::task::block_in_place(|| ends(&mut postgres));
    let back = Instant::now();
    eventually("it is well again", ready, |said| {
        said.contains("\"problems\":[]")
    })
    .await;
    let back = back.elapsed();
    let seen = load.end().await;
    assert_eq!(seen.refused, 0, "{what}");
    let converged = convergence(&service).await;
    println!(
        "{what} for {:.0?}: {} tokens, 0 refused; well {back:.0?} after its return, the next change in force after {converged:.0?}",
        time(),
        seen.tokens.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_stopped_nobody_is_refused() {
    survives("stopped", Postgres::crash, Postgres::run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_frozen_nobody_is_refused() {
    survives("frozen", |it| it.freeze(), |it| it.thaw()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_network_does_nobody_is_refused() {
    let postgres = Postgres::start();
    let direct = postgres.database("network");
    let proxy = Proxy::to(SocketAddr::from(([127, 0, 0, 1], postgres.port()))).await;
    let through = format!("postgres://authz@{}/network", proxy.address);
    let service = replica(&through).await;
    let other = administration(&Setup::on(&direct).with_master_key_of(&service.setup)).await;
    let clients = other.clients();
    for (number, network) in [
        Network::Slow(Duration::from_millis(50)),
        Network::HalfClosed,
        Network::Cut,
        Network::Swallows,
    ]
    .into_iter()
    .enumerate()
    {
        let load = Load::on(&service, 2, Duration::from_millis(10));
        proxy.set(network);
        // Another process adds the client directly, so the failing network hides the change.
        let id = format!("made-while-{number}");
        let client = Client::new(ClientId::parse(&id).unwrap(), &id, Scope::default());
        let secret = clients.add(client, None).await.unwrap().secret;
        tokio::time::sleep(time()).await;
        proxy.set(Network::Good);
        let began = Instant::now();
        let credential = basic(&id, secret.expose());
        let status = async || service.token(&credential, GRANT).await.status.as_u16();
        eventually("known", status, |status| *status == 200).await;
        let ready = async || service.get_at(service.ops, "/readyz").await.text;
        eventually("well again", ready, |said| said.contains("\"problems\":[]")).await;
        let back = began.elapsed();
        let seen = load.end().await;
        assert_eq!(seen.refused, 0, "{network:?}");
        println!(
            "{network:?} for {:.0?}: {} tokens, 0 refused; well {back:.0?} after it",
            time(),
            seen.tokens.len()
        );
    }
}
