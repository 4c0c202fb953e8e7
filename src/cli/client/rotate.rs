//! `client rotate-secret`

use std::time::Duration;

use clap::Args;

use crate::admin::ClientRegistry;
use crate::cli::duration;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::secret;
use crate::token::ClientId;

/// Give a client a new secret
///
/// The old secret works for a while, so that the new one can be handed over in time. During that
/// time, two secrets work. A further rotation would end the older one before its time, so it needs
/// --force.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client rotate-secret is_tbank01 --config d1-authz.toml\n  d1-authz client rotate-secret is_tbank01 --overlap 0s --config d1-authz.toml    # it leaked"
)]
pub(crate) struct Arguments {
    /// The client's id
    #[arg(value_name = "ID")]
    id: ClientId,
    /// How long the old secret works; 90 days (2160h) at most
    #[arg(long, default_value = "24h", value_name = "DURATION", value_parser = duration::parse)]
    overlap: Duration,
    /// End the older of two working secrets before its time
    #[arg(long)]
    force: bool,
    /// Read the secret from the first line of standard input; by default, a new one is made
    #[arg(long)]
    secret_stdin: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let chosen = secret::chosen(arguments.secret_stdin)?;
    let new = clients
        .rotate_secret(&arguments.id, chosen, arguments.overlap, arguments.force)
        .await?;
    super::print_new(&new, output)
}
