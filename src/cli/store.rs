//! `store`: the database.

use clap::Subcommand;
use serde::Serialize;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use super::table::fields;
use crate::store::{self, Migrate, SchemaStatus};

/// The database
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring the schema up to date
    ///
    /// The service and commands that write do so themselves, unless store.migrate is false.
    #[command(after_help = "Examples:\n  d1-authz store migrate --config d1-authz.toml")]
    Migrate,
    /// Show how the schema stands, and how much there is
    #[command(
        after_help = "Examples:\n  d1-authz store status --config d1-authz.toml --output json"
    )]
    Status,
}

#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    schema: SchemaStatus,
    current: bool,
    clients: usize,
    signing_keys: usize,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let config = source.load()?;
    let migrate = match command {
        Command::Migrate => Migrate::Yes,
        Command::Status => Migrate::No,
    };
    let store = store::open(&config.store.url, migrate).await?;
    let schema = store.schema().await?;
    let status = Status {
        schema,
        current: schema.version == schema.latest,
        clients: store.clients().await?.len(),
        signing_keys: store.signing_keys().await?.len(),
    };
    store.close().await;
    output.print(&status, || {
        fields(&[
            ("schema", format!("{} of {}", schema.version, schema.latest)),
            ("clients", status.clients.to_string()),
            ("signing keys", status.signing_keys.to_string()),
        ])
    })
}
