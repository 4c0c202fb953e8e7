//! A client's own limit on how often it asks.

use std::fmt;

use governor::clock::MonotonicClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::too_many;
use crate::token::{Period, Rate, Reason};

/// Counts one client's requests. A service with replicas counts in each of them.
pub(in crate::issuer) struct Pace {
    rate: Rate,
    limiter: RateLimiter<NotKeyed, InMemoryState, MonotonicClock>,
}

impl Pace {
    pub(in crate::issuer) fn new(rate: Rate) -> Self {
        let quota = match rate.per {
            Period::Second => Quota::per_second(rate.times),
            Period::Minute => Quota::per_minute(rate.times),
            Period::Hour => Quota::per_hour(rate.times),
        };
        Self {
            rate,
            limiter: RateLimiter::direct_with_clock(quota, MonotonicClock),
        }
    }

    pub(in crate::issuer) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts a request, if it may be made now.
    pub(super) fn check(&self) -> Result<(), Reason> {
        self.limiter.check().map_err(|no| too_many(&no))
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pace({})", self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
