//! How much of the service callers may take up before they are heard.

use std::fmt::Display;
use std::time::Duration;

use crate::config::period::Period;
use crate::config::reader::Reader;

/// The limits on connections. Each is far above what honest callers need, and far below what would stop the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsLimits {
    /// Handshakes in progress, apart from connections. At the limit the oldest of the source that has most gives way.
    pub handshakes: u32,
    /// Connections. At the limit the one that has been quiet longest gives way.
    pub connections: u32,
    /// Both together, from one source: an IPv4 address, or a /64 of IPv6. Gateways are exempt.
    pub connections_per_source: u32,
    /// How long a handshake may take.
    pub handshake_time: Duration,
    /// How long after it the first byte of a request may take.
    pub first_byte_time: Duration,
    /// How long a connection may go without an answer, whatever is dripped into it.
    pub idle_time: Duration,
    /// How long it may last at all.
    pub connection_life: Duration,
}

impl Default for TlsLimits {
    fn default() -> Self {
        Self {
            handshakes: 256,
            connections: 1024,
            connections_per_source: 64,
            handshake_time: Duration::from_secs(5),
            first_byte_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            connection_life: Duration::from_secs(3600),
        }
    }
}

impl TlsLimits {
    /// The descriptors that they take: a connection has the caller's socket and both ends of the one to the HTTP server.
    #[must_use]
    pub fn descriptors(&self) -> u64 {
        3 * u64::from(self.connections) + u64::from(self.handshakes)
    }

    /// Reads the limits; without the section, so that its keys are known.
    pub(super) fn read(reader: &mut Reader, section_is_there: bool) -> Option<Self> {
        let default = Self::default();
        let mut number = |key, default| limit(reader, section_is_there, key, default, number);
        let handshakes = number("tls.handshakes", default.handshakes);
        let connections = number("tls.connections", default.connections);
        let per_source = number("tls.connections_per_source", default.connections_per_source);
        let mut period = |key, duration| {
            let within = Period::within(Period(Duration::from_secs(1))..=Period::days(1));
            limit(reader, section_is_there, key, Period(duration), within)
        };
        let handshake_time = period("tls.handshake_time", default.handshake_time);
        let first_byte_time = period("tls.first_byte_time", default.first_byte_time);
        let idle_time = period("tls.idle_time", default.idle_time);
        let connection_life = period("tls.connection_life", default.connection_life);
        Some(Self {
            handshakes: handshakes?,
            connections: connections?,
            connections_per_source: per_source?,
            handshake_time: handshake_time?.0,
            first_byte_time: first_byte_time?.0,
            idle_time: idle_time?.0,
            connection_life: connection_life?.0,
        })
    }
}

/// One of them, which is a setting, be it by default, only where the section is.
fn limit<T: Display, E: Display>(
    reader: &mut Reader,
    section_is_there: bool,
    key: &'static str,
    default: T,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    if section_is_there {
        return reader.or(key, default, parse);
    }
    let read = reader.optional(key, parse)?;
    Some(read.unwrap_or(default))
}

fn number(text: &str) -> Result<u32, &'static str> {
    match text.parse() {
        Ok(number @ 1..=1_000_000) => Ok(number),
        _ => Err("must be a whole number between 1 and 1000000"),
    }
}
