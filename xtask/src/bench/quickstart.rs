//! The configuration and the client with which services are measured, as `quickstart` makes them.

use super::Outcome;
use super::program::Program;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The path of the token endpoint below the issuer.
const TOKEN_PATH: &str = "/oauth2/token";

/// A folder in which a service can be started.
pub struct Quickstart {
    pub config: PathBuf,
    /// A request for a token, from the one client in the folder.
    pub request: Vec<u8>,
}

impl Quickstart {
    /// Runs `quickstart` of a build of the service in a folder until it has written its files.
    pub fn in_folder(program: &Path, data: &Path) -> Outcome<Self> {
        let mut quickstart = Command::new(program);
        quickstart
            .args(["quickstart", "--listen", "127.0.0.1:0", "--data"])
            .arg(data);
        let started = Program::start(&mut quickstart, serving)?;
        let config = data.join("d1-authz.toml");
        let issuer = written(|| issuer(&config))?;
        drop(started);
        let base_path = issuer.splitn(4, '/').nth(3).unwrap_or_default();
        let authorization = authorization(&data.join("client.curl"))?;
        let request = request(&format!("/{base_path}{TOKEN_PATH}"), &authorization);
        Ok(Self { config, request })
    }
}

/// The address in the log line that says that the service serves.
pub fn serving(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("api")?.as_str()?.parse().ok()
}

/// A request as D1 sends it. `authorization` is the line of that header.
pub fn request(path: &str, authorization: &str) -> Vec<u8> {
    let body = "grant_type=client_credentials";
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: application/json\r\n{authorization}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads what `quickstart` writes. It writes a moment after it says that it serves, so the reading
/// is repeated for up to 10 s.
fn written<T>(read: impl Fn() -> Outcome<T>) -> Outcome<T> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match read() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
}

/// The issuer in the configuration that `quickstart` wrote.
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
