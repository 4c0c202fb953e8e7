//! The token endpoint's logic: from a request, read but not believed, to a token or a refusal; and what else the service does
//! with clients and keys.
//!
//! Decides everything and translates nothing: bytes become a [`TokenRequest`], and a [`Refusal`] becomes a status, in the HTTP
//! layer. Does no I/O on the way to a token but the audit record's.

mod authenticate;
mod directory;
mod installation;
mod registry;
mod request;
mod status;

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use authenticate::Authenticator;
use directory::{Account, Directory};
pub use installation::{Installation, StartError};
pub use registry::{ClientRegistry, NewClient, RegistryError};
pub use request::{IssuedToken, Origin, TokenRequest};
pub use status::{Problem, Readiness};

use crate::audit::{Event, Record, Trail};
use crate::clock::Clock;
use crate::config::IssuerUrl;
use crate::keys::Jwks;
use crate::token::{
    Audience, Claims, ClientSecret, GrantType, Lifetime, Reason, Refusal, Scope, UnsignedToken,
};

/// Issues access tokens.
#[derive(Debug)]
pub struct Issuer {
    name: IssuerUrl,
    lifetime: Lifetime,
    /// The audience of clients that have none of their own.
    audience: [Audience; 1],
    directory: Directory,
    authenticator: Authenticator,
    trail: Trail,
    clock: Arc<dyn Clock>,
}

impl Issuer {
    /// Answers a token request, RFC 6749 4.4.2: a token, or why not. Either is in the audit trail when this returns.
    ///
    /// # Errors
    /// [`Refusal`], for the caller and, with its true reason, for the log.
    pub async fn issue(&self, request: TokenRequest<'_>) -> Result<IssuedToken, Refusal> {
        let now = self.clock.now();
        let origin = request.origin;
        match self.decide(request, now).await {
            // 6. Audit. What can't be written down doesn't happen.
            Ok(issued) => match self.trail.write(issued_record(&issued, origin, now)).await {
                Ok(()) => Ok(issued),
                Err(_) => {
                    self.refuse(
                        Refusal::from(Reason::AuditUnavailable).of(Some(issued.client_id.as_str())),
                        origin,
                        now,
                    )
                    .await
                }
            },
            Err(refusal) => self.refuse(refusal, origin, now).await,
        }
    }

    async fn decide(
        &self,
        request: TokenRequest<'_>,
        now: Timestamp,
    ) -> Result<IssuedToken, Refusal> {
        let view = self.directory.view();

        // 1. Authenticate the client: RFC 6749 2.3 and 3.2.1.
        let credential = request.credential.map_err(Reason::from)?;
        // People paste the secret into the wrong field; it must not end up in the trail or a log.
        let named = credential
            .client_id()
            .filter(|id| !ClientSecret::has_generated_form(id));
        let named = named.map(Box::from);
        let refused = |reason: Reason| Refusal {
            client_id: named.clone(),
            ..Refusal::from(reason)
        };
        let used = self
            .authenticator
            .authenticate(&view, &credential, now)
            .await
            .map_err(&refused)?;
        self.directory.note_use(&used, now, request.origin.source);
        let client = &used.account.client;
        if request.client_id.is_some_and(|id| id != client.id.as_str()) {
            return Err(refused(Reason::ClientIdMismatch));
        }

        // 2. Throttle. Not built: a configuration that asks for it is refused.

        // 3. The grant: RFC 6749 4.4.2 and 5.2.
        let grant = request
            .grant_type
            .ok_or_else(|| refused(Reason::GrantMissing))?;
        let grant: GrantType = grant.parse().map_err(|_| refused(Reason::GrantUnknown))?;
        if !client.grants.contains(&grant) {
            return Err(refused(Reason::GrantNotAllowed));
        }

        // 4. The scope: RFC 6749 3.3.
        let scope = client
            .scope
            .narrowed_to(request.scope)
            .map_err(|error| refused(error.into()))?;

        // 5. Sign: RFC 9068 2.
        let key = view
            .ring
            .signer(now)
            .ok_or_else(|| refused(Reason::NoSigningKey))?;
        self.sign(&used.account, grant, scope, key, now)
            .map_err(&refused)
    }

