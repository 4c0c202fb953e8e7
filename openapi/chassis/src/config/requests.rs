//! The keys of `[limits]` for requests: how many at a time, how large, and how slow.

use std::time::Duration;

use super::period::Period;
use super::reader::Reader;
use super::size::Size;

/// The limits on requests, for a service whose document sets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// How many requests are read and answered at a time. The service refuses a further one with
    /// 503.
    pub requests: u32,
    /// The largest body, in bytes. The service refuses a larger one with 413.
    pub body_bytes: usize,
    /// How long a body may take to arrive. The service refuses a slower one with 408.
    pub body_time: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            requests: 1024,
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(10),
        }
    }
}

impl RequestLimits {
    /// Reads the keys. `None` if one is wrong, which the reader keeps.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let requests = reader.or("limits.requests", default.requests, |text| {
            match text.parse() {
                Ok(number @ 1..=1_000_000) => Ok(number),
                _ => Err("must be a whole number between 1 and 1000000"),
            }
        });
        let body = reader.or(
            "limits.body_size",
            Size(default.body_bytes as u64),
            str::parse,
        );
        let second = Period(Duration::from_secs(1));
        let within = Period::within(second..=Period::days(1));
        let time = reader.or("limits.body_time", Period(default.body_time), within);
        Some(Self {
            requests: requests?,
            body_bytes: usize::try_from(body?.0).unwrap_or(usize::MAX),
            body_time: time?.0,
        })
    }
}
