//! The servers that `cargo xtask bench` compares, and the load on them.
//!
//! They are one program, so that all have the same build. The arguments say which server runs.

mod dropshot_tls;
mod form;
mod generated;
mod handwritten;
mod load;
mod tls;

use dropshot::{ConfigDropshot, HandlerTaskMode, ServerBuilder};
use slog::{Discard, Logger, o};
use std::net::SocketAddr;

const USAGE: &str = "usage: bench-servers generated|handwritten|form ADDR | dropshot-tls CONFIG | \
                     load kept|new ADDR CONNECTIONS SECONDS REQUEST-FILE [AUTHORITY CERTIFICATE KEY]";

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["load", rest @ ..] => load::run(rest),
        ["dropshot-tls", config] => dropshot_tls::run(config),
        [server, address] => run(server, address),
        _ => Err(USAGE.to_owned()),
    }
}

#[tokio::main]
async fn run(server: &str, address: &str) -> Result<(), String> {
    let address: SocketAddr = address
        .parse()
        .map_err(|_| format!("{address:?} is no address; {USAGE}"))?;
    let api = match server {
        "generated" => generated::api()?,
        "handwritten" => handwritten::api()?,
        "form" => form::api()?,
        _ => return Err(USAGE.to_owned()),
    };
    let config = ConfigDropshot {
        bind_address: address,
        default_handler_task_mode: HandlerTaskMode::CancelOnDisconnect,
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api, (), Logger::root(Discard, o!()))
        .config(config)
        .start()
        .map_err(|error| error.to_string())?;
    eprintln!("listening on http://{}", server.local_addr());
    server.await
}
