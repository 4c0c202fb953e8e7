//! `token verify`: checks a token as a resource server does.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::error::Error;
use super::input;
use super::output::Output;
use super::source::Source;
use super::table::fields;
use crate::admin::believed_store;
use crate::keys::{self, Expected, Jwks, VerifiedToken};
use crate::store::{Store, StoreError};

/// A token is a few kilobytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Access tokens
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Verify(Arguments),
}

/// Check an access token offline: its signature, its claims, its time
///
/// With --jwks, the keys are those of a JWK set. Else they are those of the configuration's store.
/// The store also knows whether the token was revoked, by itself or with all tokens of its client,
/// and whether its client is disabled or removed. To trust the rows of the store, the command needs
/// the master key. Exits with 1 if a check fails, and names it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  d1-authz token verify token.txt --config d1-authz.toml\n  curl -sS -K client.curl -d grant_type=client_credentials $URL | d1-authz token verify - --jwks jwks.json"
)]
pub(super) struct Arguments {
    /// The file with the token, or with the token endpoint's whole reply; - is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// A JWK set, as /oauth2/jwks serves it
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The issuer that the token must have; by default, the configuration's
    #[arg(long)]
    issuer: Option<String>,
    /// The audience that the token must have; by default, any
    #[arg(long)]
    audience: Option<String>,
}

pub(super) async fn run(command: Command, source: &Source, output: Output) -> Result<(), Error> {
    let Command::Verify(arguments) = command;
    let config = match arguments.jwks {
        Some(_) => source.load_if_any()?,
        None => Some(source.load()?),
    };
    let now = Timestamp::now();
    let mut store = None;
    let jwks = match (&arguments.jwks, &config) {
        (Some(file), _) => {
            serde_json::from_str(&input::read(file, MAX_BYTES)?).map_err(|error| {
                Error::failed(format!("{}: it is not a JWK set: {error}", file.display()))
            })?
        }
        (None, Some(config)) => {
            // The service's own keys are told from an attacker's only with the master key.
            let opened = believed_store(config).await?;
            let keys = opened.signing_keys().await?;
            store = Some(opened);
            keys::published(keys.iter(), now)
        }
        (None, None) => Jwks { keys: Vec::new() },
    };
    let issuer = arguments
        .issuer
        .or_else(|| config.map(|config| config.issuer.as_str().to_owned()));
    let expected = Expected {
        issuer: issuer.as_deref(),
        audience: arguments.audience.as_deref(),
        now,
    };
    let text = input::read(&arguments.file, MAX_BYTES)?;
    let verified = keys::verify(&token_in(&text)?, &jwks, &expected)
        .map_err(|error| Error::failed(format!("the token is not valid: {error}")))?;
    if let Some(store) = store {
        let withdrawn = withdrawn(&verified, &*store, now).await?;
        store.close().await;
        if let Some(why) = withdrawn {
            return Err(Error::failed(format!("the token is not valid: {why}")));
        }
    }
    output.print(&verified, || text_of(&verified))
}

/// Why the store says that a token is not valid although its claims are. `None` if the store knows
/// nothing against it.
async fn withdrawn(
    token: &VerifiedToken,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let revoked = store.tokens_revoked_after(0).await?;
    if revoked.iter().any(|one| token.claims["jti"] == *one.id) {
        return Ok(Some("it was revoked".to_owned()));
    }
    let client_id = token.claims["client_id"].as_str().unwrap_or_default();
    let Some(client) = store.client(client_id).await? else {
        return Ok(Some("its client was removed".to_owned()));
    };
    let issued_at = token.claims["iat"].as_i64().unwrap_or_default();
    let checked = client.token_terms().check(issued_at, now);
    Ok(checked.err().map(|withdrawn| withdrawn.to_string()))
}

/// The token of a text, which is the token itself or a reply of the token endpoint.
fn token_in(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if !text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let reply: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        Error::failed(format!(
            "this is neither a token nor a reply in JSON: {error}"
        ))
    })?;
    match (reply["access_token"].as_str(), reply["error"].as_str()) {
        (Some(token), _) => Ok(token.to_owned()),
        (None, Some(error)) => Err(Error::failed(format!(
            "the token endpoint refused: {error}: {}",
            reply["error_description"].as_str().unwrap_or_default()
        ))),
        (None, None) => Err(Error::failed("the reply has no access_token")),
    }
}

fn text_of(verified: &VerifiedToken) -> String {
    let mut rows = vec![
        ("kid", verified.kid.clone()),
        ("alg", verified.alg.to_string()),
    ];
    rows.extend(verified.claims.iter().map(|(name, value)| {
        let time = ["exp", "iat"]
            .contains(&name.as_str())
            .then(|| Timestamp::from_second(value.as_i64()?).ok())
            .flatten();
        let text = match (time, value.as_str()) {
            (Some(time), _) => format!("{value} ({time})"),
            (None, Some(text)) => text.to_owned(),
            (None, None) => value.to_string(),
        };
        (name.as_str(), text)
    }));
    format!("The token is valid.\n\n{}", fields(&rows))
}
