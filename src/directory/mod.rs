//! What the token path knows of the store. The keys are in an immutable view, which is replaced
//! when the change feed says so. As many clients as fit are in memory. A request by one of them
//! only reads memory and doesn't wait.

mod account;
mod accounts;
mod asked;
mod chosen;
mod fill;
mod freshness;
mod look;
mod published_keys;
mod recent_use;
mod reread;
mod revocations;
mod uses;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

pub(crate) use account::{Account, Authenticated, LiveSecret};
pub(crate) use accounts::Accounts;
use asked::Asked;
use freshness::Freshness;
pub(crate) use look::Found;
pub use published_keys::check_jwks_uri;
pub(crate) use published_keys::remote_keys;
use revocations::Revocations;
use uses::{Upgrades, Uses};

use crate::clock::Clock;
use crate::config::StoreConfig;
use crate::guard::CatchUp;
use crate::keys::{HsmError, HsmToken, KeyError, KeyRing, PublishedKey, RemoteKeys, Vault, Wanted};
use crate::store::{Position, Store, StoreError};
use crate::token::Algorithm;

/// Keeps the data from the store in memory, and up to date.
#[derive(Debug)]
pub(crate) struct Directory {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    view: RwLock<Arc<View>>,
    pub accounts: Accounts,
    /// Outside the view: there may be many revoked tokens, and no reader of them needs the keys of
    /// the same moment.
    pub revocations: Revocations,
    /// The last change that is applied. Held while data is read from the store into memory: if two
    /// tasks read at once, the later one could put older data in force.
    applied: tokio::sync::Mutex<Position>,
    catch_up: CatchUp<Found>,
    asked: Asked,
    pub freshness: Freshness,
    /// How old the store's data was when it was last read.
    age: Mutex<Duration>,
    /// Whether as many clients as fit have been read.
    filled: AtomicBool,
    /// How many clients the store has.
    number: AtomicUsize,
    pub uses: Uses,
    pub upgrades: Upgrades,
    /// The keys that changed, in their new state, for the audit trail.
    changed_keys: Mutex<Vec<PublishedKey>>,
    fault: Mutex<Option<String>>,
}

/// The keys as of one moment. A request reads one view from beginning to end, without waiting.
#[derive(Debug, Default, Clone)]
pub(crate) struct View {
    pub ring: KeyRing,
    /// The algorithms that clients want their tokens signed with.
    pub algorithms: BTreeSet<Algorithm>,
}

impl Directory {
    const NOT_COUNTED: usize = usize::MAX;

    /// Reads everything but the clients once. Every key must open. Later, a key that doesn't open
    /// doesn't keep the others from signing.
    pub(crate) async fn load(
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        config: &StoreConfig,
        remote_keys: Arc<RemoteKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LoadError> {
        // The position comes first: a change during the other reads is then read again, and not
        // missed.
        let position = store.last_change().await?;
        let keys = store.key_material().await?;
        let ring = KeyRing::open(&vault, keys, &KeyRing::default());
        if let Some(fault) = ring.fault() {
            return Err(fault.clone().into());
        }
        let view = View {
            ring,
            algorithms: store.token_algorithms().await?,
        };
        Ok(Self {
            revocations: Revocations::load(store.clone()).await?,
            store,
            vault,
            view: RwLock::new(Arc::new(view)),
            accounts: Accounts::new(config.cached_clients, remote_keys),
            applied: tokio::sync::Mutex::new(position),
            catch_up: CatchUp::default(),
            asked: Asked::default(),
            freshness: Freshness::new(clock, config.max_staleness),
            age: Mutex::default(),
            filled: AtomicBool::new(false),
            number: AtomicUsize::new(Self::NOT_COUNTED),
            uses: Uses::default(),
            upgrades: Upgrades::default(),
            changed_keys: Mutex::default(),
            fault: Mutex::default(),
        })
    }

    /// The view in force.
    pub(crate) fn view(&self) -> Arc<View> {
        self.view
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts another view in force.
    fn change_view(&self, change: impl FnOnce(&mut View)) {
        let mut view = View::clone(&self.view());
        change(&mut view);
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// Notes the algorithm that a client wants its tokens signed with.
    fn note_algorithm(&self, algorithm: Option<Algorithm>) {
        let Some(algorithm) = algorithm else { return };
        if !self.view().algorithms.contains(&algorithm) {
            self.change_view(|view| {
                view.algorithms.insert(algorithm);
            });
        }
    }

    /// Forgets the algorithms that no client wants any more.
    pub(crate) async fn renew_algorithms(&self) -> Result<(), StoreError> {
        let _alone = self.applied.lock().await;
        self.take_algorithms().await
    }

    async fn take_algorithms(&self) -> Result<(), StoreError> {
        let algorithms = self.store.token_algorithms().await?;
        if self.view().algorithms != algorithms {
            self.change_view(|view| view.algorithms = algorithms);
        }
        Ok(())
    }

    /// Notes keys that changed.
    pub(crate) fn note_changed_keys(&self, keys: Vec<PublishedKey>) {
        lock(&self.changed_keys).extend(keys);
    }

    /// The keys that changed since the last time this was asked.
    pub(crate) fn take_changed_keys(&self) -> Vec<PublishedKey> {
        std::mem::take(&mut *lock(&self.changed_keys))
    }

    /// The PKCS#11 token that keeps signing keys, if it failed.
    pub(crate) fn failed_token(&self) -> Option<(&HsmToken, HsmError)> {
        let token = self.vault.token()?;
        Some((token, token.fault()?))
    }

    /// The fault of the last look, if it had one.
    pub(crate) fn fault(&self) -> Option<String> {
        lock(&self.fault).clone()
    }

    fn note_fault(&self, fault: Option<String>) {
        *lock(&self.fault) = fault;
    }
}

impl View {
    /// The algorithms that keys must be there for.
    pub(crate) fn wanted(&self, default: Algorithm) -> Wanted {
        Wanted {
            default,
            clients: self.algorithms.clone(),
        }
    }
}

/// The store or its keys can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
