//! `key`: the signing keys, and the master key that seals them.

mod master;

use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use super::table::table;
use crate::admin::{Installation, KeyRegistryError, believe};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::keys::PublishedKey;
use crate::store::{self, Migrate};
use crate::token::Algorithm;

/// Signing keys
///
/// A key is published first, then it signs. It stays published until the last token that it signed
/// has expired. The service makes the next key in time, as keys.rotation says.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the signing keys, oldest first
    #[command(after_help = "Examples:\n  d1-authz key list --config d1-authz.toml")]
    List,
    Rotate(Rotate),
    Revoke(Revoke),
    RotateMaster(master::Arguments),
}

/// Let the next key sign before its time
///
/// The next key is published now. It signs once it has been published for keys.publish_ahead, so
/// that verifiers know it. In force within a second.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz key rotate --config d1-authz.toml\n  d1-authz key rotate --algorithm RS256 --config d1-authz.toml    # before a client needs it"
)]
pub(super) struct Rotate {
    /// Rotate the keys of this algorithm; by default, of all algorithms in use
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<Algorithm>,
    /// Sign with the next key at once. A verifier that has cached the JWK set must fetch it again
    /// when it meets the new key
    #[arg(long)]
    now: bool,
}

/// Withdraw a key that leaked
///
/// Within a second, the key leaves the JWK set and another key signs. Introspection refuses the
/// tokens that it signed. Verifiers refuse them once they have the new JWK set, after five minutes
/// at most.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz key revoke bVtXWaVaC1j9SRuDa5FOSGOk3YOqPGy4sM0YIAHgplk --reason 'backup lost' --config d1-authz.toml"
)]
pub(super) struct Revoke {
    /// The key's id
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    kid: String,
    /// The reason, which `key list` and the audit trail show
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let config = source.load()?;
    match command {
        Command::List => list(&config, output).await,
        Command::Rotate(Rotate { algorithm, now }) => {
            let installation = Installation::open(&config, Arc::new(SystemClock)).await?;
            let changed = installation.keys().rotate(algorithm, now).await;
            print_changed(&installation, changed, output).await
        }
        Command::Revoke(Revoke { kid, reason }) => {
            let installation = Installation::open(&config, Arc::new(SystemClock)).await?;
            let changed = installation.keys().revoke(&kid, reason.as_deref()).await;
            print_changed(&installation, changed, output).await
        }
        Command::RotateMaster(arguments) => master::run(&arguments, &config, output).await,
    }
}

/// Lists the keys that this service made. Checking that takes the master key. An operator without
/// it sees all keys and a warning.
async fn list(config: &Config, output: Output) -> Result<(), Error> {
    let store = store::open(&config.store, Migrate::No).await?;
    let now = Timestamp::now();
    let all = store.signing_keys().await?;
    let believed = believe(&*store, config, Migrate::No).await;
    let keys = match &believed {
        Ok(()) => store.signing_keys().await?,
        Err(_) => all.clone(),
    };
    store.close().await;
    if let Err(why) = believed {
        eprintln!("warning: could not check that this service made these keys: {why}");
    }
    for key in all.iter().filter(|key| !keys.contains(key)) {
        eprintln!(
            "warning: signing key {:?} is not as this service wrote it, so it is not used; run `store verify`",
            key.id
        );
    }
    let keys: Vec<_> = keys.iter().map(|key| PublishedKey::of(key, now)).collect();
    output.print(&keys, || text(&keys))
}

async fn print_changed(
    installation: &Installation,
    changed: Result<Vec<PublishedKey>, KeyRegistryError>,
    output: Output,
) -> Result<(), Error> {
    super::client::warn(installation);
    installation.store().close().await;
    let changed = changed?;
    output.print(&changed, || text(&changed))
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
                key.kept_in.unwrap_or("-").to_owned(),
                key.revocation_reason.clone().unwrap_or_default(),
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
            "KEPT IN",
            "REVOKED FOR",
        ],
        &rows,
    )
}
