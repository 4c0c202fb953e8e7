//! The logic of the endpoints: decides about a token request, says what a token says, and revokes a
//! token. Also does the service's other work with clients and keys.
//!
//! The issuer decides everything and translates nothing. The HTTP layer turns bytes into a
//! [`TokenRequest`], and a [`Refusal`] into a status. A request is read, but not believed, when it
//! arrives here. On the way to a token, once the client has been read, the only I/O is that of the
//! audit record.

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

/// The path of the token endpoint, below the issuer. Older libraries send assertions with this
/// audience.
pub const TOKEN_PATH: &str = "/oauth2/token";

/// Issues access tokens.
#[derive(Debug)]
pub struct Issuer {
    name: IssuerUrl,
    lifetime: Lifetime,
    /// The algorithm that signs tokens of clients without an algorithm of their own.
    algorithm: Algorithm,
    /// The audience of clients without audiences of their own.
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
    /// What the witness has said since this process wrote to it.
    witnessed: Mutex<Option<SeenVersion>>,
    clock: Arc<dyn Clock>,
}

impl Issuer {
    /// Opens the service's core: makes the signing keys that are due, if it may write, reads
    /// clients and keys into memory, and opens the audit trail.
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
    /// Answers a token request, RFC 6749 4.4.2: a token, or why there is none. When this returns,
    /// the answer is in the audit trail.
    ///
    /// # Errors
    /// A [`Refusal`]: an answer for the caller, and the true reason for the log.
    pub async fn issue(&self, request: TokenRequest<'_>) -> Result<IssuedToken, Refusal> {
        let begun = Instant::now();
        let now = self.clock.now();
        let decided = match decide::decide(self, &request, now).await {
            // 7. Audit. If the record can't be written, no token is issued.
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

    /// What a token says. `None` if the token isn't active, or if the caller may not know of it.
    /// RFC 7662 2.2 requires that the two look alike.
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

    /// Revokes a token. When this returns, the revocation is in the store, in force here, and in
    /// the audit trail. It is in force at other replicas within a second. The caller must run this
    /// to its end, even if the client hangs up: a revocation must not lack its record.
    ///
    /// # Errors
    /// A [`Refusal`], which is in the audit trail when this returns. With
    /// [`Reason::AuditUnavailable`] the token may be revoked nevertheless. To revoke it again is no
    /// error.
    pub async fn revoke(&self, request: PresentedToken<'_>) -> Result<(), Refusal> {
        let revoked = revoke::revoke(self, &request, self.clock.now()).await;
        self.told(Endpoint::Revocation, revoked, &request.asker)
            .await
    }

    /// Counts a refusal, has it recorded in the audit trail, and gives it back. Also for requests
    /// that could not be read, which reach no pipeline.
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

    /// What the caller is told about a decision. A refusal is then on record.
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
        // On the heap, since every token would carry its state otherwise.
        Err(Box::pin(self.refuse(endpoint, refusal, asker.origin)).await)
    }

    /// The audiences that a client's tokens are for, and that the client may ask about. The default
    /// audience if the client has none of its own.
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

    /// Fetches the keys of clients that publish them, until the future is dropped. Calls `tell`
    /// with each change.
    pub async fn fetch_client_keys(&self, tell: impl Fn(Fetched<'_>)) {
        self.remote_keys.run(tell).await;
    }

    /// Does the work beside answering requests, until the future is dropped. If a task fails, it is
    /// tried again. [`Self::readiness`] shows the failures that matter.
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

    /// Does what the key schedule says, for example makes the next signing key when it is due. A
    /// replica that may not write leaves that to the others.
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

    /// Puts the stop into the audit trail, and writes down what has only been noted. Call it when
    /// no request is in flight any more.
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

    /// Why the store can't tell that something has changed. `None` if it can. Polls find a change
    /// as well, a moment later.
    #[must_use]
    pub fn unheard(&self) -> Option<String> {
        self.store.unheard()
    }

    /// Whether a signing key was withdrawn, and all tokens that it signed with it.
    #[must_use]
    pub fn is_key_revoked(&self, id: &str) -> bool {
        self.directory.view().ring.is_revoked(id)
    }
}

#[cfg(test)]
mod tests;
