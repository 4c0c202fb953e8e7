//! `client`: manages the clients. One file for each command that takes more than an id.

mod add;
mod disable;
mod import;
mod keys;
mod revoke_tokens;
mod rotate;
mod set;
mod settings;
mod show;

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::error::Error;
use super::output::Output;
use super::source::Source;
use crate::admin::{Installation, NewClient};
use crate::clock::SystemClock;
use crate::store::{self, Migrate};
use crate::token::{ClientId, SecretId};

/// Clients, which may ask for tokens
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Add(add::Arguments),
    Import(import::Arguments),
    /// List all clients
    #[command(after_help = "Examples:\n  d1-authz client list --config d1-authz.toml")]
    List,
    /// Show one client and its secrets' times
    #[command(after_help = "Examples:\n  d1-authz client show is_tbank01 --config d1-authz.toml")]
    Show(Named),
    Set(set::Arguments),
    RotateSecret(rotate::Arguments),
    SetKeys(keys::Arguments),
    Disable(disable::Arguments),
    /// Let a disabled client get tokens again
    ///
    /// Revoked tokens stay revoked.
    #[command(after_help = "Examples:\n  d1-authz client enable is_tbank01 --config d1-authz.toml")]
    Enable(Named),
    RevokeTokens(revoke_tokens::Arguments),
    /// Remove a client and its secrets, and revoke its tokens
    ///
    /// If a client with the same id is added later, the tokens stay revoked.
    #[command(after_help = "Examples:\n  d1-authz client remove is_tbank01 --config d1-authz.toml")]
    Remove(Named),
}

/// A client, by its id.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The client's id
    #[arg(value_name = "ID")]
    id: ClientId,
}

/// What was done to a client.
#[derive(Serialize)]
struct Done<'a> {
    client_id: &'a ClientId,
    status: &'static str,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let config = source.load()?;
    // Reading needs no master key, which operators need not have.
    if matches!(command, Command::List | Command::Show(_)) {
        let store = store::open(&config.store, Migrate::No).await?;
        let result = match command {
            Command::Show(Named { id }) => show::one(&*store, &id, output).await,
            _ => show::all(&*store, output).await,
        };
        store.close().await;
        return result;
    }
    let installation = Installation::open(&config, Arc::new(SystemClock)).await?;
    let clients = installation.clients();
    let result = match command {
        Command::Add(arguments) => add::run(arguments, &clients, output).await,
        Command::Import(arguments) => import::run(&arguments, &clients, output).await,
        Command::Set(arguments) => set::run(&arguments, &clients, output).await,
        Command::SetKeys(arguments) => keys::run(&arguments, &clients, output).await,
        Command::RotateSecret(arguments) => rotate::run(arguments, &clients, output).await,
        Command::Disable(arguments) => disable::run(&arguments, &clients, output).await,
        Command::RevokeTokens(arguments) => revoke_tokens::run(&arguments, &clients, output).await,
        Command::Enable(Named { id }) => match clients.enable(&id).await {
            Ok(()) => done(&id, "enabled", output),
            Err(error) => Err(error.into()),
        },
        Command::Remove(Named { id }) => match clients.remove(&id).await {
            Ok(()) => done(&id, "removed", output),
            Err(error) => Err(error.into()),
        },
        Command::List | Command::Show(_) => Ok(()),
    };
    warn(&installation);
    installation.store().close().await;
    result
}

/// Prints the warnings of an installation on standard error.
pub(super) fn warn(installation: &Installation) {
    for warning in installation.take_warnings() {
        eprintln!("warning: {warning}");
    }
}

fn done(id: &ClientId, status: &'static str, output: Output) -> Result<(), Error> {
    let result = Done {
        client_id: id,
        status,
    };
    output.print(&result, || format!("{id} is {status}\n"))
}

/// Prints a client with its new secret, which can't be shown again.
fn print_new(new: &NewClient, output: Output) -> Result<(), Error> {
    #[derive(Serialize)]
    struct WithSecret<'a> {
        #[serde(flatten)]
        client: &'a crate::token::Client,
        client_secret: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        previous_secret_until: Option<jiff::Timestamp>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        ended_secrets: &'a [SecretId],
    }
    let result = WithSecret {
        client: &new.client,
        client_secret: new.secret.expose(),
        previous_secret_until: new.previous_until,
        ended_secrets: &new.ended,
    };
    output.print(&result, || {
        let mut text = format!(
            "client_id      {}\nclient_secret  {}\n\nThe secret is shown only this once. The service keeps only its hash.\n",
            new.client.id,
            new.secret.expose()
        );
        if let Some(until) = new.previous_until {
            text.push_str(&format!("The secret before works until {until:.0}.\n"));
        }
        for ended in &new.ended {
            text.push_str(&format!("Secret {ended} doesn't work any more.\n"));
        }
        text
    })
}
