//! `key rotate-master`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::admin::{MasterKeyRotation, rotate_master_key};
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::shell;
use crate::clock::SystemClock;
use crate::config::Config;

/// Seal the keys of the store under another master key
///
/// Until the command is done, the old master key opens everything. Afterwards, only the new one
/// does. Then put the new file in the place of the old one, and restart the services. Until the
/// restart, they go on issuing tokens. If the command was interrupted, run it again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz key rotate-master --new-file /etc/d1-authz/master.key.new --config d1-authz.toml"
)]
pub(crate) struct Arguments {
    /// The file of the new master key; made if it doesn't exist
    #[arg(long, value_name = "FILE")]
    new_file: PathBuf,
}

#[derive(Serialize)]
struct Rotated {
    master_key_file: PathBuf,
    done: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_keys: Option<usize>,
}

pub(super) async fn run(
    arguments: &Arguments,
    config: &Config,
    output: Output,
) -> Result<(), Error> {
    let done = rotate_master_key(config, &arguments.new_file, &SystemClock).await?;
    let result = Rotated {
        master_key_file: arguments.new_file.clone(),
        done: match done {
            MasterKeyRotation::Done { .. } => "now",
            MasterKeyRotation::DoneBefore => "before",
        },
        signing_keys: match done {
            MasterKeyRotation::Done { signing_keys } => Some(signing_keys),
            MasterKeyRotation::DoneBefore => None,
        },
    };
    let (new, old) = (
        shell::path(&arguments.new_file),
        shell::path(&config.keys.master_key_file),
    );
    output.print(&result, || match done {
        MasterKeyRotation::Done { signing_keys } => format!(
            "The store's keys, {signing_keys} of them signing keys, are sealed under the master key in {new}.\n\
             No other master key opens them any more. Move it to its place, and restart the services:\n\n  mv {new} {old}\n"
        ),
        MasterKeyRotation::DoneBefore => {
            format!("The store's keys are already sealed under the master key in {new}.\n")
        }
    })
}
