//! `store backup`: copies a store into one file.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::progress;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::config::Config;
use crate::store::{Migrate, SqlStore, Store as _};

/// Write all that the store holds into a new file, while the service goes on
///
/// The file is a SQLite store, also if the store is on PostgreSQL. `store restore` puts it back.
/// The keys in the file can't be used without the master key, which is not in it. Keep both, in
/// different places.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz store backup --config d1-authz.toml --to /backup/d1-authz-2026-11-28.db"
)]
pub(in crate::cli) struct Arguments {
    /// The file to make
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Serialize)]
struct Written {
    file: PathBuf,
    bytes: u64,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config,
    output: Output,
) -> Result<(), Error> {
    let store = SqlStore::open(&config.store, Migrate::No).await?;
    let file = arguments.to.clone();
    store.back_up(&file, progress::lines()).await?;
    store.close().await;
    let bytes = std::fs::metadata(&file).map_err(Error::failed)?.len();
    let written = Written { file, bytes };
    output.print(&written, || {
        format!("{}: {bytes} bytes\n", written.file.display())
    })
}
