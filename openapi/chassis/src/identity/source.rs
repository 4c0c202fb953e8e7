//! Whom failures are counted against.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a request comes from, as wide as one caller is: an IPv4 address; or of an IPv6 address its
/// network, /64, as whoever has one address in it has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An address.
    V4(Ipv4Addr),
    /// The first 64 bits of one.
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