    fn sign(
        &self,
        account: &Arc<Account>,
        grant: GrantType,
        scope: Scope,
        key: &crate::keys::SigningKey,
        now: Timestamp,
    ) -> Result<IssuedToken, Reason> {
        let client = &account.client;
        let lifetime = client.token_lifetime.unwrap_or(self.lifetime);
        // Whole seconds, as the claims have them, so that `expires_at` says what `exp` does.
        let issued_at = now.as_second();
        let expires_at = Timestamp::from_second(issued_at)
            .and_then(|time| time.checked_add(SignedDuration::from_secs(lifetime.as_secs().into())))
            .map_err(|_| Reason::SigningFailed)?;
        let mut token_id = [0; 22];
        let token_id = random_token_id(&mut token_id)?;
        let audiences = if client.audiences.is_empty() {
            &self.audience[..]
        } else {
            &client.audiences
        };
        let claims = Claims {
            issuer: self.name.as_str(),
            subject: &client.id,
            client_id: &client.id,
            audiences,
            expires_at: expires_at.as_second(),
            issued_at,
            token_id,
            scope: &scope,
        };
        let token = UnsignedToken::new(key.header(), &claims);
        let access_token = key.sign(token).map_err(|_| Reason::SigningFailed)?;
        Ok(IssuedToken {
            access_token,
            expires_in: lifetime,
            expires_at,
            expires_in_as: client.expires_in_as,
            client_id: client.id.clone(),
            grant_type: grant,
            audiences: audiences.to_vec(),
            token_id: token_id.into(),
            key_id: key.id().into(),
            scope,
        })
    }

    /// Puts a refusal that was decided before a [`TokenRequest`] could be read into the audit trail, and gives it back.
    pub async fn refuse_unread(&self, refusal: Refusal, origin: Origin<'_>) -> Refusal {
        self.note_refusal(&refusal, origin, self.clock.now()).await;
        refusal
    }

    async fn refuse(
        &self,
        refusal: Refusal,
        origin: Origin<'_>,
        now: Timestamp,
    ) -> Result<IssuedToken, Refusal> {
        self.note_refusal(&refusal, origin, now).await;
        Err(refusal)
    }

    async fn note_refusal(&self, refusal: &Refusal, origin: Origin<'_>, now: Timestamp) {
        let event = Event::TokenRefused {
            client_id: refusal.client_id.clone(),
            error: refusal.code().as_str(),
            reason: refusal.reason.name(),
        };
        self.trail.note(record(event, origin, now)).await;
    }

    /// The service's identifier, the `iss` of its tokens.
    #[must_use]
    pub fn name(&self) -> &IssuerUrl {
        &self.name
    }

    /// The public keys, RFC 7517 5.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        self.directory.view().ring.jwks(self.clock.now())
    }
}

/// 128 random bits in base64url.
fn random_token_id(buffer: &mut [u8; 22]) -> Result<&str, Reason> {
    let mut bits = [0u8; 16];
    rand::fill(&mut bits).map_err(|_| Reason::SigningFailed)?;
    URL_SAFE_NO_PAD
        .encode_slice(bits, buffer)
        .map_err(|_| Reason::SigningFailed)?;
    std::str::from_utf8(buffer).map_err(|_| Reason::SigningFailed)
}

fn issued_record(issued: &IssuedToken, origin: Origin<'_>, now: Timestamp) -> Record {
    let event = Event::TokenIssued {
        client_id: issued.client_id.clone(),
        grant_type: issued.grant_type.as_str(),
        scope: issued.scope.clone(),
        audiences: issued.audiences.clone(),
        token_id: issued.token_id.clone(),
        key_id: issued.key_id.clone(),
        expires_at: issued.expires_at,
    };
    record(event, origin, now)
}

fn record(event: Event, origin: Origin<'_>, now: Timestamp) -> Record {
    Record {
        time: now,
        source: Some(origin.source),
        correlation_id: origin.correlation_id.map(Box::from),
        event,
    }
}

#[cfg(test)]
mod tests;
