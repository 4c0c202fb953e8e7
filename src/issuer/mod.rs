//! The endpoints' logic: from a request, read but not believed, to a token or a refusal, to what a
//! token says, to the end of one; and what else the service does with clients and keys.
//!
//! Decides everything and translates nothing: bytes become a [`TokenRequest`], and a [`Refusal`]
//! becomes a status, in the HTTP layer. Does no I/O on the way to a token but the audit record's,
//! once the client has been read.

mod admission;
mod authenticate;
mod figures;
mod introspect;
mod key_schedule;
mod lifespan;
mod meter;
mod readiness;
mod request;
mod revoke;
mod upkeep;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dropshot_chassis::identity::ClientCertificate;
use jiff::Timestamp;
use tokio::time::Instant;

use authenticate::Authenticator;
pub use introspect::ActiveToken;
use key_schedule::KeySchedule;
use lifespan::{Ends, Lifespan};
use meter::Meter;
pub use readiness::{Problem, Readiness};
pub use request::{Asker, IssuedToken, Origin, PresentedToken, TokenRequest};

use crate::admin::{ChangeLog, Installation, StartError, Witness};
use crate::audit::{Event, Record, Refused, Trail};
use crate::clock::Clock;
use crate::config::{Config, IssuerUrl, PolicyConfig};
use crate::directory::{Account, Directory, LoadError, remote_keys};
use crate::guard::{Sampling, Throttle};
use crate::keys::{Fetched, Jwks, KeyRing, RemoteKeys, SignError, SigningKey};
use crate::store::{SeenVersion, Store};
use crate::token::{
    Algorithm, Audience, CertificateBinding, Claims, Client, Confirmation, Endpoint, GrantType,
    Lifetime, Reason, Refusal, Scope, TokenId, UnsignedToken, narrowed_audiences,
};

/// Where the token endpoint is, below the issuer: what older libraries' assertions are for.
pub const TOKEN_PATH: &str = "/oauth2/token";

/// Issues access tokens.
#[derive(Debug)]
pub struct Issuer {
    name: IssuerUrl,
    lifetime: Lifetime,
    /// How tokens are signed for clients that have no algorithm of their own.
    algorithm: Algorithm,
    /// The audience of clients that have none of their own.
    audience: Arc<[Audience]>,
    directory: Directory,
    keys: KeySchedule,
    authenticator: Authenticator,
    remote_keys: Arc<RemoteKeys>,
    throttle: Arc<Throttle>,
    policy: PolicyConfig,
    trail: Trail,
    /// Refusals that share records.
    sampling: Sampling,
    /// Bytes of the trail's disk that are kept for decisions.
    reserve: u64,
    changes: ChangeLog,
    meter: Meter,
    store: Arc<dyn Store>,
    witness: Witness,
    /// What it says since this process wrote it.
    witnessed: Mutex<Option<SeenVersion>>,
    clock: Arc<dyn Clock>,
}

/// What a token is to say.
struct Granted {
    grant_type: GrantType,
    scope: Scope,
    audiences: Arc<[Audience]>,
    confirmation: Option<Confirmation>,
    lifespan: Lifespan,
}

