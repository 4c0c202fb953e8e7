//! A client's own limit on its requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, MonotonicClock};
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

use crate::token::{Period, Rate, Reason};

/// Counts one client's requests. Each replica counts for itself.
pub(crate) struct Pace {
    rate: Rate,
    limiter: RateLimiter<NotKeyed, InMemoryState, MonotonicClock>,
    since: Instant,
    /// When a request was last counted, in milliseconds after `since`.
    counted_at: AtomicU64,
}

impl Pace {
    pub(crate) fn new(rate: Rate) -> Self {
        let quota = match rate.per {
            Period::Second => Quota::per_second(rate.times),
            Period::Minute => Quota::per_minute(rate.times),
            Period::Hour => Quota::per_hour(rate.times),
        };
        Self {
            rate,
            limiter: RateLimiter::direct_with_clock(quota, MonotonicClock),
            since: Instant::now(),
            counted_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts a request, or refuses it if the limit is reached.
    pub(super) fn check(&self) -> Result<(), Reason> {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.counted_at.store(now, Ordering::Relaxed);
        self.limiter.check().map_err(|no| too_many(&no))
    }

    /// Whether the limiter's state still matters. It doesn't if the last request is so long ago
    /// that the full number may come at once again.
    pub(crate) fn limits(&self) -> bool {
        let counted_at = Duration::from_millis(self.counted_at.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(counted_at) <= self.period()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(match self.rate.per {
            Period::Second => 1,
            Period::Minute => 60,
            Period::Hour => 3600,
        })
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pace({})", self.rate)
    }
}

/// A refusal until the limiter allows the next request.
pub(super) fn too_many(not_until: &NotUntil<Instant>) -> Reason {
    let wait = not_until.wait_time_from(MonotonicClock.now());
    Reason::TooManyRequests {
        wait: whole_seconds(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// Rounded up, so that a caller that waits this long is not too early.
pub(super) fn whole_seconds(milliseconds: i64) -> Duration {
    let milliseconds = u64::try_from(milliseconds).unwrap_or(0);
    Duration::from_secs(milliseconds.div_ceil(1000).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_all_may_come_again_it_limits_nobody() {
        let pace = Pace::new("3/s".parse().unwrap());
        pace.check().unwrap();
        assert!(pace.limits());
        std::thread::sleep(Duration::from_millis(1100));
        assert!(!pace.limits());
        pace.check().unwrap();
        assert!(pace.limits());
    }

    #[test]
    fn as_many_as_in_one_period_may_come_at_once() {
        let pace = Pace::new("3/h".parse().unwrap());
        for _ in 0..3 {
            pace.check().unwrap();
        }
        let Err(Reason::TooManyRequests { wait }) = pace.check() else {
            panic!("a fourth")
        };
        assert!((1000..=1200).contains(&wait.as_secs()), "{wait:?}");
    }
}
