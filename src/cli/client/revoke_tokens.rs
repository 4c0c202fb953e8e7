//! `client revoke-tokens`

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::Named;
use crate::admin::ClientRegistry;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::token::ClientId;

/// Revoke all tokens that a client has
///
/// In force within a second. Introspection says that they are not active. A resource server that
/// checks tokens itself accepts them until they expire. The client can still get new tokens, which
/// are active.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client revoke-tokens is_tbank01 --config d1-authz.toml"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    client: Named,
}

#[derive(Serialize)]
struct Done<'a> {
    client_id: &'a ClientId,
    /// Tokens that were issued before this time are revoked.
    tokens_not_before: Timestamp,
}

pub(super) async fn run(
    arguments: &Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let client_id = &arguments.client.id;
    let tokens_not_before = clients.revoke_tokens(client_id).await?;
    let done = Done {
        client_id,
        tokens_not_before,
    };
    output.print(&done, || {
        format!(
            "{client_id}: its tokens that were issued before {tokens_not_before:.0} are revoked\n"
        )
    })
}
