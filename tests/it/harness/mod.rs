//! A service of its own for each test: a folder, a configuration, clients, a process; and what a caller sees of it.

mod answer;
mod authority;
mod command;
mod raw;
mod service;
mod tls;

pub use answer::Answer;
pub use authority::{Authority, Issued, Term};
pub use command::{Run, command as binary, d1_authz, run};
pub use raw::{Connection, header, status};
pub use service::{Service, Setup};
pub use tls::{Caller, SERVER, is_closed, plain, token_request};

/// D1's published example: `is_tbank01` and `123`.
pub const D1: &str = "Basic aXNfdGJhbmswMToxMjM=";
/// What D1 asks for.
pub const GRANT: &str = "grant_type=client_credentials";
/// The `issuer` of test services.
pub const ISSUER: &str = "https://bank.example/authz/d1/v1";

/// The credential of `id` and `secret`, as RFC 7617 writes it.
pub fn basic(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let text = format!("{id}:{secret}");
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    format!("Basic {encoded}")
}
