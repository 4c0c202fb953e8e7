//! `store`: the database.

mod backup;
mod copy;
mod progress;
mod restore;
mod verify;

use std::fmt;

use clap::Subcommand;
use serde::Serialize;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use super::table::fields;
use crate::admin::believe;
use crate::config::Config;
use crate::store::{Migrate, SchemaStatus, SqlStore, Store as _};

/// The database
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring the schema up to date
    ///
    /// The service and the commands that write do so themselves, unless store.migrate is false. The
    /// release before can serve on the same store, during the migration and after it.
    #[command(after_help = "Examples:\n  d1-authz store migrate --config d1-authz.toml")]
    Migrate,
    /// Show the version of the schema, and how much the store holds
    #[command(
        after_help = "Examples:\n  d1-authz store status --config d1-authz.toml --output json"
    )]
    Status,
    Verify(verify::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Copy(copy::Arguments),
}

#[derive(Serialize)]
struct Status {
    store: String,
    #[serde(flatten)]
    schema: SchemaStatus,
    current: bool,
    #[serde(flatten)]
    content: Option<Content>,
}

/// The content of a store that has this release's schema.
#[derive(Serialize)]
struct Content {
    clients: u64,
    signing_keys: usize,
    last_change: i64,
    /// The result of checking the rows.
    rows: Rows,
}

/// The result of checking that this service wrote every row.
#[derive(Serialize)]
struct Rows {
    whole: Option<bool>,
    problems: Vec<String>,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let config = source.load()?;
    match command {
        Command::Migrate => {
            let store = SqlStore::open(&config.store, Migrate::Yes).await?;
            believe(&store, &config, Migrate::Yes).await?;
            status(store, &config, output).await
        }
        Command::Status => {
            let store = SqlStore::connect(&config.store, Migrate::No).await?;
            status(store, &config, output).await
        }
        Command::Verify(arguments) => verify::run(&arguments, &config, output).await,
        Command::Backup(arguments) => backup::run(&arguments, &config, output).await,
        Command::Restore(arguments) => restore::run(&arguments, &config, output).await,
        Command::Copy(arguments) => copy::run(&arguments, &config, output).await,
    }
}

async fn status(store: SqlStore, config: &Config, output: Output) -> Result<(), Error> {
    let schema = store.schema().await?;
    let current = schema.version == schema.latest;
    let content = if current {
        let rows = rows(&store, config).await;
        Some(Content {
            rows,
            clients: store.number_of_clients().await?,
            signing_keys: store.signing_keys().await?.len(),
            last_change: store.last_change().await?.sequence,
        })
    } else {
        None
    };
    store.close().await;
    let status = Status {
        store: config.store.url.to_string(),
        schema,
        current,
        content,
    };
    output.print(&status, || {
        let mut shown = vec![
            ("store", status.store.clone()),
            ("schema", format!("{} of {}", schema.version, schema.latest)),
        ];
        match &status.content {
            Some(content) => shown.extend([
                ("clients", content.clients.to_string()),
                ("signing keys", content.signing_keys.to_string()),
                ("last change", content.last_change.to_string()),
                ("rows", content.rows.to_string()),
            ]),
            None => shown.push(("next step", "d1-authz store migrate".to_owned())),
        }
        fields(&shown)
    })
}

/// Checks the rows if it can. Without the master key, which an operator need not have, they stay
/// unchecked.
async fn rows(store: &SqlStore, config: &Config) -> Rows {
    let checked = match believe(store, config, Migrate::No).await {
        Ok(()) => store
            .check_rows(None)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match checked {
        Ok(checked) => {
            let problems = store.findings().problems();
            Rows {
                whole: checked.then_some(problems.is_empty()),
                problems,
            }
        }
        Err(why) => Rows {
            whole: None,
            problems: vec![why],
        },
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.problems.join("; ");
        match self.whole {
            Some(true) => f.write_str("as this service wrote them"),
            Some(false) => write!(f, "not as this service wrote them: {problems}"),
            None if problems.is_empty() => f.write_str("no keys yet"),
            None => write!(f, "not checked: {problems}"),
        }
    }
}
