//! `healthcheck`: whether the local service is ready, as an exit status.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::error::Error;
use super::output::Output;
use super::source::Source;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Exit with 0 if the service on this machine is ready, else with 1
///
/// Asks /readyz at listen.ops. This is for containers, which have no HTTP client.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  d1-authz healthcheck --config d1-authz.toml && echo ready")]
pub(super) struct Arguments {}

#[derive(Serialize)]
struct Health {
    ready: bool,
}

pub(super) async fn run(
    _arguments: Arguments,
    source: &Source,
    output: Output,
) -> Result<(), Error> {
    let address = reachable(source.load()?.listen.ops);
    let answer = tokio::time::timeout(TIMEOUT, ask(address))
        .await
        .map_err(|_| {
            Error::failed(format!(
                "{address}: no answer within {} s",
                TIMEOUT.as_secs()
            ))
        })?
        .map_err(|error| Error::failed(format!("{address}: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.starts_with("HTTP/1.1 200 ") {
        output.print(&Health { ready: true }, || "ready\n".to_owned())
    } else {
        let status = head.lines().next().unwrap_or_default();
        Err(Error::failed(format!("{address}: {status}: {body}")))
    }
}

/// Returns the whole answer of `/readyz`. It is plain HTTP over loopback, and only the status line
/// matters, so the binary needs no HTTP client library for it.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.take(64 * 1024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The address to ask: loopback if the service listens on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
