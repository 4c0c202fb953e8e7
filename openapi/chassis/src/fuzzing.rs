//! The readers of a connection's first bytes and of a gateway's headers, for tests that try them
//! with any bytes. Not part of the API.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::caller::{self, Caller};
use crate::config::GatewayConfig;
use crate::door::proxy;

/// The caller behind the gateway at `address`. `None` if the request is refused.
#[must_use]
pub fn behind_gateway(
    gateway: &GatewayConfig,
    address: IpAddr,
    headers: &HeaderMap,
) -> Option<Caller> {
    caller::behind(gateway, address, headers).caller.ok()
}

/// The header of the PROXY protocol that these bytes begin with: the caller, if the header names
/// it, and the header's length in bytes. `None` if there is no whole header.
#[must_use]
pub fn proxy_header(bytes: &[u8]) -> Option<(Option<SocketAddr>, usize)> {
    match proxy::parse(bytes) {
        proxy::Header::Whole { caller, length } => Some((caller, length)),
        proxy::Header::Partial | proxy::Header::Malformed => None,
    }
}
