//! Introspection, RFC 7662: says what a token says. A resource server asks if it doesn't check the
//! token itself, or if it wants to know that the token isn't revoked.
//!
//! Requests that are answered have no audit record, because resource servers may ask once for each
//! request of theirs.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::{Issuer, PresentedToken, client};
use crate::directory::Found;
use crate::keys::{Expected, VerifyError, verify};
use crate::token::{Audience, Confirmation, Reason, TokenId, TokenTerms};

/// What an active token says. Times are seconds since 1970.
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
    /// The resource servers that the token is for.
    #[serde(rename = "aud", deserialize_with = "one_or_many")]
    pub audiences: Vec<String>,
    /// When the token ends.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// When the token was issued.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// The token's unique name.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// The certificate that the token is bound to, if any.
    #[serde(rename = "cnf")]
    pub confirmation: Option<Confirmation<String>>,
    /// What the token allows. `None` if it allows nothing.
    pub scope: Option<String>,
}

/// Why a token is not active.
enum Inactive {
    /// Because of the token itself: no look at the store can change that.
    ForGood,
    /// Because of the keys that this replica knows.
    AsFarAsKnown,
}

/// What a token says (RFC 7662 2.2), for a caller that may know it.
pub(super) async fn introspect(
    issuer: &Issuer,
    request: &PresentedToken<'_>,
    now: Timestamp,
) -> Result<Option<ActiveToken>, Reason> {
    // 1. Authenticate the caller, and throttle it: RFC 7662 2.1 and 4.
    let caller = client::authenticated(issuer, &request.asker, now).await?;

    // 2. The caller must be allowed to introspect: RFC 7662 4.
    if !caller.client.may_introspect {
        return Err(Reason::IntrospectionNotAllowed);
    }

    // 3. The token must be active (2.2), and for the caller (4).
    let Some(token) = own_token(issuer, request.token, now).await? else {
        return Ok(None);
    };
    let active = is_active(issuer, &token, now).await?;
    Ok(Some(token).filter(|token| active && token.is_for(issuer.audiences_of(&caller))))
}

/// The token, if this service signed it with a key that isn't withdrawn and the token hasn't
/// expired. Another replica may have signed it with a key that this replica doesn't know yet, so
/// this may look at the store.
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

/// Reads the token with the keys in memory. A token that anybody can make up is no reason to look
/// at the store.
fn read(issuer: &Issuer, token: &str, now: Timestamp) -> Result<ActiveToken, Inactive> {
    let expected = Expected {
        issuer: Some(issuer.name.as_str()),
        audience: None,
        now,
    };
    // The error is not told. The answer is the same for each error, and the caller may be the
    // attacker who made the token up.
    let verified = verify(token, &issuer.directory.view().ring.jwks(now), &expected);
    let verified = verified.map_err(|error| match error {
        VerifyError::UnknownKey(_) => Inactive::AsFarAsKnown,
        _ => Inactive::ForGood,
    })?;
    serde_json::from_value(verified.claims.into()).map_err(|_| Inactive::ForGood)
}

/// Whether the token is still good: neither the token nor all tokens of the client were revoked,
/// and the client is still the one that the token was issued to.
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
