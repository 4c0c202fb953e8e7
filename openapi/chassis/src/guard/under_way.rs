//! Limits how many requests are read and answered at a time. A request that is one too many is
//! refused before anything of it is read, so that memory doesn't grow with what callers send.
//! Sources share the slots by the rule of [`Shares`]. A request that is under way gives way to no
//! other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::shares::Shares;
use crate::identity::Source;

/// The requests that are under way.
#[derive(Debug)]
pub(crate) struct Requests {
    under_way: Mutex<Shares>,
    turned_away: AtomicU64,
}

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct RequestSlot {
    requests: Arc<Requests>,
    source: Source,
}

impl Requests {
    /// No requests yet, and at most `limit` at a time.
    pub(crate) fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            under_way: Mutex::new(Shares::new(limit, limit)),
            turned_away: AtomicU64::new(0),
        })
    }

    /// A slot for a request of this source. `None` if the source has its share, or if no slot is
    /// left. The refusal is counted.
    pub(crate) fn admit(self: &Arc<Self>, source: Source) -> Option<RequestSlot> {
        let under_way = self.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        if !under_way.has_room_for(Some(source)) {
            drop(under_way);
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        under_way.add(Some(source));
        Some(RequestSlot {
            requests: self.clone(),
            source,
        })
    }

    /// How many requests are under way.
    pub(crate) fn under_way(&self) -> u32 {
        let under_way = self.under_way.lock();
        under_way.unwrap_or_else(PoisonError::into_inner).taken()
    }

    /// How many requests were refused so far.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }
}

impl Drop for RequestSlot {
    fn drop(&mut self) {
        let under_way = self.requests.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        under_way.remove(Some(self.source));
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn source(last: u8) -> Source {
        Source::from(IpAddr::from([192, 0, 2, last]))
    }

    /// Takes as many slots as the source gets.
    fn all(requests: &Arc<Requests>, last: u8) -> Vec<RequestSlot> {
        std::iter::from_fn(|| requests.admit(source(last))).collect()
    }

    #[test]
    fn the_greedy_leave_something_to_others() {
        let requests = Requests::new(12);
        let first = all(&requests, 1);
        assert_eq!(first.len(), 6);
        let second = all(&requests, 2);
        assert_eq!(second.len(), 3);
        let honest = requests.admit(source(3)).expect("a place");
        assert_eq!((requests.under_way(), requests.turned_away()), (10, 2));
        // A slot that is given back is free for every source.
        drop((first, honest));
        assert_eq!(all(&requests, 2).len(), 3);
        drop(second);
    }

    #[test]
    fn nothing_is_left_behind() {
        let requests = Requests::new(4);
        let held = [1, 2, 3].map(|last| all(&requests, last));
        assert_eq!(held.each_ref().map(Vec::len), [2, 1, 1]);
        assert!(requests.admit(source(4)).is_none());
        drop(held);
        let under_way = requests.under_way.lock().unwrap();
        assert!(under_way.is_empty());
    }
}
