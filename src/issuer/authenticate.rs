//! Client authentication, RFC 6749 2.3. This file checks secrets (2.3.1). [`assertion`] checks
//! signed assertions, [`certificate`] certificates.
//!
//! A caller that fails learns nothing from the time that the answer takes. These cases cost the
//! same work: an unknown client, a wrong secret, a disabled client, and a client that asks from a
//! network that it may not ask from. For generated secrets, that work is a keyed digest. For chosen
//! secrets it is Argon2, until the right secret has been seen once. After that, the digest tells
//! that a secret is wrong as well. While any client has a chosen secret that is unproven, every
//! failing authentication does as much work as that client's check would. That includes the kinds
//! of hashes that came from another server.
//!
//! A caller that has failed too often is turned away before that work. The service does not look at
//! a secret that could be guessed. A generated secret can't be guessed, so it is accepted at any
//! time. Guesses from behind the same gateway therefore don't lock its client out.

mod assertion;
mod certificate;

use std::net::IpAddr;
use std::sync::Arc;

use dropshot_chassis::identity::Source;
use jiff::Timestamp;

use super::TOKEN_PATH;
use crate::config::{Config, IssuerUrl, PolicyConfig};
use crate::directory::{Account, Accounts, Authenticated, Found, LiveSecret};
use crate::guard::{ClientAtSource, Throttle, Turns};
use crate::keys::{RemoteKeys, Vault};
use crate::token::{
    AuthMethod, BasicCredential, ClientSecret, Credential, Effort, Reason, SecretHash,
};

/// Checks credentials.
#[derive(Debug)]
pub(super) struct Authenticator {
    /// The service's identifier, the audience of assertions.
    issuer: IssuerUrl,
    /// The audience of assertions from older libraries.
    token_endpoint: String,
    policy: PolicyConfig,
    vault: Arc<Vault>,
    throttle: Arc<Throttle>,
    turns: Turns,
    /// The keys of clients that publish them.
    remote_keys: Arc<RemoteKeys>,
}

/// What is known of the client that a credential names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named<'a> {
    Known(&'a Arc<Account>),
    /// There is no such client.
    Unknown,
    /// The service can't tell, because it can't read the store. The check costs the work of a
    /// failure, but does not count as one: the credential may be right.
    Unclear,
}

/// What is to be checked, and for which client.
struct Attempt<'a> {
    credential: &'a BasicCredential,
    named: Named<'a>,
    /// Why the client gets nothing even with the right secret.
    barred: Option<Reason>,
    caller: ClientAtSource,
    /// True if the client has authenticated from this source before.
    at_home: bool,
    now: Timestamp,
}

impl Authenticator {
    pub(super) fn new(
        config: &Config,
        vault: Arc<Vault>,
        throttle: Arc<Throttle>,
        remote_keys: Arc<RemoteKeys>,
    ) -> Self {
        let issuer = &config.issuer;
        Self {
            issuer: issuer.clone(),
            token_endpoint: format!("{issuer}{TOKEN_PATH}"),
            policy: config.policy,
            vault,
            throttle,
            turns: Turns::new(),
            remote_keys,
        }
    }

    /// Refuses what is wrong with the credential, whichever client it names.
    pub(super) fn check_form(
        &self,
        credential: &Credential,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), Reason> {
        match credential {
            Credential::Assertion(assertion) => self.check_claims(assertion, address, now),
            Credential::Basic(_) | Credential::Certificate(_) => Ok(()),
        }
    }

