//! What a client did lately and must not be forgotten together with the rest of it: the assertions
//! that it used, and how often it asked. A client that is evicted from memory could use them again
//! otherwise, once it is read anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::guard::{Pace, UsedAssertions};
use crate::token::{ClientId, Rate};

/// Shared by all accounts of a client.
#[derive(Debug, Clone)]
pub(crate) struct RecentUse {
    /// Which client's: a new one with the same id was registered at another time.
    pub registered_at: Timestamp,
    /// The assertions that it has used.
    pub used_assertions: Arc<UsedAssertions>,
    /// Its own limit, if it has one.
    pub pace: Option<Arc<Pace>>,
}

/// What evicted clients left, as long as it makes a difference: five minutes for assertions, an
/// hour at most for limits.
#[derive(Debug, Default)]
pub(super) struct EvictedUse {
    left: Mutex<HashMap<ClientId, RecentUse>>,
    number: AtomicUsize,
    /// How many there may be until what is over is looked for.
    sweep_at: AtomicUsize,
}

impl RecentUse {
    /// Of a client that did nothing yet.
    pub(super) fn of(registered_at: Timestamp) -> Self {
        Self {
            registered_at,
            used_assertions: Arc::default(),
            pace: None,
        }
    }

    /// The same, of a client that has this limit of its own from now on.
    pub(super) fn with(self, rate: Option<Rate>) -> Self {
        let pace = rate.map(|rate| {
            let same = self.pace.filter(|pace| pace.rate() == rate);
            same.unwrap_or_else(|| Arc::new(Pace::new(rate)))
        });
        Self { pace, ..self }
    }

    /// Whether it makes a difference, or a request that is under way may yet make it.
    fn matters(&self, now: Timestamp) -> bool {
        let assertions = &self.used_assertions;
        Arc::strong_count(assertions) > 1 || assertions.any(now) || self.limits()
    }

    fn limits(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.limits())
    }
}

impl EvictedUse {
    /// Some 80 MB. Of assertions, what those in memory have used by then is kept as well, and no
    /// more may be used: to forget one would let it be used again. Of limits, no more are kept.
    const MOST: usize = 1 << 18;
    const FIRST_SWEEP: usize = 1024;

    /// Keeps what an evicted client leaves.
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

    /// What a client left that is read anew.
    pub(super) fn take(&self, id: &ClientId) -> Option<RecentUse> {
        let mut left = self.left();
        let recent_use = left.remove(id);
        self.number.store(left.len(), Ordering::Relaxed);
        recent_use
    }

    /// Whether clients that leave more would take more memory than is for that.
    pub(super) fn are_too_many(&self) -> bool {
        self.number.load(Ordering::Relaxed) >= Self::MOST
    }

    /// Forgets what is over.
    pub(super) fn forget_old(&self, now: Timestamp) {
        let mut left = self.left();
        self.sweep(&mut left, now);
        self.number.store(left.len(), Ordering::Relaxed);
    }

    fn sweep(&self, left: &mut HashMap<ClientId, RecentUse>, now: Timestamp) {
        left.retain(|_, recent_use| recent_use.matters(now));
        left.shrink_to(2 * left.len());
        // Doubled, so that looking is a small part of the work however many there are.
        self.sweep_at.store(2 * left.len(), Ordering::Relaxed);
    }

    fn left(&self) -> MutexGuard<'_, HashMap<ClientId, RecentUse>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
