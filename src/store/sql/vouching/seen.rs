//! The version of the store in which each client was last read. A client that later has an older
//! version was put back to an earlier state.
//!
//! The table has a fixed size and no locks. If two clients share a slot, it holds the one that was
//! read last. The other is not compared; the next check of all rows finds it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of slots: half a megabyte.
const PLACES: usize = 1 << 16;
/// The lower bits of a slot hold the version. The upper bits tell clients apart that share a slot.
const VERSION_BITS: u32 = 48;

pub(super) struct Seen {
    hasher: RandomState,
    places: Box<[AtomicU64]>,
}

impl Seen {
    /// Whether this version of the client is not older than one that was read before this reading
    /// began. `before` is the highest version of the store that was seen at that moment. Notes the
    /// version.
    pub(super) fn is_latest(&self, id: &str, version: u64, before: u64) -> bool {
        let hash = self.hasher.hash_one(id);
        let mask = (1 << VERSION_BITS) - 1;
        let (tag, version) = (hash & !mask, version & mask);
        let place = &self.places[usize::try_from(hash & mask).unwrap_or(0) % PLACES];
        let seen = place.load(Ordering::Relaxed);
        if seen & !mask == tag && seen & mask > version {
            // A version above `before` was read by another reader in the meantime.
            return seen & mask > before & mask;
        }
        place.store(tag | version, Ordering::Relaxed);
        true
    }

    pub(super) fn clear(&self) {
        for place in &self.places {
            place.store(0, Ordering::Relaxed);
        }
    }
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_version_of_the_same_client_is_told() {
        let seen = Seen::default();
        assert!(seen.is_latest("a", 7, 0) && seen.is_latest("b", 3, 7));
        assert!(seen.is_latest("a", 7, 7) && seen.is_latest("a", 8, 7));
        assert!(!seen.is_latest("a", 7, 8));
        assert!(seen.is_latest("a", 7, 7), "read at the same time");
        seen.clear();
        assert!(seen.is_latest("a", 1, 8));
    }
}
