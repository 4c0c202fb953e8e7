//! `client add`

use clap::{Args, ValueEnum};

use crate::cli::duration;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::secret;
use crate::issuer::ClientRegistry;
use crate::token::{Algorithm, Audience, Client, ClientId, ExpiresInAs, Lifetime, Scope};

/// Add a client
///
/// Prints its id and its secret, which can't be shown again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz client add --name 'Thales D1' --scope 'cards pin' --config d1-authz.toml\n  printf %s \"$SECRET\" | d1-authz client add --id is_tbank01 --name 'Thales D1' --secret-stdin --config d1-authz.toml"
)]
pub(crate) struct Arguments {
    /// Its id; one is made when left out
    #[arg(long)]
    id: Option<ClientId>,
    /// A name for people; the id when left out
    #[arg(long)]
    name: Option<String>,
    /// All it may ask for, and what it gets when it asks for nothing: tokens separated by spaces
    #[arg(long, default_value = "", hide_default_value = true, value_parser = Scope::parse)]
    scope: Scope,
    /// A resource server that its tokens are for; may be repeated. The configuration's when left out
    #[arg(long = "audience", value_name = "AUDIENCE")]
    audiences: Vec<Audience>,
    /// The JSON type of expires_in in its replies: D1 reads a string, strict OAuth libraries a number
    #[arg(long, value_enum, default_value_t = Type::String)]
    expires_in_as: Type,
    /// Something it may do beside asking for tokens
    #[arg(long, value_enum, value_name = "RIGHT")]
    allow: Vec<Right>,
    /// The lifetime of its tokens, such as 5m; the configuration's when left out
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    lifetime: Option<Lifetime>,
    /// What its tokens are signed with, such as RS256; the configuration's when left out
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<Algorithm>,
    /// Whom to ask about it
    #[arg(long)]
    contact: Option<String>,
    /// Anything to remember
    #[arg(long)]
    note: Option<String>,
    /// Read its secret from the first line of standard input, rather than making one
    #[arg(long)]
    secret_stdin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    String,
    Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Right {
    /// Call the introspection endpoint
    Introspect,
}

pub(super) async fn run(
    arguments: Arguments,
    clients: &ClientRegistry,
    output: Output,
) -> Result<(), Error> {
    let chosen = secret::chosen(arguments.secret_stdin)?;
    let id = arguments.id.unwrap_or_else(ClientId::generate);
    let name = arguments.name.unwrap_or_else(|| id.to_string());
    let client = Client {
        audiences: arguments.audiences,
        expires_in_as: match arguments.expires_in_as {
            Type::String => ExpiresInAs::String,
            Type::Number => ExpiresInAs::Number,
        },
        may_introspect: arguments.allow.contains(&Right::Introspect),
        token_lifetime: arguments.lifetime,
        token_algorithm: arguments.algorithm,
        contact: arguments.contact,
        note: arguments.note,
        ..Client::new(id, name, arguments.scope)
    };
    let new = clients.add(client, chosen).await?;
    super::print_new(&new, output)
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    Lifetime::try_from(duration::parse(text)?).map_err(|error| error.to_string())
}
