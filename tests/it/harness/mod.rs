//! A service for each test, with its folder, configuration, clients and process; and tools of a
//! caller.

mod answer;
mod authority;
mod command;
mod pgbouncer;
mod port;
mod postgres;
mod proxy;
mod raw;
mod setup;
pub mod signer;
mod tls;
mod wait;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

pub use answer::Answer;
pub use authority::{Authority, Issued, Term};
pub use command::{Run, command as binary, d1_authz, is_root, is_this_build, run, signal};
pub use pgbouncer::PgBouncer;
pub use port::free_address;
pub use postgres::{Postgres, give};
pub use proxy::{Network, Proxy};
pub use raw::{Connection, header, read_answer, status};
pub use setup::{Service, Setup};
pub use tls::{Caller, SERVER, Secure, is_closed, plain, token_request};
pub use wait::eventually;

/// The credential of D1's published example: `is_tbank01` and `123`.
pub const D1: &str = "Basic aXNfdGJhbmswMToxMjM=";
/// The form that D1 sends.
pub const GRANT: &str = "grant_type=client_credentials";
/// The `issuer` of test services.
pub const ISSUER: &str = "https://bank.example/authz/d1/v1";

/// The settings of a service behind a gateway on this machine, which passes on certificates.
pub const GATEWAY: &str =
    "gateway = { addresses = [\"127.0.0.1\"], certificate_header = \"client-cert\" }\n";

/// The header and claims of a token, without a check of its signature.
#[track_caller]
pub fn parts(token: &str) -> [Value; 2] {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    [parts[0], parts[1]]
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
}

/// The Basic credential of `id` and `secret` (RFC 7617).
pub fn basic(id: &str, secret: &str) -> String {
    let text = format!("{id}:{secret}");
    format!("Basic {}", STANDARD.encode(text))
}
