//! `client import`: the clients of another server, from a file, all or none.

mod formats;
mod row;

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::error::Error;
use crate::cli::input;
use crate::cli::output::Output;
use crate::cli::table::table;
use crate::issuer::{ClientRegistry, ClientToImport};
use crate::token::{AuthMethod, ClientId};
use formats::Row;

/// Add the clients of another server, all or none
///
/// Reads a CSV file with a heading, or a JSON array of objects. Every mistake is told, with its line, before anything is changed.
/// A secret that comes along goes on working; a client without secret and keys gets a secret, shown this once.
///
/// Columns, of which only client_id must be there: client_id, name, client_secret, jwks (a JWK set), scope, audiences, grants,
/// networks, rate, lifetime, algorithm, may_introspect, expires_in_as, expires_at, enabled, contact, note,
/// token_endpoint_auth_method. Lists are separated by spaces. The names that Keycloak and Auth0 have for them (clientId, secret,
/// grant_types, description and others) are known; other columns are named and left out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client import clients.csv --dry-run --config d1-authz.toml\n  d1-authz client import clients.json --output json --config d1-authz.toml\n\nA file:\n  client_id,name,client_secret,scope,networks\n  is_tbank01,Thales D1,123,cards pin,10.0.0.0/8 192.0.2.7\n  batch,Nightly batch,,cards,"
)]
pub(crate) struct Arguments {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is; by its name when left out
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Check everything, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// There may be any number of clients.
const ALL: u64 = u64::MAX;
/// How many clients may take a while: two seconds, if each brings a secret along.
const MANY: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
}

/// Something in the file, and on which line.
struct Finding {
    line: u64,
    message: String,
}

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    clients: Vec<Line>,
    warnings: Vec<String>,
}

/// A client as the table at the end has it.
#[derive(Serialize)]
struct Line {
    line: u64,
    client_id: ClientId,
    token_endpoint_auth_method: AuthMethod,
    secret: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let text = input::read(&arguments.file, ALL)?;
    let is_json = arguments
        .file
        .extension()
        .is_some_and(|ending| ending == "json");
    let format = arguments.format.unwrap_or(match is_json {
        true => Format::Json,
        false => Format::Csv,
    });
    let file = arguments.file.display();
    let told = |findings: &[Finding]| {
        let line = |finding: &Finding| format!("{file}:{}: {}", finding.line, finding.message);
        findings.iter().map(line).collect::<Vec<_>>()
    };
    let rows = match format {
        Format::Csv => formats::csv(&text),
        Format::Json => formats::json(&text),
    };
    let rows = rows.map_err(|findings| Error::failed(told(&findings).join("\n")))?;
    let (mut findings, mut warnings) = (Vec::new(), Vec::new());
    let mut new = Vec::new();
    for row in &rows {
        if let Some(client) = row::client(row, &mut findings, &mut warnings) {
            new.push((row.line, client));
        }
    }
    findings.extend(taken(&new, clients).await?);
    if !findings.is_empty() {
        findings.sort_by_key(|finding| finding.line);
        return Err(Error::failed(format!(
            "{}\nnothing was imported",
            told(&findings).join("\n")
        )));
    }
    let mut report = Report {
        dry_run: arguments.dry_run,
        clients: new.iter().map(|(line, new)| Line::of(*line, new)).collect(),
        warnings: told(&warnings),
    };
    if !arguments.dry_run {
        if new.len() >= MANY {
            eprintln!("adding {} clients", new.len());
        }
        let new = new.into_iter().map(|(_, client)| client).collect();
        let imported = clients.import(new).await?;
        for (line, imported) in report.clients.iter_mut().zip(imported) {
            let secret = imported.new_secret;
            line.client_secret = secret.map(|secret| secret.expose().to_owned());
        }
    }
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    output.print(&report, || report.text())
}

/// Ids that are there already, here or further up in the file.
async fn taken(
    new: &[(u64, ClientToImport)],
    clients: &ClientRegistry,
) -> Result<Vec<Finding>, Error> {
    let ids: Vec<_> = new.iter().map(|(_, new)| new.client.id.clone()).collect();
    let known = clients.known(&ids).await?;
    let mut lines: HashMap<&ClientId, Option<u64>> = known.iter().map(|id| (id, None)).collect();
    let mut findings = Vec::new();
    for (line, new) in new {
        let message = match lines.insert(&new.client.id, Some(*line)) {
            None => continue,
            Some(None) => format!("there is a client {} already", new.client.id),
            Some(Some(first)) => format!("client {} is on line {first} as well", new.client.id),
        };
        findings.push(Finding {
            line: *line,
            message,
        });
    }
    Ok(findings)
}

impl Line {
    fn of(line: u64, new: &ClientToImport) -> Self {
        Self {
            line,
            client_id: new.client.id.clone(),
            token_endpoint_auth_method: new.client.auth_method,
            secret: match (&new.secret, new.client.auth_method) {
                (Some(_), _) => "brought",
                (None, AuthMethod::ClientSecretBasic) => "new",
                (None, _) => "none",
            },
            client_secret: None,
        }
    }
}

impl Report {
    fn text(&self) -> String {
        let rows: Vec<_> = self
            .clients
            .iter()
            .map(|line| {
                [
                    line.line.to_string(),
                    line.client_id.to_string(),
                    line.token_endpoint_auth_method.to_string(),
                    line.client_secret
                        .clone()
                        .unwrap_or_else(|| line.secret.to_owned()),
                ]
            })
            .collect();
        let done = match self.dry_run {
            true => "would be imported; nothing was changed",
            false => "are imported; a new secret is shown this once",
        };
        let table = table(["LINE", "ID", "AUTH METHOD", "SECRET"], &rows);
        format!("{table}\n{} clients {done}\n", self.clients.len())
    }
}