    /// Whether the credential proves the client that it names.
    pub(super) async fn authenticate(
        &self,
        accounts: &Accounts,
        named: Named<'_>,
        credential: &Credential,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Authenticated, Reason> {
        match credential {
            Credential::Basic(basic) => {
                self.check_secret(accounts, named, basic, address, now)
                    .await
            }
            Credential::Assertion(assertion) => {
                self.check_assertion(accounts, named, assertion, address, now)
            }
            Credential::Certificate(certificate) => {
                self.check_certificate(named, certificate, address, now)
            }
        }
    }

    /// The key under which failures are counted. Failures with the id of a client before its
    /// registration don't count against the client.
    fn caller(&self, named: Named<'_>, id: Option<&str>, source: Source) -> ClientAtSource {
        let registered = named.account().map(|account| account.registered_at());
        self.throttle.caller((id, registered), source)
    }

    /// Why the client gets nothing, whatever it proves: because of the client's own state, or
    /// because of the policy.
    fn barred(
        &self,
        account: &Account,
        method: AuthMethod,
        address: IpAddr,
        now: Timestamp,
    ) -> Option<Reason> {
        let barred = account.barred(method, address, now);
        let by_secret = method == AuthMethod::ClientSecretBasic;
        let forbids = || {
            by_secret
                && (!self.policy.client_secret_basic
                    || (!self.policy.chosen_secrets && account.has_chosen_secrets_alone(now)))
        };
        barred.or_else(|| forbids().then_some(Reason::AgainstPolicy))
    }

    /// Counts a failure and gives its reason. After too many failures, gives that reason instead,
    /// and counts nothing.
    fn failed(
        &self,
        named: Named<'_>,
        caller: ClientAtSource,
        reason: Reason,
        now: Timestamp,
    ) -> Reason {
        let at_home = self.throttle.has_succeeded(caller, now);
        match self.throttle.may_try(caller, at_home, now) {
            Ok(()) => {
                self.count(named, caller, now);
                reason
            }
            Err(turned_away) => turned_away,
        }
    }

    fn count(&self, named: Named<'_>, caller: ClientAtSource, now: Timestamp) {
        if !matches!(named, Named::Unclear) {
            self.throttle.failed(caller, now);
        }
    }

    async fn check_secret(
        &self,
        accounts: &Accounts,
        named: Named<'_>,
        credential: &BasicCredential,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Authenticated, Reason> {
        let source = Source::from(address);
        let account = named.account();
        let caller = self.caller(named, credential.client_id(), source);
        let attempt = Attempt {
            credential,
            named,
            barred: account.and_then(|account| {
                self.barred(account, AuthMethod::ClientSecretBasic, address, now)
            }),
            caller,
            at_home: self.throttle.has_succeeded(caller, now)
                || account.is_some_and(|account| account.was_used_from(source)),
            now,
        };
        let proven = match self.prove(&attempt)? {
            Some(proven) => Some(proven),
            // On the heap, since every request would carry its state otherwise.
            None => Box::pin(self.prove_chosen(accounts, &attempt, source)).await?,
        };
        let account = named.known()?;
        let Some(secret) = proven else {
            let is_long_enough = |it: &ClientSecret| self.policy.is_long_enough(it.expose());
            let too_short = !credential.readings().any(is_long_enough);
            let wrong = match too_short {
                true => Reason::AgainstPolicy,
                false => Reason::WrongSecret,
            };
            return Err(attempt.barred.unwrap_or(wrong));
        };
        self.throttle.succeeded(caller, now);
        let account = account.clone();
        Ok(Authenticated {
            account,
            secret: Some(secret),
        })
    }

    /// Proves what a digest can prove, and turns away a caller that failed too often.
    fn prove(&self, attempt: &Attempt<'_>) -> Result<Option<Arc<LiveSecret>>, Reason> {
        let matched = self.match_digest(attempt.named, attempt.credential, attempt.now);
        let matched = matched.filter(|_| attempt.barred.is_none());
        let can_not_be_guessed = |secret: &Arc<LiveSecret>| secret.is_generated();
        if !matched.as_ref().is_some_and(can_not_be_guessed) {
            self.throttle
                .may_try(attempt.caller, attempt.at_home, attempt.now)?;
        }
        Ok(matched)
    }

    /// Looks for the credential among the secrets whose check is costly, if the service has such
    /// secrets. Counts a failure.
    async fn prove_chosen(
        &self,
        accounts: &Accounts,
        attempt: &Attempt<'_>,
        source: Source,
    ) -> Result<Option<Arc<LiveSecret>>, Reason> {
        if accounts.costly_checks(attempt.now).is_none() {
            self.count(attempt.named, attempt.caller, attempt.now);
            return Ok(None);
        }
        let turn = self.turns.wait(source, attempt.at_home).await;
        let turn = turn.ok_or(Reason::TooManyVerifications)?;
        // Requests that went before may have proven the same secret, or used up the free failures.
        if let Some(proven) = self.prove(attempt)? {
            return Ok(Some(proven));
        }
        let checks = accounts.costly_checks(attempt.now);
        let counts = !matches!(attempt.named, Named::Unclear);
        let (vault, throttle) = (self.vault.clone(), self.throttle.clone());
        let (caller, now) = (attempt.caller, attempt.now);
        let readings: Vec<ClientSecret> = attempt.credential.readings().cloned().collect();
        let (secrets, policy) = (attempt.unproven(), self.policy);
        let check = move || {
            // The blocking task owns all of this, not the request. If a caller hangs up, the turn
            // stays taken until the check ends, and the failure still counts.
            let _turn = turn;
            let matched = run_checks(&vault, &policy, &readings, &secrets, checks);
            if matched.is_none() && counts {
                throttle.failed(caller, now);
            }
            matched
        };
        // Only a shutdown of the runtime ends the task early.
        tokio::task::spawn_blocking(check)
            .await
            .map_err(|_| Reason::TooManyVerifications)
    }

    /// The live secret with the digest of one of the readings. Always computes a digest for each
    /// reading.
    fn match_digest(
        &self,
        named: Named<'_>,
        credential: &BasicCredential,
        now: Timestamp,
    ) -> Option<Arc<LiveSecret>> {
        let mut matched = None;
        for reading in credential.readings() {
            let digest = self.vault.hasher().digest(reading);
            for secret in named.account().iter().flat_map(|account| &account.secrets) {
                let same = secret.digest().is_some_and(|kept| digest.matches(kept));
                let is_allowed =
                    secret.is_generated() || self.policy.allows_chosen(reading.expose());
                if same && is_allowed && secret.stored.is_live(now) {
                    matched = Some(secret.clone());
                }
            }
        }
        matched
    }
}

impl<'a> Named<'a> {
    /// The client that the store found.
    pub(super) fn by(found: &'a Found) -> Self {
        found.as_ref().map_or(Self::Unknown, Self::Known)
    }

    fn account(self) -> Option<&'a Arc<Account>> {
        match self {
            Self::Known(account) => Some(account),
            Self::Unknown | Self::Unclear => None,
        }
    }

    /// The client, or the reason why there is none.
    fn known(self) -> Result<&'a Arc<Account>, Reason> {
        match self {
            Self::Known(account) => Ok(account),
            Self::Unknown => Err(Reason::UnknownClient),
            Self::Unclear => Err(Reason::StoreUnavailable),
        }
    }
}

