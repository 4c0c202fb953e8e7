//! `[listen]`: the addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::reader::Reader;

/// Where the service listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenConfig {
    /// For callers.
    pub api: SocketAddr,
    /// For operators: health, metrics. Loopback unless set.
    pub ops: SocketAddr,
}

impl ListenConfig {
    /// `127.0.0.1:9090`
    pub const DEFAULT_OPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let api = reader.required("listen.api", address);
        let ops = reader.or("listen.ops", Self::DEFAULT_OPS, address);
        Some(Self {
            api: api?,
            ops: ops?,
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, such as \"0.0.0.0:8443\" or \"[::]:8443\"")
}
