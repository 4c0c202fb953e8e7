//! `key`: the signing keys.

use clap::Subcommand;
use jiff::Timestamp;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use super::table::table;
use crate::keys::PublishedKey;
use crate::store::{self, Migrate};

/// Signing keys
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the signing keys, oldest first
    #[command(after_help = "Examples:\n  d1-authz key list --config d1-authz.toml")]
    List,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let Command::List = command;
    let config = source.load()?;
    let store = store::open(&config.store.url, Migrate::No).await?;
    let now = Timestamp::now();
    let keys: Vec<PublishedKey> = store
        .signing_keys()
        .await?
        .iter()
        .map(|key| PublishedKey::of(key, now))
        .collect();
    store.close().await;
    output.print(&keys, || text(&keys))
}

fn text(keys: &[PublishedKey]) -> String {
    let time =
        |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"));
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            [
                key.kid.clone(),
                key.alg.to_string(),
                key.state.as_str().to_owned(),
                time(Some(key.signs_from)),
                time(key.signs_until),
                time(key.published_until),
            ]
        })
        .collect();
    table(
        [
            "KID",
            "ALG",
            "STATE",
            "SIGNS FROM",
            "UNTIL",
            "PUBLISHED UNTIL",
        ],
        &rows,
    )
}
