//! `client disable`

use clap::Args;

use super::Named;
use crate::admin::ClientRegistry;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::store::TokensThen;

/// Keep a client from getting tokens, and revoke those that it has
///
/// In force within a second. Introspection says that its tokens are not active, also after the
/// client is enabled again. A resource server that checks tokens itself accepts them until they
/// expire. With --keep-tokens, they stay active until they expire.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client disable is_tbank01 --config d1-authz.toml\n  d1-authz client disable is_tbank01 --keep-tokens --config d1-authz.toml    # its last ones run out"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    client: Named,
    /// Keep its tokens active until they expire
    #[arg(long)]
    keep_tokens: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let tokens = match arguments.keep_tokens {
        true => TokensThen::Kept,
        false => TokensThen::Revoked,
    };
    let id = &arguments.client.id;
    clients.disable(id, tokens).await?;
    super::done(id, "disabled", output)
}
