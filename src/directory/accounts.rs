//! The clients in memory: a fixed number, the clients that ask most. The service reads any other
//! client from the store when it asks.
//!
//! To find a client takes no lock that a request waits for. The map has parts, and a part is
//! written only when a client is read or evicted.

use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;

use jiff::Timestamp;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::account::Account;
use super::chosen::Chosen;
use super::recent_use::EvictedUse;
use crate::keys::RemoteKeys;
use crate::store::ClientRecord;
use crate::token::{ClientId, Effort};

/// The clients in memory. They change only while [`super::Directory::applied`] is held. Otherwise
/// older data could replace newer data.
pub(crate) struct Accounts {
    cache: Cache<ClientId, Arc<Account>, Weight, RandomState, Evictions>,
    most: usize,
    chosen: Chosen,
    evicted_use: EvictedUse,
    /// Learns of each client that publishes its keys.
    remote_keys: Arc<RemoteKeys>,
}

/// A client that is held counts apart, and is never evicted.
#[derive(Debug, Clone)]
struct Weight;

/// Collects the evicted clients.
#[derive(Debug, Clone)]
struct Evictions;

impl Accounts {
    /// The cache has at most this many parts, with the same room in each.
    const PARTS: usize = 16;

    /// Keeps `most` clients, and as many again that have a chosen secret.
    pub(super) fn new(most: usize, remote_keys: Arc<RemoteKeys>) -> Self {
        let most = most - most % Self::PARTS;
        let room = u64::try_from(most).unwrap_or(u64::MAX);
        let options = OptionsBuilder::new()
            .shards(Self::PARTS)
            .estimated_items_capacity(most)
            .weight_capacity(room)
            .build()
            .expect("both capacities are set");
        Self {
            cache: Cache::with_options(options, Weight, RandomState::new(), Evictions),
            most,
            chosen: Chosen::new(most),
            evicted_use: EvictedUse::default(),
            remote_keys,
        }
    }

    /// A client, if it is in memory.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Account>> {
        self.cache.get(id)
    }

    /// How many clients are in memory.
    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    /// How much work a failing authentication must do, whichever client it names.
    pub(crate) fn costly_checks(&self, now: Timestamp) -> Effort {
        self.chosen.costly_checks(now)
    }

    /// Whether too many clients have used assertions recently to remember another assertion.
    pub(crate) fn can_remember_no_assertion(&self) -> bool {
        self.evicted_use.are_too_many()
    }

    /// Forgets what evicted clients did, once it makes no difference any more.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        self.evicted_use.forget_old(now);
    }

    /// How many clients may be in memory, besides those that are held.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Whether a client is in memory. This question doesn't keep it there longer.
    pub(crate) fn contains(&self, id: &ClientId) -> bool {
        self.cache.contains_key(id)
    }

    /// Whether to keep a client that changed and that no request asked for.
    pub(super) fn wants(&self, record: &ClientRecord) -> bool {
        self.contains(&record.client.id)
            || self.chosen.holds(record)
            || self.cache.len() < self.most
    }

    /// Takes in a client as it is now.
    pub(super) fn put(&self, record: ClientRecord, now: Timestamp) -> Arc<Account> {
        // The keys are fetched before the client asks, so that they are there when it does.
        if let Some(uri) = &record.client.jwks_uri {
            self.remote_keys.note(uri);
        }
        let id = record.client.id.clone();
        let before = self.cache.peek(&id);
        let named = before.as_ref().and_then(|it| it.client.jwks_uri.as_ref());
        if let Some(uri) = named.filter(|uri| record.client.jwks_uri.as_ref() != Some(*uri)) {
            self.remote_keys.forget(uri);
        }
        let left = self.evicted_use.take(&id);
        let is_held = self.chosen.holds(&record);
        let account = Arc::new(Account::new(record, before.as_deref(), left, is_held));
        self.chosen.put(&account);
        let mut evicted = Vec::new();
        self.cache
            .insert_with_lifecycle(id, account.clone(), &mut evicted);
        for (id, other) in evicted {
            // The cache also reports the account that this one replaces.
            if id != account.client.id || Arc::ptr_eq(&other, &account) {
                self.leave(id, other, now);
            }
        }
        account
    }

    /// Forgets a client that was removed.
    pub(super) fn remove(&self, id: &ClientId, now: Timestamp) {
        self.chosen.remove(id);
        if let Some((id, account)) = self.cache.remove(id) {
            if let Some(uri) = &account.client.jwks_uri {
                self.remote_keys.forget(uri);
            }
            self.leave(id, account, now);
        }
    }

    /// Forgets all clients, until they are read again.
    pub(super) fn clear(&self, now: Timestamp) {
        self.chosen.clear();
        for (id, account) in self.cache.drain() {
            self.leave(id, account, now);
        }
    }

    /// Whether there are more clients with chosen secrets than are held.
    pub(super) fn has_no_room_for_chosen(&self) -> bool {
        self.chosen.are_too_many()
    }

    /// Call this when all clients with chosen secrets have been read.
    pub(super) fn chosen_have_been_read(&self) {
        self.chosen.have_been_read();
    }

    fn leave(&self, id: ClientId, account: Arc<Account>, now: Timestamp) {
        // A request that still has the account may yet use an assertion. It shares `recent_use`,
        // and `RecentUse` counts its owners to find such requests.
        let recent_use = match Arc::try_unwrap(account) {
            Ok(account) => account.recent_use,
            Err(shared) => shared.recent_use.clone(),
        };
        self.evicted_use.keep(id, recent_use, now);
    }
}

impl Weighter<ClientId, Arc<Account>> for Weight {
    fn weight(&self, _: &ClientId, account: &Arc<Account>) -> u64 {
        u64::from(!account.is_held)
    }
}

impl Lifecycle<ClientId, Arc<Account>> for Evictions {
    type RequestState = Vec<(ClientId, Arc<Account>)>;

    fn on_evict(&self, evicted: &mut Self::RequestState, id: ClientId, account: Arc<Account>) {
        evicted.push((id, account));
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accounts({} of {})", self.len(), self.most)
    }
}
