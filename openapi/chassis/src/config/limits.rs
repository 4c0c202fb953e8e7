//! `[limits]`: how the service ends, and its limits on connections, with `[tls]` or without.

mod connections;

use std::time::Duration;

use super::period::Period;
use super::reader::Reader;
use crate::identity::{InvalidNetwork, Network};

pub use connections::ConnectionLimits;

/// The limits of the service as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// How long the service goes on serving after SIGTERM, while `/readyz` already says that it is
    /// draining. Load balancers need this long to stop sending it new connections.
    pub drain_time: Duration,
    /// How many connections callers may have, and for how long.
    pub connections: ConnectionLimits,
    /// The balancers that pass on connections to `listen.api`, and name the caller in a header of
    /// the PROXY protocol. The service demands the header of them, and believes it of no other
    /// address.
    pub proxy_protocol: Vec<Network>,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            drain_time: Duration::from_secs(5),
            connections: ConnectionLimits::default(),
            proxy_protocol: Vec::new(),
        }
    }
}

impl LimitsConfig {
    /// No drain, and few connections: for a service without a load balancer in front, which must
    /// start wherever it is tried.
    #[must_use]
    pub fn without_drain() -> Self {
        let connections = ConnectionLimits {
            connections: 512,
            ..ConnectionLimits::default()
        };
        Self {
            drain_time: Duration::ZERO,
            connections,
            ..Self::default()
        }
    }

    /// Reads the section. `None` if a key is wrong, which the reader keeps.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let period = Period::within(Period(Duration::ZERO)..=Period(Duration::from_secs(600)));
        let drain_time = reader.or("limits.drain_time", Period(default.drain_time), period);
        let connections = ConnectionLimits::read(reader);
        let proxy_protocol = reader.list("limits.proxy_protocol", balancer);
        Some(Self {
            drain_time: drain_time?.0,
            connections: connections?,
            proxy_protocol: proxy_protocol?,
        })
    }
}

/// Reads a network. A network of all addresses is refused, since every caller could claim to be
/// another.
fn balancer(text: &str) -> Result<Network, String> {
    let network: Network = text
        .parse()
        .map_err(|error: InvalidNetwork| error.to_string())?;
    if network.is_everybody() {
        return Err(
            "covers every address; list only the addresses from which the balancer connects"
                .to_owned(),
        );
    }
    Ok(network)
}
