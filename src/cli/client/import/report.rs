//! The report of an import, as a table and as JSON.

use serde::Serialize;

use super::Finding;
use crate::admin::{ClientToImport, ImportedClient, Outcome, SecretToImport};
use crate::cli::table::table;
use crate::token::{AuthMethod, ClientId};

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) dry_run: bool,
    pub(super) clients: Vec<Line>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) warnings: Vec<String>,
}

/// A client of the report.
#[derive(Serialize)]
pub(super) struct Line {
    line: u64,
    client_id: ClientId,
    /// `added`, `changed` or `unchanged`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<&'static str>,
    token_endpoint_auth_method: AuthMethod,
    /// `brought`, `hash`, `new`, `kept` or `none`.
    secret: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// A row that the import leaves out.
#[derive(Serialize)]
pub(super) struct LeftOut {
    pub(super) line: u64,
    pub(super) client_id: String,
    pub(super) reason: String,
}

/// Where the secret of a client comes from.
pub(super) fn origin(import: &ClientToImport, is_known: bool) -> &'static str {
    match &import.secret {
        SecretToImport::Brought(_) => "brought",
        SecretToImport::Hash(_) => "hash",
        SecretToImport::New { .. } if is_known => "kept",
        SecretToImport::New { .. } => "new",
        SecretToImport::Nothing => "none",
    }
}

impl Line {
    pub(super) fn of(line: u64, secret: &'static str, imported: ImportedClient) -> Self {
        let (outcome, changed) = match imported.outcome {
            Outcome::Added => ("added", Vec::new()),
            Outcome::Changed(fields) => ("changed", fields),
            Outcome::Unchanged => ("unchanged", Vec::new()),
        };
        Self {
            line,
            client_id: imported.client.id,
            outcome,
            changed,
            token_endpoint_auth_method: imported.client.auth_method,
            secret,
            client_secret: imported.new_secret.map(|secret| secret.expose().to_owned()),
        }
    }
}

impl LeftOut {
    pub(super) fn finding(&self) -> Finding {
        Finding {
            line: self.line,
            message: format!("left out: client {}: {}", self.client_id, self.reason),
        }
    }
}

impl Report {
    pub(super) fn text(&self) -> String {
        let row = |line: &Line| {
            let secret = line.client_secret.clone();
            let outcome = match line.changed.as_slice() {
                [] => line.outcome.to_owned(),
                fields => format!("{}: {}", line.outcome, fields.join(", ")),
            };
            [
                line.line.to_string(),
                line.client_id.to_string(),
                line.token_endpoint_auth_method.to_string(),
                secret.unwrap_or_else(|| line.secret.to_owned()),
                outcome,
            ]
        };
        let rows: Vec<_> = self.clients.iter().map(row).collect();
        let table = table(["LINE", "ID", "AUTH METHOD", "SECRET", "OUTCOME"], &rows);
        let number = |outcome: &str| {
            let clients = self.clients.iter();
            clients.filter(|line| line.outcome == outcome).count()
        };
        let done = match self.dry_run {
            true => "would be imported; nothing was changed",
            false => "are imported; a new secret is shown only this once",
        };
        let mut text = format!("{table}\n{} clients {done}\n", number("added"));
        let there = (number("changed"), number("unchanged"));
        if there != (0, 0) {
            let (changed, unchanged) = there;
            text.push_str(&format!(
                "{changed} clients differ and get the file's values, {unchanged} have these values already\n"
            ));
        }
        if !self.left_out.is_empty() {
            text.push_str(&format!("{} rows are left out\n", self.left_out.len()));
        }
        text
    }
}
