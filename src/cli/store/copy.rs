//! `store copy`: copies one database into another.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::progress;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::config::{Config, StoreConfig, StoreUrl};
use crate::store::{Migrate, SqlStore, Store as _};

/// Copy all that the store holds into another, empty one
///
/// From SQLite to PostgreSQL, or back. Stop the service first: the copy lacks what the service
/// writes after it has begun. Then put the new URL into the configuration.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz store copy --config d1-authz.toml --to postgres://authz@db.bank.example/d1 --password-file db.password\n  d1-authz store copy --config d1-authz.toml --to sqlite:/var/lib/d1-authz/store.db"
)]
pub(in crate::cli) struct Arguments {
    /// The store to fill, as in store.url
    #[arg(long, value_name = "URL")]
    to: StoreUrl,
    /// The file with the password for it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Done {
    from: String,
    to: String,
    rows: u64,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config,
    output: Output,
) -> Result<(), Error> {
    let to = StoreConfig {
        password_file: arguments.password_file.clone(),
        ..StoreConfig::new(arguments.to.clone())
    };
    let source = SqlStore::open(&config.store, Migrate::No).await?;
    let target = SqlStore::open(&to, Migrate::Yes).await?;
    let rows = source.copy_to(&target, progress::lines()).await?;
    source.close().await;
    target.close().await;
    let done = Done {
        from: config.store.url.to_string(),
        to: to.url.to_string(),
        rows,
    };
    output.print(&done, || {
        format!("{rows} rows copied from {} to {}\n", done.from, done.to)
    })
}
