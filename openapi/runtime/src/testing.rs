//! For the tests of a generated service. They check that each operation is reached over real HTTP,
//! that the document round-trips through Dropshot ([`export`], [`round_trip()`]), and how any bytes
//! are read.

pub mod export;
pub mod round_trip;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dropshot::{ApiDescription, Body, ConfigDropshot, ServerBuilder, ServerContext};
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::options::Options;
use crate::receive::{Limits, receive};
use crate::received::Path;
use crate::route::{Found, Table};
use crate::{Bytes, Location, Operation, Received, Rejection};

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Serves an API on loopback, calls each operation once, and returns those that did not answer.
///
/// A refusal names the operation that made it, and so does a handler that is not written yet. Both
/// show that the request got there. A written handler may answer anything but the router's own 404
/// and 405.
///
/// # Panics
/// If no server can be started on loopback.
pub async fn unreached<C: ServerContext>(
    api: ApiDescription<C>,
    context: C,
    base_path: &str,
    operations: &[&Operation],
) -> Vec<String> {
    let config = ConfigDropshot::default();
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let server = ServerBuilder::new(api, context, log)
        .config(config)
        .start()
        .expect("a server can be started on loopback");
    let known: HashSet<&str> = operations.iter().map(|operation| operation.id).collect();
    let mut missed = Vec::new();
    for operation in operations {
        let base = operation.base_path.unwrap_or(base_path);
        let path = format!("{base}{}", filled(operation));
        let request = format!(
            "{} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            operation.method
        );
        let what = format!("{} {path} ({})", operation.method, operation.id);
        match tokio::time::timeout(LIMIT, exchange(server.local_addr(), &request)).await {
            Err(_) => missed.push(format!("{what}: no answer within {LIMIT:?}")),
            Ok(Err(error)) => missed.push(format!("{what}: {error}")),
            Ok(Ok(response)) => {
                missed.extend(
                    verdict(&response, operation, &known).map(|why| format!("{what}: {why}")),
                );
            }
        }
    }
    // Dropshot waits for every connection. Each request asked for its connection to be closed.
    let _ = tokio::time::timeout(LIMIT, server.close()).await;
    missed
}

/// The path with a value in place of each variable.
fn filled(operation: &Operation) -> String {
    let mut path = String::new();
    let mut rest = operation.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, behind) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(before);
        path.push('7');
        rest = behind;
    }
    path.push_str(rest);
    debug_assert!(operation.parameters.iter().all(|parameter| {
        parameter.location != Location::Path || operation.path.contains(parameter.name)
    }));
    path.replace(' ', "%20")
}

async fn exchange(address: std::net::SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

/// Why this is not the operation's answer. `None` if it is.
fn verdict(response: &str, operation: &Operation, known: &HashSet<&str>) -> Option<String> {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    match body.get("operation").and_then(Value::as_str) {
        Some(named) if named == operation.id => None,
        Some(named) if known.contains(named) => Some(format!("`{named}` answered instead")),
        _ if matches!(status, "404" | "405") && body.get("request_id").is_some() => {
            Some(format!("the router answered {status}"))
        }
        _ if status.is_empty() => Some("no HTTP answer".to_owned()),
        _ => None,
    }
}

/// Compares Dropshot's export of the operations with the document that they were generated from.
/// Returns every difference that no normalisation explains ([`round_trip::NORMALISATIONS`]).
#[must_use]
pub fn round_trip(operations: &[&'static Operation], document: &str) -> Vec<String> {
    let document: Value = match serde_json::from_str(document) {
        Ok(document) => document,
        Err(error) => return vec![format!("the document is no JSON: {error}")],
    };
    match export::export(operations, &document) {
        Ok(exported) => round_trip::differences(&document, &exported)
            .iter()
            .map(ToString::to_string)
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Reads a request to an operation as a server does, without a server. Generated types are decoded
/// from the result.
///
/// # Errors
/// The refusal of a body that the operation doesn't accept, or that is larger than `options` allow.
///
/// # Panics
/// Never: the whole body is there, so it is read without waiting.
pub fn received(
    operation: &'static Operation,
    request: http::Request<Bytes>,
    options: &Options,
) -> Result<Received, Rejection> {
    let (parts, body) = request.into_parts();
    let limits = Limits::from(options);
    let mut body = Body::from(body);
    let content = receive(operation, &parts.headers, &mut body, limits)
        .now_or_never()
        .expect("no part of the body is still to come")?;
    let route = (operation.method.clone(), operation.path.to_owned());
    let table = Table::new(&[route]).expect("no other route is the same");
    let captures = match table.find(&operation.method, parts.uri.path()) {
        Found::Route { captures, .. } => captures,
        Found::MethodNotAllowed { .. } | Found::NotFound => Vec::new(),
    };
    let path = Path {
        captures,
        template: Arc::clone(&table.templates[0]),
    };
    Ok(Received::new(
        operation,
        path,
        parts,
        content,
        limits.empty_is_absent,
    ))
}
