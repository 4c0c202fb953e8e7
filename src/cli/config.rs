//! `config`: the configuration, checked or shown.

use clap::Subcommand;
use serde::Serialize;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use super::table::table;
use crate::http::{check_gateway_secret, check_tls_files};

/// The configuration
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check the configuration, and tell all that is wrong with it
    #[command(after_help = "Examples:\n  d1-authz config check --config d1-authz.toml")]
    Check,
    /// Show the configuration in force, and where each value comes from
    #[command(
        after_help = "Examples:\n  D1_AUTHZ_TOKEN__LIFETIME=5m d1-authz config show --config d1-authz.toml"
    )]
    Show,
}

#[derive(Serialize)]
struct Checked {
    valid: bool,
    /// What is valid and yet not as it should be.
    warnings: Vec<&'static str>,
}

pub(super) fn run(command: &Command, source: &Source, output: Output) -> Result<(), Error> {
    let config = source.load()?;
    match command {
        Command::Check => {
            if let Some(tls) = &config.tls {
                check_tls_files(tls).map_err(Error::usage)?;
            }
            let secret = config.gateway.as_ref().and_then(|it| it.secret.as_ref());
            secret
                .map_or(Ok(()), check_gateway_secret)
                .map_err(Error::usage)?;
            let warnings = config.warnings();
            for warning in &warnings {
                eprintln!("warning: {warning}");
            }
            output.print(
                &Checked {
                    valid: true,
                    warnings,
                },
                || "the configuration is valid\n".to_owned(),
            )
        }
        Command::Show => output.print(&config.settings, || {
            let rows: Vec<_> = config
                .settings
                .iter()
                .map(|setting| {
                    [
                        setting.key.to_owned(),
                        setting.value.clone(),
                        setting.origin.clone(),
                    ]
                })
                .collect();
            table(["KEY", "VALUE", "FROM"], &rows)
        }),
    }
}
