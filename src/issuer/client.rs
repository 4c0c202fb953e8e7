//! The client that asks, whatever for: finds the one that a request names, has its credential
//! checked, and paces it.
//!
//! A client in memory that proves itself waits for nobody. One that isn't there is read before its
//! credential is checked; and nobody is refused before the store was asked as well, so that what
//! was changed elsewhere a moment ago is known. Both take the same time.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::authenticate::Named;
use super::{Asker, Issuer};
use crate::directory::{Account, Authenticated};
use crate::token::{Credential, Reason};

/// The client that asks.
pub(super) async fn authenticated(
    issuer: &Issuer,
    asker: &Asker<'_>,
    now: Timestamp,
) -> Result<Arc<Account>, Reason> {
    // 1. Authenticate the client: RFC 6749 2.3 and 3.2.1; who fails too often is turned away, 2.3.1.
    let credential = asker.credential.as_ref().map_err(|error| *error)?;
    let source = asker.origin.source;
    let used = proven(issuer, credential, source, now).await?;
    issuer.directory.uses.note(&used, now, source);
    if let Some(secret) = &used.secret {
        issuer
            .directory
            .upgrades
            .note(&used.account.client.id, secret);
    }
    let client = &used.account.client;
    if asker.client_id.is_some_and(|id| id != client.id.as_str()) {
        return Err(Reason::ClientIdMismatch);
    }

    // 2. Throttle a client that asks more often than it may.
    let account = &used.account;
    issuer
        .throttle
        .pace(&client.id, account.registered_at(), account.pace())?;
    Ok(used.account)
}

/// The client that the credential proves.
async fn proven(
    issuer: &Issuer,
    credential: &Credential,
    address: IpAddr,
    now: Timestamp,
) -> Result<Authenticated, Reason> {
    // What is known is too old to go by, whoever asks.
    if issuer.directory.freshness.is_over() {
        return Err(Reason::StoreUnavailable);
    }
    issuer.authenticator.check_form(credential, address, now)?;
    let accounts = &issuer.directory.accounts;
    let check = async |named: Named<'_>| {
        let checked = issuer
            .authenticator
            .authenticate(accounts, named, credential, address, now);
        checked.await
    };
    // One that no client can have is nobody's.
    let id = credential.client_id().unwrap_or_default();
    let Some(known) = issuer.directory.known(id, now) else {
        let found = issuer.directory.ask(id, now).await;
        let named = found.as_ref().map_or(Named::Unclear, Named::by);
        return check(named).await;
    };
    let refused = match check(Named::by(&known)).await {
        Err(refused) if refused.depends_on_client() => refused,
        // Once in a moment, as for a client that isn't in memory: otherwise a flood that is
        // turned away would wait here.
        Err(refused) if refused.is_turned_away() && !issuer.directory.was_asked_about(id, now) => {
            refused
        }
        done => return done,
    };
    match issuer.directory.ask(id, now).await {
        Some(Some(newest)) if !known.is_some_and(|known| Arc::ptr_eq(&known, &newest)) => {
            check(Named::Known(&newest)).await
        }
        Some(_) => Err(refused),
        None if refused.is_turned_away() => Err(refused),
        // It may be wrong here and right in the store.
        None => Err(Reason::StoreUnavailable),
    }
}
