//! The endpoints' logic: from a request, read but not believed, to a token or a refusal, to what a
//! token says, to the end of one; and what else the service does with clients and keys.
//!
//! Decides everything and translates nothing: bytes become a [`TokenRequest`], and a [`Refusal`]
//! becomes a status, in the HTTP layer. Does no I/O on the way to a token but the audit record's,
//! once the client has been read.

mod authenticate;
mod client;
mod decide;
mod introspect;
mod key_schedule;
mod lifespan;
mod meter;
mod metrics;
mod readiness;
mod records;
mod request;
mod revoke;
mod sign;
mod upkeep;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dropshot_chassis::Readiness;
use tokio::time::Instant;

use authenticate::Authenticator;
pub use introspect::ActiveToken;
use key_schedule::KeySchedule;
use meter::Meter;
use records::Records;
pub use request::{Asker, IssuedToken, Origin, PresentedToken, TokenRequest};

use crate::admin::{ChangeLog, Installation, StartError, Witness};
use crate::audit::AuditError;
use crate::clock::Clock;
use crate::config::{Config, IssuerUrl, PolicyConfig};
use crate::directory::{Account, Directory, LoadError, remote_keys};
use crate::guard::{Sampling, Throttle};
use crate::keys::{Fetched, Jwks, RemoteKeys};
use crate::store::{SeenVersion, Store};
use crate::token::{Algorithm, Audience, Endpoint, Lifetime, Reason, Refusal};

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
    records: Records,
    changes: ChangeLog,
    store: Arc<dyn Store>,
    witness: Witness,
    /// What it says since this process wrote it.
    witnessed: Mutex<Option<SeenVersion>>,
    clock: Arc<dyn Clock>,
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
            records: Records {
                trail: installation.open_trail(config).await?,
                sampling: Sampling::default(),
                reserve: config.audit.reserve,
                meter: Meter::default(),
            },
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
        let now = self.clock.now();
        let decided = match decide::decide(self, &request, now).await {
            // 7. Audit. What can't be written down doesn't happen.
            Ok(issued) => {
                let written = self
                    .records
                    .issued(&issued, request.asker.origin, now)
                    .await;
                written
                    .map(|()| issued)
                    .map_err(|_| Reason::AuditUnavailable)
            }
            refused => refused,
        };
        let told = self.told(Endpoint::Token, decided, &request.asker).await;
        self.records.meter.decisions.observe(begun.elapsed());
        told
    }

    /// Says what a token says. `None` if it isn't active, or not for the caller to know of: RFC
    /// 7662 2.2 has those look alike.
    ///
    /// # Errors
    /// [`Refusal`], which is in the audit trail when this returns.
    pub async fn introspect(
        &self,
        request: PresentedToken<'_>,
    ) -> Result<Option<ActiveToken>, Refusal> {
        let answer = introspect::introspect(self, &request, self.clock.now()).await;
        if let Ok(token) = &answer {
            self.records.meter.introspected(token.is_some());
        }
        self.told(Endpoint::Introspection, answer, &request.asker)
            .await
    }

    /// Revokes a token. When this returns, that is in the store, in force here, and in the audit
    /// trail; elsewhere it is in force within a second. To be run to its end, also when the caller
    /// hangs up: a revocation must not lack its record.
    ///
    /// # Errors
    /// [`Refusal`], which is in the audit trail when this returns. The token may be revoked
    /// nevertheless if it is [`Reason::AuditUnavailable`]: to revoke it again is no error.
    pub async fn revoke(&self, request: PresentedToken<'_>) -> Result<(), Refusal> {
        let revoked = revoke::revoke(self, &request, self.clock.now()).await;
        self.told(Endpoint::Revocation, revoked, &request.asker)
            .await
    }

    /// Counts a refusal, sees to its record in the audit trail, and gives it back. Also for
    /// requests that could not be read, which nobody else has decided about.
    pub async fn refuse(
        &self,
        endpoint: Endpoint,
        refusal: Refusal,
        origin: Origin<'_>,
    ) -> Refusal {
        let now = self.clock.now();
        self.records.refuse(endpoint, &refusal, origin, now).await;
        refusal
    }

    /// What the caller is told of a decision; a refusal is on record.
    async fn told<T>(
        &self,
        endpoint: Endpoint,
        decided: Result<T, Reason>,
        asker: &Asker<'_>,
    ) -> Result<T, Refusal> {
        let reason = match decided {
            Ok(done) => return Ok(done),
            Err(reason) => reason,
        };
        let refusal = Refusal::from(reason)
            .of(asker.named_client())
            .by(self.name.as_str());
        Err(self.refuse(endpoint, refusal, asker.origin).await)
    }

    /// The audiences that a client's tokens are for, and that it may ask about: the default where
    /// it has none of its own.
    fn audiences_of<'a>(&'a self, account: &'a Account) -> &'a Arc<[Audience]> {
        account.audiences.as_ref().unwrap_or(&self.audience)
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

    /// Does what has to be done beside answering requests, until the future is dropped. What fails
    /// is tried again, and shows in [`Self::readiness`] where it matters.
    pub async fn follow(&self) {
        upkeep::follow(self).await;
    }

    /// Applies the store's changes now.
    ///
    /// # Errors
    /// Why they can't be read.
    pub async fn refresh(&self) -> Result<(), String> {
        let done = self.directory.refresh(self.clock.now()).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    /// Makes the next signing key if it is time, and what else the schedule says; a replica that
    /// may not write leaves that to others.
    ///
    /// # Errors
    /// Why it can't be done.
    pub async fn keep_key_schedule(&self) -> Result<(), String> {
        upkeep::keep_key_schedule(self).await
    }

    /// Puts the start of the service into the audit trail.
    ///
    /// # Errors
    /// [`AuditError`]: the trail can't be written, so no token could be issued.
    pub async fn started(&self) -> Result<(), AuditError> {
        upkeep::started(self).await
    }

    /// To be called when no request is in flight any more: puts the stop into the audit trail, and
    /// writes down what has only been noted.
    ///
    /// # Errors
    /// [`AuditError`]: not all records are on the disk.
    pub async fn stopped(&self) -> Result<(), AuditError> {
        upkeep::stopped(self).await
    }

    /// Whether a good request would get a token.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        readiness::readiness(self)
    }

    /// Why the store doesn't say that something has changed, where it could. Polls find that as
    /// well, a moment later.
    #[must_use]
    pub fn unheard(&self) -> Option<String> {
        self.store.unheard()
    }

    /// Whether a signing key was withdrawn, and with it all tokens that it signed.
    #[must_use]
    pub fn is_key_revoked(&self, id: &str) -> bool {
        self.directory.view().ring.is_revoked(id)
    }
}

#[cfg(test)]
mod tests;
