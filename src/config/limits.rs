//! `[limits]`: how the service ends, and what holds for connections with `[tls]` and without.

use std::time::Duration;

use super::period::Period;
use super::reader::Reader;

/// The limits of the service as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// How long the service goes on serving after SIGTERM, while `/readyz` already says that it is draining. Load balancers
    /// need this long to stop sending it new connections.
    pub drain_time: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            drain_time: Duration::from_secs(5),
        }
    }
}

impl LimitsConfig {
    /// No drain: for a service that no load balancer stands before.
    pub(super) fn without_drain() -> Self {
        Self {
            drain_time: Duration::ZERO,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let period = Period::within(Period(Duration::ZERO)..=Period(Duration::from_secs(600)));
        let drain_time = reader.or("limits.drain_time", Period(default.drain_time), period);
        Some(Self {
            drain_time: drain_time?.0,
        })
    }
}
