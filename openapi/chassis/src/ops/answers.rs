//! The answers that callers got. They are counted by operation and status, and each fault is
//! logged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dropshot_contract::{Answered, Observe};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use slog::{Logger, error};

/// The upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// The label of a request whose path has no operation. The path itself is no label, as callers
/// would then decide how many series there are.
const UNKNOWN: &str = "unknown";

/// The counts of answers since the start.
#[derive(Debug)]
pub(crate) struct Answers {
    counts: Family<Kind, Counter>,
    seconds: Family<Asked, Histogram, fn() -> Histogram>,
    pace: Mutex<Pace>,
}

/// A kind of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    operation: &'static str,
    status: u16,
}

/// What a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    operation: &'static str,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            counts: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
            pace: Mutex::default(),
        }
    }
}

impl Answers {
    /// A function that counts each answer, and logs each fault.
    pub(crate) fn observe(self: &Arc<Self>, log: Logger) -> Observe {
        let answers = self.clone();
        Box::new(move |answered| {
            answers.count(answered);
            answers.tell(answered, &log);
        })
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "Requests that were answered, by operation and status",
            self.counts.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from a request's head to its answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }

    fn count(&self, answered: &Answered<'_>) {
        let operation = operation(answered);
        let status = answered.status.as_u16();
        let kind = Kind { operation, status };
        self.counts.get_or_create(&kind).inc();
        let seconds = self.seconds.get_or_create(&Asked { operation });
        seconds.observe(answered.elapsed.as_secs_f64());
    }

    /// Logs a fault. Requests that are one too many have a counter of their own: a caller that
    /// sends as many as it can must not fill the disk.
    fn tell(&self, answered: &Answered<'_>, log: &Logger) {
        if !answered.status.is_server_error() || answered.is_one_too_many {
            return;
        }
        let pace = self.pace.lock();
        let mut pace = pace.unwrap_or_else(PoisonError::into_inner);
        let Some(left_out) = pace.lets_through(Instant::now()) else {
            return;
        };
        drop(pace);
        error!(log, "a request failed";
            "operation" => operation(answered),
            "status" => answered.status.as_u16(),
            "cause" => answered.cause,
            "request_id" => answered.request_id,
            "lines_left_out" => left_out,
        );
    }
}

fn operation(answered: &Answered<'_>) -> &'static str {
    answered.operation.map_or(UNKNOWN, |operation| operation.id)
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            second: Instant::now(),
            lines: 0,
            left_out: 0,
        }
    }
}

/// Limits the lines in a second. Faults come by the thousand while a part of the service is down.
#[derive(Debug)]
struct Pace {
    second: Instant,
    lines: u32,
    left_out: u64,
}

impl Pace {
    const LINES: u32 = 10;

    /// How many lines were left out before this one. `None` if this one is left out as well.
    fn lets_through(&mut self, now: Instant) -> Option<u64> {
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            (self.second, self.lines) = (now, 0);
        }
        if self.lines == Self::LINES {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_faults_is_ten_lines_a_second_and_a_count() {
        let mut pace = Pace::default();
        let began = pace.second;
        let mut at = |milliseconds| pace.lets_through(began + Duration::from_millis(milliseconds));
        assert!((0..10).all(|_| at(1) == Some(0)));
        assert!((0..500).all(|_| at(2).is_none()));
        assert_eq!(at(1001), Some(500));
        assert_eq!(at(1002), Some(0));
    }
}
