//! `[listen]`: the addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::reader::{Reader, flag};

/// Where the service listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenConfig {
    /// For callers.
    pub api: SocketAddr,
    /// For operators: health and metrics. On loopback by default.
    pub ops: SocketAddr,
    /// Whether the operators' listener may have an address that other machines can reach.
    pub ops_public: bool,
}

impl ListenConfig {
    /// `127.0.0.1:9090`
    pub const DEFAULT_OPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

    /// Reads the section. `None` if a key is wrong, which the reader keeps.
    pub fn read(reader: &mut Reader) -> Option<Self> {
        let api = reader.required("listen.api", address);
        let ops = reader.or("listen.ops", Self::DEFAULT_OPS, address);
        let ops_public = reader.or("listen.ops_public", false, flag);
        let (ops, ops_public) = (ops?, ops_public?);
        if !ops_public && !is_private(ops.ip()) {
            reader.mistake(
                "listen.ops",
                "is an address that other machines may reach, and the operations need no credential; choose a \
                 loopback or private address, or set listen.ops_public = true",
            );
        }
        Some(Self {
            api: api?,
            ops,
            ops_public,
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, such as \"0.0.0.0:8443\" or \"[::]:8443\"")
}

/// Whether only this machine or its own network can reach the address. An unspecified address
/// stands for all of the machine's addresses, which may include public ones, so it is not private.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}