impl Issuer {
    /// Opens the service's core: makes the signing keys that are due, where it may, reads them into
    /// memory, opens the audit trail.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(installation: &Installation, config: &Config) -> Result<Self, StartError> {
        let store = installation.store().clone();
        let (vault, clock) = (installation.vault.clone(), installation.clock.clone());
        let keys = installation.keys().clone();
        let changed_keys = if store.is_read_only() {
            Vec::new()
        } else {
            keys.keep_schedule().await?
        };
        let audience = match &config.token.audience {
            Some(audience) => audience.clone(),
            None => Audience::parse(config.issuer.as_str()).map_err(|_| StartError::NoAudience)?,
        };
        let remote_keys = Arc::new(remote_keys(&config.jwks_uri)?);
        let remote = remote_keys.clone();
        let directory = Directory::load(
            store.clone(),
            vault.clone(),
            &config.store,
            remote,
            clock.clone(),
        )
        .await
        .map_err(|error| match error {
            LoadError::Store(error) => StartError::Store(error),
            LoadError::Key(error) => StartError::Key(error),
        })?;
        directory.note_changed_keys(changed_keys);
        let throttle = Arc::new(Throttle::new(&config.throttle));
        Ok(Self {
            name: config.issuer.clone(),
            lifetime: config.token.lifetime,
            algorithm: config.token.algorithm,
            audience: [audience].into(),
            directory,
            keys: KeySchedule::new(keys, store.clone()),
            authenticator: Authenticator::new(config, vault, throttle.clone(), remote_keys.clone()),
            remote_keys,
            policy: config.policy,
            throttle,
            changes: installation.changes.clone(),
            trail: installation.open_trail(config).await?,
            sampling: Sampling::default(),
            reserve: config.audit.reserve,
            meter: Meter::default(),
            store,
            witness: installation.witness.clone(),
            witnessed: Mutex::default(),
            clock,
        })
    }
    /// Answers a token request, RFC 6749 4.4.2: a token, or why not. Either is in the audit trail
    /// when this returns.
    ///
    /// # Errors
    /// [`Refusal`], for the caller and, with its true reason, for the log.
    pub async fn issue(&self, request: TokenRequest<'_>) -> Result<IssuedToken, Refusal> {
        let begun = Instant::now();
        let decided = self.decide_on_record(&request).await;
        self.meter.decisions.observe(begun.elapsed());
        decided
    }

    async fn decide_on_record(&self, request: &TokenRequest<'_>) -> Result<IssuedToken, Refusal> {
        let now = self.clock.now();
        let reason = match self.decide(request, now).await {
            // 7. Audit. What can't be written down doesn't happen.
            Ok(issued) => match self
                .trail
                .write(issued_record(&issued, request.asker.origin, now))
                .await
            {
                Ok(()) => {
                    self.meter.token_issued(issued.grant_type, issued.algorithm);
                    return Ok(issued);
                }
                Err(_) => Reason::AuditUnavailable,
            },
            Err(reason) => reason,
        };
        Err(self.refused(Endpoint::Token, reason, &request.asker).await)
    }

    async fn decide(
        &self,
        request: &TokenRequest<'_>,
        now: Timestamp,
    ) -> Result<IssuedToken, Reason> {
        // 1. Authenticate the client, and 2. throttle it.
        let account = self.admit(&request.asker, now).await?;
        let view = self.directory.view();
        let client = &account.client;

        // 3. The grant: RFC 6749 4.4.2 and 5.2.
        let grant = request.grant_type.ok_or(Reason::GrantMissing)?;
        let grant: GrantType = grant.parse().map_err(|_| Reason::GrantUnknown)?;
        if !client.grants.contains(&grant) {
            return Err(Reason::GrantNotAllowed);
        }

        // 4. The scope, RFC 6749 3.3, and the audience, RFC 8707 2.
        let scope = client.scope.narrowed_to(request.scope)?;
        let audiences = narrowed_audiences(self.audiences_of(&account), request.resources)?;

        // 5. The certificate that the token is bound to: RFC 8705 3.
        let confirmation = {
            let binding = client
                .certificate_binding
                .max(self.policy.certificate_binding);
            confirmation(binding, request.asker.origin)?
        };

        // 6. Sign: RFC 9068 2.
        let key = self.signer(&view.ring, client, now);
        let key = key.ok_or(Reason::NoSigningKey)?;
        let lifetime = client.token_lifetime.unwrap_or(self.lifetime);
        let ends = Ends {
            certificate: request
                .asker
                .origin
                .certificate
                .filter(|_| confirmation.is_some()),
            key: view.ring.published_until(key),
        };
        let granted = Granted {
            grant_type: grant,
            scope,
            audiences,
            confirmation,
            lifespan: Lifespan::of(&account, lifetime, ends, now)?,
        };
        self.sign(key, client, granted).await
    }

    /// The audiences that a client's tokens are for, and that it may ask about: the default where
    /// it has none of its own.
    fn audiences_of<'a>(&'a self, account: &'a Account) -> &'a Arc<[Audience]> {
        account.audiences.as_ref().unwrap_or(&self.audience)
    }

    /// The key for a client's tokens. While there is none yet of a new default algorithm, that of
    /// the one before goes on.
    fn signer<'a>(
        &self,
        ring: &'a KeyRing,
        client: &Client,
        now: Timestamp,
    ) -> Option<&'a Arc<SigningKey>> {
        match client.token_algorithm {
            Some(algorithm) => ring.signer(Some(algorithm), now),
            None => ring
                .signer(Some(self.algorithm), now)
                .or_else(|| ring.signer(None, now)),
        }
    }

    async fn sign(
        &self,
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
            issuer: self.name.as_str(),
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

    async fn refused(&self, endpoint: Endpoint, reason: Reason, asker: &Asker<'_>) -> Refusal {
        let refusal = Refusal::from(reason)
            .of(asker.named_client())
            .by(self.name.as_str());
        self.refuse(endpoint, refusal, asker.origin).await
    }

    /// Counts a refusal, sees to its record in the audit trail, and gives it back. Also for
    /// requests that could not be read, so that nobody else has decided about them.
    pub async fn refuse(
        &self,
        endpoint: Endpoint,
        refusal: Refusal,
        origin: Origin<'_>,
    ) -> Refusal {
        self.meter.refused(endpoint, refusal.reason);
        let now = self.clock.now();
        let record = || {
            let refused = Refused {
                client_id: refusal.client_id.clone(),
                error: refusal.code().as_str(),
                reason: refusal.reason.name(),
                turned_away: match refusal.reason {
                    Reason::TooManyFailures { turned_away, .. } => Some(turned_away),
                    _ => None,
                },
                count: None,
            };
            let event = match endpoint {
                Endpoint::Token => Event::TokenRefused(refused),
                Endpoint::Introspection => Event::IntrospectionRefused(refused),
                Endpoint::Revocation => Event::RevocationRefused(refused),
            };
            record(event, origin, now)
        };
        let record = if refusal.reason.is_anybodys() {
            let kind = (origin.source, endpoint, refusal.reason.name());
            self.sampling.admit(kind, record, now)
        } else {
            Some(record())
        };
        if let Some(record) = record {
            self.trail.note(record).await;
        }
        refusal
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

    /// How long verifiers may keep the public keys.
    #[must_use]
    pub fn jwks_max_age(&self) -> Duration {
        self.keys.max_age()
    }

    /// Fetches the keys of clients that publish them, until it is dropped, and tells what changes.
    pub async fn fetch_client_keys(&self, tell: impl Fn(Fetched<'_>)) {
        self.remote_keys.run(tell).await;
    }

    /// Whether a signing key was withdrawn, and with it all tokens that it signed.
    #[must_use]
    pub fn is_key_revoked(&self, id: &str) -> bool {
        self.directory.view().ring.is_revoked(id)
    }
}

/// The certificate that a token is to be bound to, if to any.
fn confirmation(
    binding: CertificateBinding,
    origin: Origin<'_>,
) -> Result<Option<Confirmation>, Reason> {
    let shown = origin.certificate.map(|certificate| Confirmation {
        thumbprint: certificate.thumbprint(),
    });
    match (binding, shown) {
        (CertificateBinding::Off, _) | (CertificateBinding::WhenPresented, None) => Ok(None),
        (CertificateBinding::Required, None) => Err(Reason::CertificateMissing),
        (_, Some(shown)) => Ok(Some(shown)),
    }
}

fn issued_record(issued: &IssuedToken, origin: Origin<'_>, now: Timestamp) -> Record {
    let event = Event::TokenIssued {
        client_id: issued.client_id.clone(),
        grant_type: issued.grant_type.as_str(),
        scope: issued.scope.clone(),
        audiences: issued.audiences.clone(),
        token_id: issued.token_id,
        key_id: issued.key_id.clone(),
        expires_at: issued.expires_at,
    };
    record(event, origin, now)
}

fn record(event: Event, origin: Origin<'_>, now: Timestamp) -> Record {
    Record {
        source: Some(origin.source),
        correlation_id: origin.correlation_id.map(Box::from),
        certificate: origin.certificate.map(ClientCertificate::thumbprint),
        ..Record::of(now, event)
    }
}

#[cfg(test)]
mod tests;
