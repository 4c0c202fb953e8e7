//! Anybody can send requests at any rate. Honest callers lose neither tokens nor audit records by
//! that.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::disk::{Disk, may_mount};
use super::{Load, number};
use crate::harness::{GRANT, Service, Setup, basic, eventually, plain, read_answer, token_request};

const SOURCES: u8 = 50;

/// The number of decisions in the records of this event.
fn told(records: &[Value], event: &str) -> u64 {
    let of = records.iter().filter(|record| record["event"] == event);
    of.map(|record| record["count"].as_u64().unwrap_or(1)).sum()
}

/// Sends requests without a credential or with a made-up one, from one source.
async fn flood(service: &Service, source: u8, requests: u32) {
    let from = [127, 0, 2, source].into();
    let mut connection = plain(from, service.api).await.unwrap();
    connection.set_nodelay(true).unwrap();
    for number in 0..requests {
        let made_up = basic(&format!("nobody-{source}-{number}"), "guess");
        let request = match number % 4 {
            0 => "GET /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\n\r\n".to_owned(),
            1 => token_request("Bearer x"),
            2 => token_request(&made_up),
            _ => token_request(&made_up).replace(GRANT, "grant_type=client_credentialx"),
        };
        connection.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut connection).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_fifty_sources_it_costs_honest_callers_nothing() {
    if !may_mount() {
        return;
    }
    let each = number("FLOOD", 10_000) / u32::from(SOURCES);
    let setup = Setup::empty().with_durable_audit();
    let folder = setup.folder().join("disk");
    let _disk = Disk::at(&folder, "32m");
    setup.configure("path = \"audit\"", "path = \"disk/audit\"");
    setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
    let service = setup.start();
    let load = Load::on(&service, 2, Duration::from_millis(20));
    let begun = Instant::now();
    let mut before = 0;
    // The flood has four parts. The first one makes the service know all sources, and then the test
    // measures memory.
    for part in 0..4 {
        let all = (1..=SOURCES).map(|source| flood(&service, source, each / 4));
        join_all(all).await;
        if part == 0 {
            before = service.kib("VmRSS");
        }
    }
    let took = begun.elapsed();
    let more = service.kib("VmRSS").saturating_sub(before);
    let honest = load.end().await;
    let sent = u64::from(each / 4 * 4) * u64::from(SOURCES);
    let _setup = service.stop();
    let (mut records, mut size) = (Vec::<Value>::new(), 0);
    for entry in std::fs::read_dir(folder.join("audit")).unwrap() {
        let entry = entry.unwrap();
        size += entry.metadata().unwrap().len();
        if entry
            .file_name()
            .to_str()
            .unwrap()
            .starts_with("decisions-0")
        {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let lines = text.lines().map(serde_json::from_str::<Value>);
            records.extend(lines.map(Result::unwrap));
        }
    }
    eprintln!(
        "flood: {sent} requests from {SOURCES} sources in {took:.1?}: honest tokens {}, honest refusals {}, records of tokens {}, \
         refusals told of {}, trail {size} bytes, memory {more} KiB more",
        honest.tokens.len(),
        honest.refused,
        told(&records, "token.issued"),
        told(&records, "token.refused"),
    );
    assert_eq!(honest.refused, 0);
    assert!(!honest.tokens.is_empty());
    assert!(told(&records, "token.issued") >= honest.tokens.len() as u64);
    assert_eq!(told(&records, "token.refused"), sent);
    assert!(more < 16 * 1024, "{more} KiB more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_secrets_whose_callers_hang_up_are_counted_and_recorded() {
    let times = u64::from(number("HANGUPS", 200));
    let setup = Setup::with_d1();
    let service = setup.start();
    let request = token_request(&basic("is_tbank01", "guess"));
    for number in 0..times {
        let mut connection = TcpStream::connect(service.api).await.unwrap();
        connection.set_nodelay(true).unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(number % 11)).await;
    }
    let refusals = async || {
        let metrics = service.get_at(service.ops, "/metrics").await.text;
        let lines = metrics.lines();
        let lines = lines.filter(|line| line.starts_with("d1_authz_refusals_total{"));
        let figures = lines.filter_map(|line| line.rsplit_once(' '));
        figures
            .map(|(_, figure)| figure.parse::<u64>().unwrap())
            .sum::<u64>()
    };
    // If the caller is gone before the HTTP server starts on the request, the service neither
    // decides it nor checks its guess.
    let most = |count: &u64| (times * 8 / 10..=times).contains(count);
    eventually("those that were begun are counted", refusals, most).await;
    // Some requests may still be under way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let count = refusals().await;
    let told = told(&service.stop().audit(), "token.refused");
    eprintln!(
        "hang-ups: {times} wrong secrets, decided and counted {count}, told of in the trail {told}"
    );
    assert_eq!(told, count);
}
