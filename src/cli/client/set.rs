//! `client set`

use clap::Args;
use serde::Serialize;

use super::settings::Settings;
use crate::admin::ClientRegistry;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::token::{AuthMethod, Client, ClientId};

/// Change a client's settings
///
/// In force within a second. Settings without an option stay as they are. An empty value, as in
/// --contact '', clears a setting.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client set is_tbank01 --scope 'cards pin' --rate 20/s --config d1-authz.toml\n  d1-authz client set is_tbank01 --network 10.0.0.0/8 --network 192.0.2.7 --config d1-authz.toml\n  d1-authz client set is_tbank01 --network '' --config d1-authz.toml    # from anywhere again\n  d1-authz client set batch --auth-method private_key_jwt --config d1-authz.toml"
)]
pub(crate) struct Arguments {
    /// The client's id
    #[arg(value_name = "ID")]
    id: ClientId,
    #[command(flatten)]
    settings: Settings,
    /// How it proves itself: client_secret_basic, private_key_jwt or tls_client_auth
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<AuthMethod>,
}

#[derive(Serialize)]
struct Done<'a> {
    #[serde(flatten)]
    client: &'a Client,
    changed: &'a [&'static str],
}

pub(super) async fn run(
    arguments: &Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let edit = |client: &mut Client| {
        arguments.settings.apply(client);
        if let Some(method) = arguments.auth_method {
            client.auth_method = method;
        }
    };
    let done = clients.change(&arguments.id, edit).await?;
    let result = Done {
        client: &done.client,
        changed: &done.fields,
    };
    output.print(&result, || match done.fields.as_slice() {
        [] => format!("{} has these settings already\n", done.client.id),
        fields => format!("{}: changed {}\n", done.client.id, fields.join(", ")),
    })
}
