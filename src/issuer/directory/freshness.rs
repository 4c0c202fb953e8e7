//! How old what is known of the store may be.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// When the store was last read, and how long the service goes on without it.
#[derive(Debug)]
pub(in crate::issuer) struct Freshness {
    /// In milliseconds since 1970.
    read_at: AtomicI64,
    most: Duration,
}

impl Freshness {
    pub(super) fn new(most: Duration, now: Timestamp) -> Self {
        Self {
            read_at: AtomicI64::new(now.as_millisecond()),
            most,
        }
    }

    /// Notes that all changes until now were read.
    pub(super) fn note(&self, now: Timestamp) {
        self.read_at.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// How long ago the store was last read. Of a clock that was set back meanwhile, by how much: nobody knows how long it was.
    pub(in crate::issuer) fn age(&self, now: Timestamp) -> Duration {
        let read_at = self.read_at.load(Ordering::Relaxed);
        Duration::from_millis(now.as_millisecond().abs_diff(read_at))
    }

    /// Whether that is too long ago to go by it.
    pub(in crate::issuer) fn is_over(&self, now: Timestamp) -> bool {
        self.age(now) > self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_after_its_time_until_the_store_is_read() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let freshness = Freshness::new(Duration::from_secs(60), at(100));
        assert!(!freshness.is_over(at(160)));
        assert!(freshness.is_over(at(161)));
        freshness.note(at(161));
        assert!(!freshness.is_over(at(161)));
        assert_eq!(freshness.age(at(170)), Duration::from_secs(9));
        assert!(freshness.is_over(at(100)), "the clock was set back");
    }
}
