//! Revocation, RFC 7009: a client ends one of its own tokens before the token expires.

use jiff::Timestamp;

use super::introspect::{ActiveToken, own_token};
use super::{Issuer, PresentedToken, client};
use crate::audit::Event;
use crate::store::{RevokedToken, StoreError};
use crate::token::{Client, Reason, TokenId};

/// Ends a token of the client that asks: RFC 7009 2.
pub(super) async fn revoke(
    issuer: &Issuer,
    request: &PresentedToken<'_>,
    now: Timestamp,
) -> Result<(), Reason> {
    // 1. Authenticate the client, and throttle it: RFC 7009 2.1 and 5.
    let caller = client::authenticated(issuer, &request.asker, now).await?;

    // 2. A text that is no token, or no longer one, counts as revoked: RFC 7009 2.2.
    let Some(token) = own_token(issuer, request.token, now).await? else {
        return Ok(());
    };

    // 3. The token must belong to the client: RFC 7009 2.1.
    let token = token.of(&caller.client).ok_or(Reason::NotTheOwner)?;

    // 4. Revoke the token, even if the audit record then fails. A token that ends too early is the
    // safe error.
    let event = Event::TokenRevoked {
        client_id: token.client_id.clone(),
        token_id: token.id,
        expires_at: token.expires_at,
    };
    let revoked = issuer.directory.revocations.revoke(token, now).await;
    revoked.map_err(|error| match error {
        StoreError::TooManyRevoked { .. } => Reason::TooManyRevocations,
        _ => Reason::StoreUnavailable,
    })?;
    issuer.records.meter.revoked.inc();

    // 5. Audit.
    let origin = request.asker.origin;
    let written = issuer.records.write(event, origin, now).await;
    written.map_err(|_| Reason::AuditUnavailable)
}

impl ActiveToken {
    /// What the store keeps of the revoked token. `None` if it is not the client's token.
    fn of(&self, client: &Client) -> Option<RevokedToken> {
        if self.client_id != client.id.as_str() {
            return None;
        }
        Some(RevokedToken {
            id: TokenId::parse(&self.token_id)?,
            client_id: client.id.clone(),
            expires_at: Timestamp::from_second(self.expires_at).ok()?,
        })
    }
}
