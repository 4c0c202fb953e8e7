//! Revocation, RFC 7009: a client ends a token of its own before its time.

use jiff::Timestamp;

use super::introspect::ActiveToken;
use super::{Issuer, PresentedToken, record};
use crate::audit::Event;
use crate::store::{RevokedToken, StoreError};
use crate::token::{Client, Endpoint, Reason, Refusal, TokenId};

impl Issuer {
    /// Revokes a token. When this returns, that is in the store, in force here, and in the audit
    /// trail; elsewhere it is in force within a second. To be run to its end, also when the caller
    /// hangs up: a revocation must not lack its record.
    ///
    /// # Errors
    /// [`Refusal`], which is in the audit trail when this returns. The token may be revoked nevertheless when it is
    /// [`Reason::AuditUnavailable`]: to revoke it again is no error.
    pub async fn revoke(&self, request: PresentedToken<'_>) -> Result<(), Refusal> {
        let revoked = self.try_to_revoke(&request, self.clock.now()).await;
        let Err(reason) = revoked else { return Ok(()) };
        Err(self
            .refused(Endpoint::Revocation, reason, &request.asker)
            .await)
    }

    async fn try_to_revoke(
        &self,
        request: &PresentedToken<'_>,
        now: Timestamp,
    ) -> Result<(), Reason> {
        // 1. Authenticate the client, and throttle it: RFC 7009 2.1 and 5.
        let caller = self.admit(&request.asker, now).await?;

        // 2. What is no token, or none any more, is as good as revoked: RFC 7009 2.2.
        let Some(token) = self.own_token(request.token, now).await? else {
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
        let revoked = self.directory.revocations.revoke(token, now).await;
        revoked.map_err(|error| match error {
            StoreError::TooManyRevoked { .. } => Reason::TooManyRevocations,
            _ => Reason::StoreUnavailable,
        })?;
        self.meter.revoked.inc();

        // 5. Audit.
        let written = self
            .trail
            .write(record(event, request.asker.origin, now))
            .await;
        written.map_err(|_| Reason::AuditUnavailable)
    }
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
