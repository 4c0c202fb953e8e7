//! Revocation, RFC 7009: a client ends a token of its own before its time.

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

    // 2. What is no token, or none any more, is as good as revoked: RFC 7009 2.2.
    let Some(token) = own_token(issuer, request.token, now).await? else {
        return Ok(());
    };

    // 3. It must be the client's own: RFC 7009 2.1.
    let token = token.of(&caller.client).ok_or(Reason::NotTheOwner)?;

    // 4. Revoke it, also when its record should fail: of the two, a token too few is the safe side.
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
    /// What is kept when it is revoked, if it is the client's.
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
