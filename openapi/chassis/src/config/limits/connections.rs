//! How many connections callers may have, and for how long.

use std::fmt::Display;
use std::time::Duration;

use crate::config::period::Period;
use crate::config::reader::Reader;

/// The limits on connections. Each default is far above what honest callers need, and far below
/// what would stop the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The most handshakes in progress. They don't count as connections.
    pub handshakes: u32,
    /// The most connections.
    pub connections: u32,
    /// The most handshakes, and the most connections, of one source: an IPv4 address, or a /64 of
    /// IPv6. Gateways and balancers are exempt.
    pub connections_per_source: u32,
    /// How long a handshake may take, including a balancer's header before it.
    pub handshake_time: Duration,
    /// How long a caller may take to send the first byte of a request, after its handshake if there
    /// is one.
    pub first_byte_time: Duration,
    /// How long a connection may go without an answer, even if the caller drips bytes into it.
    pub idle_time: Duration,
    /// How long a connection may last in all.
    pub connection_life: Duration,
}

/// The most connections of operators: a few probes and a collector of metrics, from one or two
/// addresses.
const OPERATORS: u32 = 64;

impl Default for ConnectionLimits {
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

impl ConnectionLimits {
    /// The limits of the operators' listener. The times are the same.
    #[must_use]
    pub fn of_operators(self) -> Self {
        Self {
            handshakes: 0,
            connections: OPERATORS,
            connections_per_source: OPERATORS,
            ..self
        }
    }

    /// The descriptors that the connections and handshakes take. A connection has three: the
    /// caller's socket, and both ends of the connection to the HTTP server.
    #[must_use]
    pub fn descriptors(&self) -> u64 {
        3 * u64::from(self.connections) + u64::from(self.handshakes)
    }

    /// Reads the limits. Each may also be a key of `[tls]`: the keys were there when only
    /// connections with TLS had limits.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let mut number = |keys, default| limit(reader, keys, default, number);
        let handshakes = number(["limits.handshakes", "tls.handshakes"], default.handshakes);
        let connections = number(
            ["limits.connections", "tls.connections"],
            default.connections,
        );
        let per_source = number(
            [
                "limits.connections_per_source",
                "tls.connections_per_source",
            ],
            default.connections_per_source,
        );
        let mut period = |keys, duration| {
            let within =
                |text: &str| Period::within(Period(Duration::from_secs(1))..=Period::days(1))(text);
            limit(reader, keys, Period(duration), within)
        };
        let handshake_time = period(
            ["limits.handshake_time", "tls.handshake_time"],
            default.handshake_time,
        );
        let first_byte_time = period(
            ["limits.first_byte_time", "tls.first_byte_time"],
            default.first_byte_time,
        );
        let idle_time = period(["limits.idle_time", "tls.idle_time"], default.idle_time);
        let connection_life = period(
            ["limits.connection_life", "tls.connection_life"],
            default.connection_life,
        );
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

/// Reads one limit, by its key or by its former key.
fn limit<T: Display, E: Display>(
    reader: &mut Reader,
    [key, before]: [&'static str; 2],
    default: T,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    match reader.optional(before, &parse)? {
        None => reader.or(key, default, parse),
        Some(value) => {
            if reader.optional(key, parse)?.is_some() {
                reader.mistake(before, "is set in [limits] as well; remove this one");
            }
            Some(value)
        }
    }
}

fn number(text: &str) -> Result<u32, &'static str> {
    match text.parse() {
        Ok(number @ 1..=1_000_000) => Ok(number),
        _ => Err("must be a whole number between 1 and 1000000"),
    }
}
