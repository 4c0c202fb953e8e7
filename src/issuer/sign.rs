//! Signs a token that says what was granted.

use std::sync::Arc;

use jiff::Timestamp;

use super::IssuedToken;
use super::lifespan::Lifespan;
use crate::config::IssuerUrl;
use crate::keys::{SignError, SigningKey};
use crate::token::{
    Audience, Claims, Client, Confirmation, GrantType, Reason, Scope, TokenId, UnsignedToken,
};

/// What the token is to say.
pub(super) struct Granted {
    pub grant_type: GrantType,
    pub scope: Scope,
    pub audiences: Arc<[Audience]>,
    pub confirmation: Option<Confirmation>,
    pub lifespan: Lifespan,
}

/// Signs a token that says what was granted: RFC 9068 2.
pub(super) async fn sign(
    issuer: &IssuerUrl,
    key: &SigningKey,
    client: &Client,
    granted: Granted,
) -> Result<IssuedToken, Reason> {
    let Granted {
        grant_type,
        scope,
        audiences,
        confirmation,
        lifespan,
    } = granted;
    let expires_at = Timestamp::from_second(lifespan.expires_at);
    let expires_at = expires_at.map_err(|_| Reason::SigningFailed)?;
    let token_id = TokenId::generate().map_err(|_| Reason::SigningFailed)?;
    let claims = Claims {
        issuer: issuer.as_str(),
        subject: &client.id,
        client_id: &client.id,
        audiences: &audiences,
        expires_at: lifespan.expires_at,
        issued_at: lifespan.issued_at,
        token_id: &token_id,
        confirmation: confirmation.as_ref(),
        scope: &scope,
    };
    let token = UnsignedToken::new(key.header(), &claims);
    Ok(IssuedToken {
        access_token: key.sign(token).await.map_err(|error| match error {
            SignError::Token(_) => Reason::NoSigningKey,
            SignError::BadKey(_) | SignError::Failed(_) => Reason::SigningFailed,
        })?,
        expires_in: lifespan.expires_in,
        expires_at,
        expires_in_as: client.expires_in_as,
        client_id: client.id.clone(),
        grant_type,
        audiences,
        token_id,
        key_id: key.shared_id(),
        algorithm: key.algorithm(),
        scope,
    })
}
