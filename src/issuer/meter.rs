//! Counts the issuer's decisions, by kinds that are known beforehand. Never counts by a client, a
//! scope or an address: a stranger would decide how many series there are, and a reader of the
//! metrics would learn the names.
//!
//! To count a token takes atomic additions: no lock, no allocation. [`super::metrics`] shows the
//! counts to operators.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::token::{Algorithm, Endpoint, GrantType, Reason};

/// A label's name and value. No value comes from outside.
pub(super) type Label = (&'static str, &'static str);

/// The counts since the start.
#[derive(Debug)]
pub(super) struct Meter {
    issued: Vec<Issued>,
    /// Refusals by endpoint and reason. The series of a reason is made at its first refusal. That
    /// takes time, but a refusal waits for the audit trail anyway.
    pub refused: Family<[Label; 2], Counter>,
    /// Introspection's answers: the first counter is of inactive tokens, the second of active ones.
    pub introspected: [Counter; 2],
    pub revoked: Counter,
    pub decisions: Durations,
}

/// The tokens of one grant and algorithm.
#[derive(Debug)]
pub(super) struct Issued {
    pub grant_type: GrantType,
    pub algorithm: Algorithm,
    pub count: Counter,
}

/// How long something took, as a histogram. The library's own histogram has a lock around it.
#[derive(Debug, Default)]
pub(super) struct Durations {
    counts: [AtomicU64; Self::BOUNDS.len()],
    nanoseconds: AtomicU64,
}

impl Meter {
    pub(super) fn token_issued(&self, grant_type: GrantType, algorithm: Algorithm) {
        let kind =
            |issued: &&Issued| issued.grant_type == grant_type && issued.algorithm == algorithm;
        if let Some(issued) = self.issued.iter().find(kind) {
            issued.count.inc();
        }
    }

    pub(super) fn refused(&self, endpoint: Endpoint, reason: Reason) {
        let labels = [("endpoint", endpoint.name()), ("reason", reason.name())];
        self.refused.get_or_create(&labels).inc();
    }

    pub(super) fn introspected(&self, active: bool) {
        self.introspected[usize::from(active)].inc();
    }

    /// A series for each grant and algorithm, including those without a token so far.
    pub(super) fn issued(&self) -> &[Issued] {
        &self.issued
    }
}

impl Default for Meter {
    fn default() -> Self {
        let kinds = GrantType::ALL.iter().flat_map(|grant_type| {
            let algorithms = Algorithm::ALL.iter();
            algorithms.map(|algorithm| (*grant_type, *algorithm))
        });
        let issued = kinds.map(|(grant_type, algorithm)| Issued {
            grant_type,
            algorithm,
            count: Counter::default(),
        });
        Self {
            issued: issued.collect(),
            refused: Family::default(),
            introspected: Default::default(),
            revoked: Counter::default(),
            decisions: Durations::default(),
        }
    }
}

impl Durations {
    /// The buckets' upper ends, in seconds. A known secret takes a tenth of a millisecond. A chosen
    /// secret that isn't proven yet takes some tens of milliseconds. A disk that hangs has no
    /// limit.
    const BOUNDS: [f64; 9] = [
        0.000_25,
        0.001,
        0.0025,
        0.01,
        0.025,
        0.1,
        0.5,
        2.5,
        f64::INFINITY,
    ];

    pub(super) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = Self::BOUNDS.iter().position(|bound| seconds <= *bound);
        // The last bucket has no upper end, so there is always one.
        self.counts[bucket.unwrap_or(Self::BOUNDS.len() - 1)].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The sum of all durations, in seconds.
    pub(super) fn sum(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// Each bucket's upper end in seconds, with the number of durations in that bucket alone.
    pub(super) fn buckets(&self) -> [(f64, u64); Self::BOUNDS.len()] {
        std::array::from_fn(|bucket| {
            let count = self.counts[bucket].load(Ordering::Relaxed);
            (Self::BOUNDS[bucket], count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_that_reaches_it() {
        let durations = Durations::default();
        for micros in [0, 250, 251, 2_500_001, 1 << 40] {
            durations.observe(Duration::from_micros(micros));
        }
        let counts = durations.buckets().map(|(_, count)| count);
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 0, 0, 2]);
        assert!((durations.sum() - 1_099_514.128_277).abs() < 0.001);
    }

    #[test]
    fn each_kind_of_token_has_its_count() {
        let meter = Meter::default();
        for algorithm in Algorithm::ALL {
            meter.token_issued(GrantType::ClientCredentials, *algorithm);
        }
        let counts = meter.issued().iter().map(|issued| issued.count.get());
        assert_eq!(counts.collect::<Vec<_>>(), [1; Algorithm::ALL.len()]);
    }
}
