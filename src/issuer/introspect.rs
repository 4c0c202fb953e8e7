//! Introspection, RFC 7662: what a token says, for a resource server that doesn't check it itself,
//! or wants to know that it isn't revoked.
//!
//! Nothing is written down for a request that is answered: resource servers may ask once for each
//! of theirs.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::{Issuer, PresentedToken, client};
use crate::directory::Found;
use crate::keys::{Expected, VerifyError, verify};
use crate::token::{Audience, Confirmation, Reason, TokenId, TokenTerms};

/// An active token, by its own words. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActiveToken {
    /// This service's identifier.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// The client.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The client.
    pub client_id: String,
    /// The resource servers that it is for.
    #[serde(rename = "aud", deserialize_with = "one_or_many")]
    pub audiences: Vec<String>,
    /// When it ends.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// When it was issued.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// Its unique name.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// The certificate that it is bound to, if it is.
    #[serde(rename = "cnf")]
    pub confirmation: Option<Confirmation<String>>,
    /// What it allows, if that is anything.
    pub scope: Option<String>,
}

/// Why a token is not active.
enum Inactive {
    /// By what it is.
    ForGood,
    /// By the keys that are known here.
    AsFarAsKnown,
}

/// What a token says, RFC 7662 2.2, to a caller that may know.
pub(super) async fn introspect(
    issuer: &Issuer,
    request: &PresentedToken<'_>,
    now: Timestamp,
) -> Result<Option<ActiveToken>, Reason> {
    // 1. Authenticate the caller, and throttle it: RFC 7662 2.1 and 4.
    let caller = client::authenticated(issuer, &request.asker, now).await?;

    // 2. It must be one that may ask: RFC 7662 4.
    if !caller.client.may_introspect {
        return Err(Reason::IntrospectionNotAllowed);
    }

    // 3. The token must be active, 2.2, and for the caller: 4.
    let Some(token) = own_token(issuer, request.token, now).await? else {
        return Ok(None);
    };
    let active = is_active(issuer, &token, now).await?;
    Ok(Some(token).filter(|token| active && token.is_for(issuer.audiences_of(&caller))))
}

/// The token, if this service signed it with a key that isn't withdrawn, and it hasn't expired.
/// Another replica may have signed with a key that is not known here yet.
pub(super) async fn own_token(
    issuer: &Issuer,
    token: &str,
    now: Timestamp,
) -> Result<Option<ActiveToken>, Reason> {
    match read(issuer, token, now) {
        Err(Inactive::AsFarAsKnown) => {}
        known => return Ok(known.ok()),
    }
    if !issuer.directory.look(now).await {
        return Err(Reason::StoreUnavailable);
    }
    Ok(read(issuer, token, now).ok())
}

/// What anybody can make up is no reason to look at the store.
fn read(issuer: &Issuer, token: &str, now: Timestamp) -> Result<ActiveToken, Inactive> {
    let expected = Expected {
        issuer: Some(issuer.name.as_str()),
        audience: None,
        now,
    };
    // Not what is wrong with it: the answer is the same, and the caller may be the one who made
    // it up.
    let verified = verify(token, &issuer.directory.view().ring.jwks(now), &expected);
    let verified = verified.map_err(|error| match error {
        VerifyError::UnknownKey(_) => Inactive::AsFarAsKnown,
        _ => Inactive::ForGood,
    })?;
    serde_json::from_value(verified.claims.into()).map_err(|_| Inactive::ForGood)
}

/// Whether the token was not revoked, by itself or with all of its client's, and its client is
/// still the one that it was issued to.
async fn is_active(issuer: &Issuer, token: &ActiveToken, now: Timestamp) -> Result<bool, Reason> {
    let Some(id) = TokenId::parse(&token.token_id) else {
        return Ok(false);
    };
    let is_revoked = || issuer.directory.revocations.contains(&id);
    let terms = |found: Found| found.map(|account| account.token_terms);
    let is_good = |terms: Option<TokenTerms>| {
        terms.is_some_and(|terms| terms.check(token.issued_at, now).is_ok())
    };
    if is_revoked() {
        return Ok(false);
    }
    if is_good(terms(issuer.directory.accounts.get(&token.client_id))) {
        return Ok(true);
    }
    let found = issuer.directory.ask(&token.client_id, now).await;
    let found = found.ok_or(Reason::StoreUnavailable)?;
    Ok(is_good(terms(found)) && !is_revoked())
}

impl ActiveToken {
    fn is_for(&self, audiences: &[Audience]) -> bool {
        let names = |own: &Audience| self.audiences.iter().any(|name| name == own.as_str());
        audiences.iter().any(names)
    }
}

/// RFC 7519 4.1.3
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audiences {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audiences::deserialize(deserializer)? {
        Audiences::One(one) => vec![one],
        Audiences::Many(many) => many,
    })
}
