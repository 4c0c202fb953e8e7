//! Attackers hold many connections from several addresses at once, while honest callers ask.
//!
//! Any machine can bear the default sizes. Variables such as `ATTACK_SILENT` raise them. The tests
//! print the figures.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use super::{Bank, Open};
use crate::harness::{Caller, D1, Secure, eventually, is_closed, plain, status, token_request};

/// The number of attackers of a kind.
fn number(name: &str, default: usize) -> usize {
    std::env::var(format!("ATTACK_{name}")).map_or(default, |text| text.parse().unwrap())
}

/// The address of an attacker. There are 16 of them.
fn source(number: usize) -> IpAddr {
    let last = u8::try_from(number % 16).unwrap() + 10;
    [127, 0, 1, last].into()
}

/// Attackers that hold connections. A task ends with its connection.
#[derive(Default)]
struct Attackers {
    tasks: Vec<JoinHandle<()>>,
    refused: Arc<AtomicUsize>,
}

impl Attackers {
    fn add(&mut self, attack: impl Future<Output = std::io::Result<()>> + Send + 'static) {
        let refused = self.refused.clone();
        self.tasks.push(tokio::spawn(async move {
            if attack.await.is_err() {
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }

    /// Attackers that connect and send nothing.
    fn silent(&mut self, to: SocketAddr, count: usize) {
        for number in 0..count {
            self.add(async move {
                let mut stream = plain(source(number), to).await?;
                assert!(is_closed(&mut stream).await, "a silent one is never closed");
                Ok(())
            });
        }
    }

    /// Attackers that complete a handshake with a certificate and send these bytes. With `drip`
    /// they go on with a byte at a time.
    fn handshaken(
        &mut self,
        caller: &Caller,
        to: SocketAddr,
        count: usize,
        bytes: &'static [u8],
        drip: bool,
    ) {
        for number in 0..count {
            let caller = caller.from(source(number));
            self.add(async move {
                let mut connection = insistent(&caller, to).await?;
                connection.send(bytes).await?;
                if !drip {
                    assert!(
                        connection.is_closed().await,
                        "{bytes:?} holds a connection for ever"
                    );
                    return Ok(());
                }
                let until = Instant::now() + Duration::from_secs(60);
                while connection.send(b"a").await.is_ok() {
                    assert!(Instant::now() < until, "a drip is never closed");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Ok(())
            });
        }
    }

    /// Attackers that connect and leave at once.
    fn burst(&mut self, to: SocketAddr, count: usize) {
        for number in 0..count {
            self.add(async move {
                let mut stream = plain(source(number), to).await?;
                stream.write_all(b"\x16\x03\x01").await
            });
        }
    }
}

/// Tries a handshake again when the service turns it away, as a busy machine often does. An
/// attacker that gave up at once would be no attack.
async fn insistent(caller: &Caller, to: SocketAddr) -> std::io::Result<Secure> {
    for _ in 0..50 {
        if let Ok(connection) = caller.connect(to).await {
            return Ok(connection);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    caller.connect(to).await
}

/// Honest callers, which ask again and again, each time on a new connection.
struct Honest {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<(usize, Vec<Duration>)>>,
}

impl Honest {
    fn start(caller: &Caller, to: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ask = |_| {
            let (caller, stop) = (caller.clone(), stop.clone());
            tokio::spawn(async move {
                let (mut refused, mut times) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    if caller.is_served(to).await {
                        times.push(began.elapsed());
                    } else {
                        refused += 1;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                (refused, times)
            })
        };
        let tasks = (0..4).map(ask).collect();
        Self { stop, tasks }
    }

    /// Gives the numbers of refused and of served requests, and the 99th percentile of the times.
    async fn end(self) -> (usize, usize, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut refused, mut times) = (0, Vec::new());
        for task in self.tasks {
            let (its_refused, its_times) = task.await.unwrap();
            refused += its_refused;
            times.extend(its_times);
        }
        times.sort();
        let p99 = times[(times.len() * 99 / 100).min(times.len() - 1)];
        (refused, times.len(), p99)
    }
}

/// The number of the service's open descriptors. `None` if this user can't read it.
fn descriptors(open: &Open) -> Option<usize> {
    open.service.descriptors().map(|all| all.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_callers_are_served_while_others_hold_all_they_can() {
    let more = ", handshake_time = \"3s\", first_byte_time = \"3s\", idle_time = \"5s\", handshakes = 128, connections = 512";
    let bank = Bank::with(more);
    let attacker = bank
        .thales
        .issue("attacker", "/CN=attacker", "DNS:attacker.example");
    let granted = number("DESCRIPTORS", 4096);
    let open = bank.started_by(|setup| setup.start_within(granted));
    let to = open.address();
    let certified = open.caller(Some(&attacker));
    assert!(open.d1.is_served(to).await);
    let calm = Honest::start(&open.d1, to);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (refused, _, calm_p99) = calm.end().await;
    assert_eq!(refused, 0);

    let honest = Honest::start(&open.d1, to);
    let began = Instant::now();
    let mut attackers = Attackers::default();
    attackers.silent(to, number("SILENT", 500));
    let half = b"POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Le";
    attackers.handshaken(&certified, to, number("HALF", 50), half, false);
    let body = b"POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 10000\r\n\r\ngrant_type=";
    attackers.handshaken(&certified, to, number("DRIPS", 50), body, true);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    attackers.handshaken(&certified, to, number("PREFACES", 50), preface, false);
    attackers.handshaken(&certified, to, number("QUIET", 50), b"", false);
    attackers.burst(to, number("BURST", 200));
    let count = attackers.tasks.len();
    let mut peak = None;
    while attackers.tasks.iter().any(|task| !task.is_finished()) {
        peak = peak.max(descriptors(&open));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for task in attackers.tasks {
        task.await.unwrap();
    }
    let closed = began.elapsed();
    let (refused, served, p99) = honest.end().await;
    let memory = open.service.kib("VmHWM") / 1024;
    eprintln!(
        "{count} attackers, {} of them not let in; {served} honest requests served, {refused} refused; p99 {p99:?}, {calm_p99:?} \
         in calm; the last attacker was closed after {closed:?}; at most {peak:?} of {granted} descriptors and {memory} MiB",
        attackers.refused.load(Ordering::Relaxed)
    );
    assert_eq!(refused, 0);
    let without = "d1_authz_connections_turned_away_total{reason=\"no_descriptor\"}";
    assert_eq!(open.service.metric(without).await, 0);
    assert!(served > 20, "{served}");
    // The service has closed the attackers' descriptors.
    let count = async || descriptors(&open);
    let is_small = |count: &Option<usize>| count.is_none_or(|count| count <= 64);
    eventually("the descriptors are closed", count, is_small).await;
    assert!(open.d1.is_served(to).await);
}

/// A source has a limited number of connections. A new one beyond it closes the source's oldest.
#[tokio::test]
async fn a_source_has_no_more_than_its_share() {
    let open = Bank::with(", connections_per_source = 3").start();
    let to = open.address();
    let greedy = open.d1.from([127, 0, 1, 1]);
    let mut held = Vec::new();
    for _ in 0..6 {
        let mut connection = greedy.connect(to).await.unwrap();
        assert_eq!(
            status(&connection.ask(&token_request(D1)).await.unwrap()),
            200
        );
        held.push(connection);
    }
    // The newest connections are the ones that stay open.
    let newest = held.split_off(3);
    for mut connection in held {
        assert!(connection.is_closed().await);
    }
    for mut connection in newest {
        let answer = connection.ask(&token_request(D1)).await.unwrap();
        assert_eq!(status(&answer), 200);
    }
    assert!(open.d1.from([127, 0, 1, 2]).is_served(to).await);
}

/// The service refuses a body that is far too large before the caller sends it, with TLS too.
#[tokio::test]
async fn an_answer_arrives_before_the_connection_is_cut() {
    let open = Bank::with("").start();
    let mut connection = open.d1.connect(open.address()).await.unwrap();
    let head = format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {D1}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000000\r\n\r\n"
    );
    connection.send(head).await.unwrap();
    connection.send("a".repeat(100_000)).await.unwrap();
    let answer = connection.read_answer().await.unwrap();
    assert_eq!(status(&answer), 413, "{answer}");
}
