//! Reports about silent, busy and relayed connections.

mod balancers;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::front_door::{Bank, Open};
use crate::harness::{
    Caller, D1, GRANT, Secure, Service, Setup, eventually, is_closed, is_this_build, plain, status,
    token_request,
};

/// A service without `[tls]`, with D1's client and these limits.
fn setup(limits: &[&str]) -> Setup {
    // An older build doesn't know these limits.
    let lines = limits.iter().filter(|_| is_this_build());
    let lines: String = lines.map(|line| format!("limits.{line}\n")).collect();
    let setup = Setup::of(&lines);
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    setup
}

async fn silent(to: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(plain([127, 0, 0, 1].into(), to).await.unwrap());
    }
    held
}

async fn within(seconds: u64, stream: &mut TcpStream) -> bool {
    let closed = timeout(Duration::from_secs(seconds), is_closed(stream)).await;
    closed.is_ok_and(|closed| closed)
}

/// "Silent connections stop plain HTTP and its probes."
#[tokio::test]
async fn silent_connections_stop_neither_tokens_nor_probes() {
    let setup = setup(&[]);
    // A soft limit alone: the service may raise it.
    let service = setup.start_after("ulimit -Sn 64");
    let held = [
        silent(service.api, 120).await,
        silent(service.ops, 120).await,
    ];
    let asking = async {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(service.get_at(service.ops, path).await.status, 200);
        }
        service.token(D1, GRANT).await.granted();
    };
    let answered = timeout(Duration::from_secs(10), asking).await;
    assert!(answered.is_ok(), "it hangs");
    drop(held);
}

/// The same report, on both listeners: silent connections, half a request, and connections kept
/// alive.
#[tokio::test]
async fn connections_that_ask_for_nothing_end() {
    let service = setup(&["first_byte_time = \"1s\"", "idle_time = \"2s\""]).start();
    for (to, path) in [
        (service.api, "/authz/d1/v1/oauth2/jwks"),
        (service.ops, "/healthz"),
    ] {
        let from = || plain([127, 0, 0, 1].into(), to);
        let mut silent = from().await.unwrap();
        let mut preface = from().await.unwrap();
        preface
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await
            .unwrap();
        let mut half = from().await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        let mut kept = from().await.unwrap();
        kept.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
            .await
            .unwrap();
        for (name, stream) in [
            ("silent", &mut silent),
            ("only the preface of HTTP/2", &mut preface),
            ("half a request", &mut half),
            ("kept alive", &mut kept),
        ] {
            assert!(within(10, stream).await, "{name} stays at {to}");
        }
    }
    // The service counts them, and serves honest callers.
    let counted = async || {
        let silent = "d1_authz_connections_turned_away_total{reason=\"silent\"}";
        let idle = "d1_authz_connections_turned_away_total{reason=\"idle\"}";
        service.metric(silent).await + service.metric(idle).await
    };
    eventually("they are counted", counted, |count| *count >= 2).await;
    service.token(D1, GRANT).await.granted();
}

/// Without `[tls]` too, one source can't have all connections.
#[tokio::test]
async fn a_sources_silent_connections_give_way_without_tls_too() {
    let service = setup(&["connections_per_source = 8"]).start();
    let mut held = silent(service.api, 40).await;
    let displaced = "d1_authz_connections_turned_away_total{reason=\"displaced\"}";
    let ended = async || service.metric(displaced).await;
    eventually("most of them are ended", ended, |count| *count == 32).await;
    let mut open = 0;
    for stream in &mut held {
        let read = timeout(Duration::from_millis(100), stream.read_u8()).await;
        open += usize::from(read.is_err());
    }
    assert_eq!(open, 8);
    service.token(D1, GRANT).await.granted();
}

/// "A source's silent connections lock out its honest ones."
#[tokio::test]
async fn a_sources_own_silent_connections_give_way_to_its_new_ones() {
    let open = Bank::with(", connections_per_source = 8").start();
    let to = open.service.api;
    assert!(open.d1.is_served(to).await);
    // Silent before the handshake.
    let before = silent(to, 300).await;
    served(&open, "before the handshake").await;
    drop(before);
    // Silent after the handshake.
    let mut after = Vec::new();
    for _ in 0..8 {
        after.push(open.d1.connect(to).await.unwrap());
    }
    served(&open, "after the handshake").await;
    // Silent between requests.
    let mut kept: Vec<Secure> = Vec::new();
    for _ in 0..8 {
        let mut connection = open.d1.connect(to).await.unwrap();
        let answer = connection.ask(&token_request(D1)).await.unwrap();
        assert_eq!(status(&answer), 200);
        kept.push(connection);
    }
    served(&open, "between requests").await;
    drop((after, kept));
}

async fn served(open: &Open, when: &str) {
    for number in 0..10 {
        assert!(
            open.d1.is_served(open.service.api).await,
            "{when}: {number}"
        );
    }
}

/// "Sixteen busy sources hold all places."
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source_that_has_most_gives_way_to_one_that_has_none() {
    let open = Bank::with(", connections = 64, connections_per_source = 4").start();
    let to = open.service.api;
    assert!(open.d1.is_served(to).await);
    let mut asking = Vec::new();
    for last in 1..=16_u8 {
        let caller = open.d1.from([127, 0, 2, last]);
        asking.extend((0..4).map(|_| tokio::spawn(keep_asking(caller.clone(), to))));
    }
    let connected = async || open.service.metric("d1_authz_connections").await;
    eventually("they are all there", connected, |count| *count >= 55).await;
    let newcomer = open.d1.from([127, 0, 2, 99]);
    for number in 0..20 {
        assert!(newcomer.is_served(to).await, "{number}");
    }
    asking.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Asks twice a second, and reconnects when the service closes the connection.
async fn keep_asking(caller: Caller, to: SocketAddr) {
    loop {
        let Ok(mut connection) = caller.connect(to).await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        while connection.ask(&token_request(D1)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// The source addresses in the records of issued tokens.
fn sources(service: Service) -> Vec<IpAddr> {
    let audit = service.stop().audit();
    let issued = audit
        .iter()
        .filter(|record| record["event"] == "token.issued");
    let source = |record: &serde_json::Value| record["source"].as_str().unwrap().parse().unwrap();
    issued.map(source).collect()
}
