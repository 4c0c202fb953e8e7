//! `cargo xtask bench token`: tokens a second, against a form endpoint of Dropshot alone.
//!
//! The service is set up as `quickstart` does, and asked by its one client; once with each durability of the audit trail.

use super::load::{self, Candidate, Effort, Served};
use super::machine::Machine;
use super::program::{Program, listening, on_core};
use super::{Outcome, progress};
use crate::output::Output;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Where tokens are, below the issuer.
const TOKEN_PATH: &str = "/oauth2/token";

/// Loads the token endpoint, and a form endpoint of Dropshot alone, in turns.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    pub effort: Effort,
    /// How figures are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    effort: Effort,
    served: Vec<Served>,
}

/// Measures.
pub fn run(effort: Effort) -> Outcome<Report> {
    load::build(&["bench-servers", "d1-authz"])?;
    let machine = Machine::now();
    let form = Candidate {
        name: "form endpoint",
        program: Program::start(
            on_core(0, &load::servers()).args(["form", "127.0.0.1:0"]),
            listening,
        )?,
        request: request("/token", ""),
    };
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    progress("a quickstart for each durability");
    let candidates = [
        form,
        service("tokens, buffered", "buffered", folder.path())?,
        service("tokens, fsync", "fsync", folder.path())?,
    ];
    let served = load::compare(&candidates, effort)?;
    Ok(Report {
        machine,
        effort,
        served,
    })
}

/// The service with a folder of its own, and a request for a token of the folder's client.
fn service(name: &'static str, durability: &str, folder: &Path) -> Outcome<Candidate> {
    let data = folder.join(durability);
    let binary = load::release("d1-authz");
    let mut quickstart = Command::new(&binary);
    quickstart
        .args(["quickstart", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data);
    let started = Program::start(&mut quickstart, serving)?;
    let config = data.join("d1-authz.toml");
    let issuer = written(|| issuer(&config))?;
    drop(started);
    let mut serve = on_core(0, &binary);
    serve.args(["serve", "--config"]).arg(&config);
    serve
        .env("D1_AUTHZ_AUDIT__DURABILITY", durability)
        .env("D1_AUTHZ_LISTEN__OPS", "127.0.0.1:0");
    let base_path = issuer.splitn(4, '/').nth(3).unwrap_or_default();
    Ok(Candidate {
        name,
        program: Program::start(&mut serve, serving)?,
        request: request(
            &format!("/{base_path}{TOKEN_PATH}"),
            &authorization(&data.join("client.curl"))?,
        ),
    })
}

/// The address in the line of the log that says that the service serves.
fn serving(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("api")?.as_str()?.parse().ok()
}

/// What quickstart writes once it serves, so a moment after it says so.
fn written<T>(read: impl Fn() -> Outcome<T>) -> Outcome<T> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match read() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
}

/// The issuer that quickstart wrote down.
fn issuer(config: &Path) -> Outcome<String> {
    let text =
        fs::read_to_string(config).map_err(|error| format!("{}: {error}", config.display()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| format!("{}: {error}", config.display()))?;
    let issuer = table.get("issuer").and_then(toml::Value::as_str);
    issuer
        .map(str::to_owned)
        .ok_or_else(|| format!("{}: no issuer", config.display()))
}

/// The client's credential, from the file that curl reads.
fn authorization(file: &Path) -> Outcome<String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let user = text
        .lines()
        .find_map(|line| line.strip_prefix("user = \"")?.strip_suffix('"'));
    let user = user.ok_or_else(|| format!("{}: no line `user = …`", file.display()))?;
    Ok(format!(
        "Authorization: Basic {}\r\n",
        BASE64_STANDARD.encode(user)
    ))
}

fn request(path: &str, authorization: &str) -> Vec<u8> {
    let body = "grant_type=client_credentials";
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: application/json\r\n{authorization}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl super::Report for Report {
    fn text(&self) -> String {
        let Self {
            machine,
            effort,
            served,
        } = self;
        format!(
            "{}\n{}\n\n{}",
            machine.text(),
            load::setting(*effort),
            load::text(served)
        )
    }
}
