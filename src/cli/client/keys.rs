//! `client set-keys`, and reading a JWK set for it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::admin::ClientRegistry;
use crate::cli::error::Error;
use crate::cli::input;
use crate::cli::output::Output;
use crate::keys::ClientKeys;
use crate::token::{AuthMethod, ClientId};

/// In bytes. Far more than the most keys that a client may have.
const LONGEST: u64 = 256 * 1024;

/// Give a client other public keys
///
/// The new keys replace the old ones at once. To change keys without an outage, first give a set
/// with the old and the new key. When the client signs with the new key, give a set without the old
/// one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client set-keys batch --jwks both.jwks.json --config d1-authz.toml\n  curl -sS https://client.example/jwks | d1-authz client set-keys batch --jwks - --config d1-authz.toml"
)]
pub(crate) struct Arguments {
    /// The client's id
    #[arg(value_name = "ID")]
    id: ClientId,
    /// The keys: a JWK set in a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
}

#[derive(Serialize)]
struct Done<'a> {
    client_id: &'a ClientId,
    token_endpoint_auth_method: AuthMethod,
    keys: Vec<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let keys = read(&arguments.jwks)?;
    let thumbprints = keys.thumbprints();
    let client = clients.set_keys(&arguments.id, keys).await?;
    let done = Done {
        client_id: &client.id,
        token_endpoint_auth_method: client.auth_method,
        keys: thumbprints,
    };
    output.print(&done, || {
        let mut text = format!("{} has {} public keys\n", client.id, done.keys.len());
        if client.auth_method != AuthMethod::PrivateKeyJwt {
            text.push_str(&format!(
                "It still authenticates with {0}; `client set {1} --auth-method private_key_jwt` changes that.\n",
                client.auth_method, client.id
            ));
        }
        text
    })
}

/// Reads a JWK set from a file, or from standard input for `-`. Warns of keys that it ignores.
pub(super) fn read(file: &Path) -> Result<ClientKeys, Error> {
    let text = input::read(file, LONGEST)?;
    let file = file.display();
    let read = ClientKeys::read(&text).map_err(|error| Error::usage(format!("{file}: {error}")))?;
    for key in &read.passed_by {
        eprintln!("warning: {file}: ignored: {key}");
    }
    Ok(read.keys)
}
