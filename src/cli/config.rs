//! `config`: checks or shows the configuration.

mod check;

use clap::Subcommand;
use serde::Serialize;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use super::table::table;

/// The configuration
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check the configuration, and report all mistakes
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
    /// Settings that are valid but not recommended.
    warnings: Vec<String>,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let config = source.load()?;
    match command {
        Command::Check => {
            let mut warnings = check::files(&config).await?;
            warnings.extend(config.warnings().into_iter().map(str::to_owned));
            for warning in &warnings {
                eprintln!("warning: {warning}");
            }
            let valid = true;
            output.print(&Checked { valid, warnings }, || {
                "the configuration is valid\n".to_owned()
            })
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
