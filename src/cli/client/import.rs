//! `client import`: adds the clients of another server from a file, all or none.

mod columns;
mod formats;
mod marks;
mod placeholder;
mod proof;
mod report;
mod row;
mod servers;

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::admin::{ClientRegistry, ClientToImport};
use crate::cli::error::Error;
use crate::cli::input;
use crate::cli::output::Output;
use crate::store::ClientRecord;
use crate::token::ClientId;
use columns::Row;
use formats::{csv, json, text};
use report::{LeftOut, Line, Report};
use row::Outcome;

/// Add the clients of another server, all or none
///
/// Reads a CSV file with a heading, or a JSON file: an array of objects, objects one after another,
/// or an object such as {"clients": […]}. It reads the exports of Keycloak, Hydra, Auth0, Okta and
/// Spring as they are, and the output of `client list --output json`. It reports every mistake with
/// its line, before it changes anything.
///
/// A secret in the file goes on working, and so does a secret whose hash is in the file (bcrypt,
/// PBKDF2, Argon2id). A client without a secret and keys gets a new secret, which is shown only
/// once. Public clients, and clients that get no tokens by client_credentials there, are named and
/// left out.
///
/// Only the column client_id is required. The columns are client_id, name, client_secret,
/// client_secret_hash, client_secret_expires_at, jwks (a JWK set), certificate_name,
/// certificate_binding, scope, audiences, grants, networks, rate, lifetime, algorithm,
/// may_introspect, expires_in_as, expires_at, created_at, enabled, contact, note,
/// token_endpoint_auth_method. Spaces separate the items of a list. The names of other servers for
/// these columns are known as well (clientId, secret, grant_types, description and others). Other
/// columns are named and left out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client import clients.csv --dry-run --config d1-authz.toml\n  d1-authz client import realm-export.json --output json --config d1-authz.toml\n  d1-authz client import clients.csv --update --config d1-authz.toml    # also those that are there\n\nA file:\n  client_id,name,client_secret,scope,networks\n  is_tbank01,Thales D1,123,cards pin,10.0.0.0/8 192.0.2.7\n  batch,Nightly batch,,cards,"
)]
pub(crate) struct Arguments {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The format of the file; by default, the ending of its name says it
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Also change clients that exist and differ from the file. Settings that the file doesn't have
    /// stay as they are
    #[arg(long)]
    update: bool,
    /// Check everything, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// An import of this many clients prints a line first. Hashing that many secrets takes two seconds.
const MANY: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
}

/// A mistake or a warning, with its line in the file.
struct Finding {
    line: u64,
    message: String,
}

/// What the import read from the rows of a file. Numbers are lines.
#[derive(Default)]
struct Read {
    clients: Vec<(u64, ClientToImport)>,
    left_out: Vec<LeftOut>,
    findings: Vec<Finding>,
    warnings: Vec<Finding>,
}

pub(super) async fn run(
    arguments: &Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let file = arguments.file.display();
    let told = |findings: &[Finding]| {
        let line = |finding: &Finding| format!("{file}:{}: {}", finding.line, finding.message);
        findings.iter().map(line).collect::<Vec<_>>()
    };
    let refused = |mut findings: Vec<Finding>| {
        findings.sort_by_key(|finding| finding.line);
        let told = told(&findings).join("\n");
        Error::failed(format!("{told}\nnothing was imported"))
    };
    let rows = arguments.rows().map_err(refused)?;
    let ids: Vec<ClientId> = rows.iter().filter_map(row::id).collect();
    let known = clients.known(&ids).await?;
    let mut read = Read::of(&rows, &known, arguments.update);
    for (line, import) in &read.clients {
        if let Err(error) = clients.check_import(import, known.get(&import.id)) {
            read.findings.push(Finding {
                line: *line,
                message: error.to_string(),
            });
        }
    }
    if !read.findings.is_empty() {
        return Err(refused(read.findings));
    }
    if read.clients.len() >= MANY && !arguments.dry_run {
        eprintln!("adding {} clients", read.clients.len());
    }
    let lines: Vec<_> = read
        .clients
        .iter()
        .map(|(line, new)| (*line, report::origin(new, known.contains_key(&new.id))))
        .collect();
    let new = read.clients.into_iter().map(|(_, client)| client).collect();
    let imported = clients
        .import(new, arguments.update, arguments.dry_run)
        .await
        .map_err(|error| Error::failed(format!("{file}: {error}\nnothing was imported")))?;
    let lines = lines.into_iter().zip(imported);
    let left_out = read.left_out.iter().map(LeftOut::finding);
    read.warnings.extend(left_out);
    read.warnings.sort_by_key(|warning| warning.line);
    let report = Report {
        dry_run: arguments.dry_run,
        clients: lines
            .map(|((line, secret), imported)| Line::of(line, secret, imported))
            .collect(),
        left_out: read.left_out,
        warnings: told(&read.warnings),
    };
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    output.print(&report, || report.text())
}

impl Arguments {
    /// Reads the rows of the file, and copies nested settings to columns.
    fn rows(&self) -> Result<Vec<Row>, Vec<Finding>> {
        let finding = |message: String| Finding { line: 1, message };
        let bytes =
            input::bytes(&self.file).map_err(|error| vec![finding(error.message().to_owned())])?;
        let text = text::decoded(bytes).map_err(|finding| vec![finding])?;
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let is_json = ending.is_some_and(|ending| ["json", "jsonl", "ndjson"].contains(&ending));
        let format = self.format.unwrap_or(match is_json {
            true => Format::Json,
            false => Format::Csv,
        });
        let mut rows = match format {
            Format::Csv => csv::read(&text),
            Format::Json => json::read(&text),
        }?;
        rows.iter_mut().for_each(servers::lift);
        Ok(rows)
    }
}

impl Read {
    fn of(rows: &[Row], known: &HashMap<ClientId, ClientRecord>, update: bool) -> Self {
        let mut read = Self::default();
        let mut lines: HashMap<ClientId, u64> = HashMap::new();
        for row in rows {
            let there = row::id(row).and_then(|id| known.get(&id));
            let of_update = there.filter(|_| update);
            let outcome = row::client(row, of_update, &mut read.findings, &mut read.warnings);
            let line = row.line;
            match outcome {
                Outcome::LeftOut(reason) => read.left_out.push(LeftOut {
                    line,
                    client_id: row
                        .value("client_id")
                        .and_then(Value::as_str)
                        .unwrap_or("-")
                        .to_owned(),
                    reason,
                }),
                Outcome::Wrong => {}
                Outcome::Client(client) => read.clients.push((line, *client)),
            }
            let is_left_out = read.left_out.last().is_some_and(|last| last.line == line);
            let Some(id) = row::id(row).filter(|_| !is_left_out) else {
                continue;
            };
            let message = match lines.insert(id.clone(), line) {
                Some(first) => {
                    format!("client {id} is on line {first} as well: remove one of them")
                }
                None if there.is_some() && !update => {
                    format!("client {id} exists already: remove the row, or give --update")
                }
                None => continue,
            };
            read.findings.push(Finding { line, message });
        }
        read
    }
}
