//! Client authentication, RFC 6749 2.3.1: whether the secret is one of the client's.
//!
//! Who fails learns nothing from the time it takes: an unknown client, a wrong secret and a disabled client cost the same work. For
//! generated secrets that is a keyed digest. For chosen ones it is Argon2, until the right secret has been seen once; then a
//! wrong one is known by its digest as well. While any client has a chosen secret that is unproven, every failing
//! authentication runs Argon2 as often as that client's would.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::directory::{Account, LiveSecret, UsedSecret, View};
use crate::keys::Vault;
use crate::token::{ClientSecret, Credential, Reason, SecretHash};

/// Checks credentials.
#[derive(Debug)]
pub(super) struct Authenticator {
    vault: Arc<Vault>,
    /// Costly checks that run or wait.
    queue: Arc<Semaphore>,
    /// Costly checks that run.
    running: Arc<Semaphore>,
}

impl Authenticator {
    /// Each takes 19 MiB and about 20 ms of one core, which a flood of guesses would take from everybody else.
    const RUNNING: usize = 2;
    const QUEUE: usize = 64;

    pub(super) fn new(vault: Arc<Vault>) -> Self {
        Self {
            vault,
            queue: Arc::new(Semaphore::new(Self::QUEUE)),
            running: Arc::new(Semaphore::new(Self::RUNNING)),
        }
    }

    /// Finds the secret of the named client that the credential proves.
    pub(super) async fn authenticate(
        &self,
        view: &View,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<UsedSecret, Reason> {
        let account = credential.client_id().and_then(|id| view.account(id));
        let matched = self.match_digest(account, credential, now);
        let enabled = account.filter(|account| account.is_enabled());
        if let (Some(account), Some(secret)) = (enabled, matched) {
            return Ok(UsedSecret {
                account: account.clone(),
                secret,
            });
        }
        let costly_checks = view.costly_checks(now);
        if costly_checks > 0 {
            let matched = self
                .match_chosen(enabled, credential, costly_checks, now)
                .await?;
            if let (Some(account), Some(secret)) = (enabled, matched) {
                return Ok(UsedSecret {
                    account: account.clone(),
                    secret,
                });
            }
        }
        // While this request waited, another may have proven the secret, which then was none of the unproven ones any more.
        let matched = self.match_digest(account, credential, now);
        if let (Some(account), Some(secret)) = (enabled, matched) {
            return Ok(UsedSecret {
                account: account.clone(),
                secret,
            });
        }
        Err(match account {
            None => Reason::UnknownClient,
            Some(account) if !account.is_enabled() => Reason::ClientDisabled,
            Some(_) => Reason::WrongSecret,
        })
    }

    /// The live secret with the digest of a reading. Computes a digest for each reading in any case.
    fn match_digest(
        &self,
        account: Option<&Arc<Account>>,
        credential: &Credential,
        now: Timestamp,
    ) -> Option<Arc<LiveSecret>> {
        let mut matched = None;
        for reading in credential.readings() {
            let digest = self.vault.hasher().digest(reading);
            for secret in account.iter().flat_map(|account| &account.secrets) {
                let same = secret.digest().is_some_and(|kept| digest.matches(kept));
                if same && secret.stored.is_live(now) {
                    matched = Some(secret.clone());
                }
            }
        }
        matched
    }

    /// The chosen secret that a reading is, by Argon2, off the threads that serve requests.
    async fn match_chosen(
        &self,
        account: Option<&Arc<Account>>,
        credential: &Credential,
        checks: usize,
        now: Timestamp,
    ) -> Result<Option<Arc<LiveSecret>>, Reason> {
        let busy = |_| Reason::TooManyVerifications;
        let queued = self.queue.clone().try_acquire_owned().map_err(busy)?;
        let running = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Reason::TooManyVerifications)?;
        let vault = self.vault.clone();
        let readings: Vec<ClientSecret> = credential.readings().cloned().collect();
        let secrets: Vec<_> = account
            .iter()
            .flat_map(|account| account.unproven(now))
            .cloned()
            .collect();
        let check = move || {
            // Held by the work rather than by the request: a caller that hangs up doesn't make room for the next one.
            let _held = (queued, running);
            run_checks(&vault, &readings, &secrets, checks)
        };
        // Only a shutdown of the runtime ends the task early.
        tokio::task::spawn_blocking(check)
            .await
            .map_err(|_| Reason::TooManyVerifications)
    }
}

/// `checks` runs of Argon2 for each reading, against the client's own secrets as far as there are any.
fn run_checks(
    vault: &Vault,
    readings: &[ClientSecret],
    secrets: &[Arc<LiveSecret>],
    checks: usize,
) -> Option<Arc<LiveSecret>> {
    let hasher = vault.hasher();
    let mut matched = None;
    for reading in readings {
        for check in 0..checks {
            match secrets
                .get(check)
                .map(|secret| (secret, &secret.stored.hash))
            {
                Some((secret, SecretHash::Argon2id(phc))) => {
                    if hasher.verify_argon2id(reading, phc) {
                        // Two requests may find out at once, and find the same.
                        let _known = secret.proven.set(hasher.digest(reading).to_bytes());
                        matched = Some(secret.clone());
                    }
                }
                _ => hasher.verify_decoy(reading),
            }
        }
    }
    matched
}