impl Attempt<'_> {
    fn unproven(&self) -> Vec<Arc<LiveSecret>> {
        let account = self.named.account().filter(|_| self.barred.is_none());
        account
            .into_iter()
            .flat_map(|account| account.unproven(self.now))
            .cloned()
            .collect()
    }
}

/// Checks each reading against the client's secrets, and then does the rest of the work on decoys.
fn run_checks(
    vault: &Vault,
    policy: &PolicyConfig,
    readings: &[ClientSecret],
    secrets: &[Arc<LiveSecret>],
    effort: Effort,
) -> Option<Arc<LiveSecret>> {
    let hasher = vault.hasher();
    let mut matched = None;
    for reading in readings {
        let mut rest = effort;
        for secret in secrets {
            let hash = &secret.stored.hash;
            rest = rest.minus(hash.effort());
            // The hash is verified first, so that an allowed and a forbidden reading cost the same.
            if hasher.verify(reading, hash) && policy.allows_chosen(reading.expose()) {
                // Two requests may find this out at once. Both find the same.
                let _known = secret.proven.set(hasher.digest(reading).to_bytes());
                if matches!(hash, SecretHash::Imported(_)) {
                    secret.own_hash.get_or_init(|| hasher.hash_chosen(reading));
                }
                matched = Some(secret.clone());
            }
        }
        hasher.verify_decoys(reading, rest);
    }
    matched
}
