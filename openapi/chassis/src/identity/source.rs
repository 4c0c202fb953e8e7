//! The source of a request, which limits and failures are counted by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that a single caller can have: an IPv4 address, or the /64 network of an IPv6
/// address, since a caller with one address of it has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The first 64 bits of an IPv6 address.
    V6([u16; 4]),
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(network(address)),
        }
    }
}

fn network(address: Ipv6Addr) -> [u16; 4] {
    let [a, b, c, d, ..] = address.segments();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_of_ipv4_and_one_network_of_ipv6() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("192.0.2.1"), source("::ffff:192.0.2.1"), "mapped");
        assert_eq!(source("2001:db8:1:2::3"), source("2001:db8:1:2:4:5:6:7"));
        assert_ne!(source("2001:db8:1:2::3"), source("2001:db8:1:3::3"));
    }
}
