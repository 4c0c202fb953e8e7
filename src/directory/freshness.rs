//! How old the data from the store may be. The age is measured by time that passes: if the time of
//! day steps, the age stays the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;

/// When the store was last read, and how long the service goes on without it.
#[derive(Debug)]
pub(crate) struct Freshness {
    clock: Arc<dyn Clock>,
    /// When the store was last read, in the clock's passed milliseconds.
    read_at: AtomicU64,
    most: Duration,
}

impl Freshness {
    pub(super) fn new(clock: Arc<dyn Clock>, most: Duration) -> Self {
        let freshness = Self {
            clock,
            read_at: AtomicU64::default(),
            most,
        };
        freshness.note(Duration::ZERO);
        freshness
    }

    /// Notes that all changes that the store shows were read. What it shows is `age` old.
    pub(super) fn note(&self, age: Duration) {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let read_at = self.passed().saturating_sub(age);
        self.read_at.fetch_max(read_at, Ordering::Relaxed);
    }

    /// How long ago the store was last read.
    pub(crate) fn age(&self) -> Duration {
        let read_at = self.read_at.load(Ordering::Relaxed);
        Duration::from_millis(self.passed().saturating_sub(read_at))
    }

    /// Whether the data is too old to decide by.
    pub(crate) fn is_over(&self) -> bool {
        self.age() > self.most
    }

    fn passed(&self) -> u64 {
        u64::try_from(self.clock.passed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn it_is_over_after_its_time_until_the_store_is_read() {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let freshness = Freshness::new(clock.clone(), Duration::from_secs(60));
        clock.advance(Duration::from_secs(60));
        assert!(!freshness.is_over());
        clock.advance(Duration::from_millis(1));
        assert!(freshness.is_over());
        freshness.note(Duration::from_secs(59));
        assert!(!freshness.is_over());
        clock.advance(Duration::from_secs(2));
        assert!(freshness.is_over(), "what was read was old already");
        freshness.note(Duration::ZERO);
        clock.advance(Duration::from_secs(9));
        clock.set(Timestamp::MAX);
        assert_eq!(freshness.age(), Duration::from_secs(9));
    }
}
