//! What a client did recently: the assertions that it used, and how often it asked. This must
//! outlive the client's place in memory. Otherwise a client that is evicted and read again could
//! use the same assertions again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::guard::{Pace, UsedAssertions};
use crate::token::{ClientId, Rate};

/// What a client did recently. All accounts of the client share it.
#[derive(Debug, Clone)]
pub(crate) struct RecentUse {
    /// When the client was registered. This tells it from a later client with the same id.
    pub registered_at: Timestamp,
    /// The assertions that the client has used.
    pub used_assertions: Arc<UsedAssertions>,
    /// The client's own limit, if it has one.
    pub pace: Option<Arc<Pace>>,
}

/// What evicted clients left behind. It is kept while it makes a difference: five minutes for
/// assertions, an hour at most for limits.
#[derive(Debug, Default)]
pub(super) struct EvictedUse {
    left: Mutex<HashMap<ClientId, RecentUse>>,
    number: AtomicUsize,
    /// At which number of entries the table is next searched for entries that make no difference
    /// any more.
    sweep_at: AtomicUsize,
}

impl RecentUse {
    /// The recent use of a client that has done nothing yet.
    pub(super) fn of(registered_at: Timestamp) -> Self {
        Self {
            registered_at,
            used_assertions: Arc::default(),
            pace: None,
        }
    }

    /// The same, for a client whose own limit is now `rate`.
    pub(super) fn with(self, rate: Option<Rate>) -> Self {
        let pace = rate.map(|rate| {
            let same = self.pace.filter(|pace| pace.rate() == rate);
            same.unwrap_or_else(|| Arc::new(Pace::new(rate)))
        });
        Self { pace, ..self }
    }

    /// Whether this makes a difference, or a request under way may yet add to it.
    fn matters(&self, now: Timestamp) -> bool {
        let assertions = &self.used_assertions;
        Arc::strong_count(assertions) > 1 || assertions.any(now) || self.limits()
    }

    fn limits(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.limits())
    }
}

impl EvictedUse {
    /// About 80 MB. Above this number, assertions that clients in memory have already used are
    /// still kept, and no more may be used: to forget one would let it be used again. No more
    /// limits are kept.
    const MOST: usize = 1 << 18;
    const FIRST_SWEEP: usize = 1024;

    /// Keeps what an evicted client leaves behind.
    pub(super) fn keep(&self, id: ClientId, recent_use: RecentUse, now: Timestamp) {
        if !recent_use.matters(now) {
            return;
        }
        let mut left = self.left();
        if left.len() >= Self::MOST && !recent_use.used_assertions.any(now) {
            return;
        }
        left.insert(id, recent_use);
        if left.len() >= self.sweep_at.load(Ordering::Relaxed).max(Self::FIRST_SWEEP) {
            self.sweep(&mut left, now);
        }
        self.number.store(left.len(), Ordering::Relaxed);
    }

    /// Takes what a client left behind that is read again.
    pub(super) fn take(&self, id: &ClientId) -> Option<RecentUse> {
        let mut left = self.left();
        let recent_use = left.remove(id);
        self.number.store(left.len(), Ordering::Relaxed);
        recent_use
    }

    /// Whether what more clients leave would need more memory than is allowed.
    pub(super) fn are_too_many(&self) -> bool {
        self.number.load(Ordering::Relaxed) >= Self::MOST
    }

    /// Forgets entries that make no difference any more.
    pub(super) fn forget_old(&self, now: Timestamp) {
        let mut left = self.left();
        self.sweep(&mut left, now);
        self.number.store(left.len(), Ordering::Relaxed);
    }

    fn sweep(&self, left: &mut HashMap<ClientId, RecentUse>, now: Timestamp) {
        left.retain(|_, recent_use| recent_use.matters(now));
        left.shrink_to(2 * left.len());
        // The number is doubled, so that the search stays a small part of the work, however many
        // entries there are.
        self.sweep_at.store(2 * left.len(), Ordering::Relaxed);
    }

    fn left(&self) -> MutexGuard<'_, HashMap<ClientId, RecentUse>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
