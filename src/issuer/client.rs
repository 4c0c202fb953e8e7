//! Authenticates the client that asks, on every endpoint: finds the client that the request names,
//! has its credential checked, and paces it.
//!
//! If the client is in memory and its credential is right, the request does not wait for the store.
//! If the client isn't in memory, the service reads it from the store before it checks the
//! credential. The service refuses no request before it has asked the store as well, so that it
//! knows of a change that another replica made a moment ago. A refusal takes the same
//! time for a client in memory and for any other.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::authenticate::Named;
use super::{Asker, Issuer};
use crate::directory::{Account, Authenticated};
use crate::token::{Credential, Reason};

/// The client that asks, authenticated and paced.
pub(super) async fn authenticated(
    issuer: &Issuer,
    asker: &Asker<'_>,
    now: Timestamp,
) -> Result<Arc<Account>, Reason> {
    // 1. Authenticate the client: RFC 6749 2.3 and 3.2.1. A caller that fails too often is turned
    // away: 2.3.1.
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

    // 2. Throttle a client that asks more often than its limit allows.
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
    // The data in memory is too old to decide by, for any client.
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
    // An id that no client can have becomes "", which no client has.
    let id = credential.client_id().unwrap_or_default();
    let Some(known) = issuer.directory.known(id, now) else {
        let found = issuer.directory.ask(id, now).await;
        let named = found.as_ref().map_or(Named::Unclear, Named::by);
        return check(named).await;
    };
    let refused = match check(Named::by(&known)).await {
        Err(refused) if refused.depends_on_client() => refused,
        // The store is asked once in a while, as for a client that isn't in memory. Otherwise the
        // requests of a flood that is turned away would all wait here.
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
        // The credential may be wrong by the data in memory and right by the store.
        None => Err(Reason::StoreUnavailable),
    }
}
