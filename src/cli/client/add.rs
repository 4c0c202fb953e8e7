//! `client add`

use std::path::PathBuf;

use clap::Args;

use super::keys;
use super::settings::Settings;
use crate::admin::ClientRegistry;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::secret;
use crate::token::{Client, ClientId, Scope};

/// Add a client
///
/// Prints its id and its secret, which can't be shown again. A client with --jwks or --jwks-uri has
/// no secret: it proves itself with its own keys, by private_key_jwt (RFC 7523). A client with
/// --certificate-name proves itself with a certificate of that name, by tls_client_auth (RFC 8705).
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client add --name 'Thales D1' --scope 'cards pin' --config d1-authz.toml\n  printf %s \"$SECRET\" | d1-authz client add --id is_tbank01 --name 'Thales D1' --secret-stdin --config d1-authz.toml\n  d1-authz client add --name Batch --scope cards --jwks batch.jwks.json --network 10.1.0.0/16 --rate 20/s --config d1-authz.toml"
)]
pub(crate) struct Arguments {
    /// Its id; by default, a new one is made
    #[arg(long)]
    id: Option<ClientId>,
    #[command(flatten)]
    settings: Settings,
    /// Read its secret from the first line of standard input; by default, a new one is made
    #[arg(long)]
    secret_stdin: bool,
    /// Its public keys: a JWK set in a file, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret_stdin")]
    jwks: Option<PathBuf>,
}

pub(super) async fn run(
    arguments: Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    if arguments.settings.clears() {
        return Err(Error::usage(
            "an empty value clears a setting, but a new client has no settings yet: leave the option out",
        ));
    }
    let id = arguments.id.unwrap_or_else(ClientId::generate);
    let mut client = Client::new(id.clone(), id.as_str(), Scope::default());
    arguments.settings.apply(&mut client);
    let by_certificate = client.certificate_name.is_some();
    let ways = [
        by_certificate,
        client.jwks_uri.is_some(),
        arguments.secret_stdin,
        arguments.jwks.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(Error::usage(
            "a new client authenticates in one way: give only one of --certificate-name, --secret-stdin, --jwks and \
             --jwks-uri",
        ));
    }
    if client.jwks_uri.is_some() {
        let client = clients.add_with_jwks_uri(client).await?;
        return print_without_secret(
            &client,
            "the keys that it publishes (private_key_jwt), which the service fetches",
            output,
        );
    }
    if by_certificate {
        let client = clients.add_with_certificate(client).await?;
        return print_without_secret(
            &client,
            "a certificate with its name (tls_client_auth)",
            output,
        );
    }
    let Some(file) = arguments.jwks else {
        let chosen = secret::chosen(arguments.secret_stdin)?;
        let new = clients.add(client, chosen).await?;
        return super::print_new(&new, output);
    };
    let keys = keys::read(&file)?;
    let client = clients.add_with_keys(client, keys).await?;
    print_without_secret(&client, "its own keys (private_key_jwt)", output)
}

fn print_without_secret(client: &Client, with: &str, output: Output) -> Result<(), Error> {
    output.print(client, || {
        format!(
            "client_id  {}\n\nIt authenticates with {with}. It has no secret.\n",
            client.id
        )
    })
}
