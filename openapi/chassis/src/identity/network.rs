//! Networks of IP addresses, by which the service knows gateways, balancers and clients.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// A network of IPv4 or IPv6 in CIDR notation (RFC 4632 3.1, RFC 4291 2.3), such as `10.0.0.0/8`,
/// or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// The text is not in CIDR notation.
    #[error("a network is written as 10.0.0.0/8 or 2001:db8::/32, or as one address")]
    NotCidr,
    /// The address doesn't fit the prefix. Either may be the mistake.
    #[error("the address has bits beyond its prefix: is it the network {0}?")]
    HostBits(IpNet),
}

impl Network {
    /// Whether `address` is in the network. An IPv4 address in its IPv6 form counts as the IPv4
    /// address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether the network has every address of its family.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.0.prefix_len() == 0
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| InvalidNetwork::NotCidr)?;
        if network == network.trunc() {
            Ok(Self(network))
        } else {
            Err(InvalidNetwork::HostBits(network.trunc()))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_network_however_it_is_written() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1"), "mapped");
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("192.0.2.1", "192.0.2.1"));
        assert!(!contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1"));
        assert!(!contains("::/0", "192.0.2.1"), "the other family");
    }

    #[test]
    fn everybody_is_a_network_of_either_family() {
        for (text, expected) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("0.0.0.0/1", false),
            ("128.0.0.0/1", false),
            ("0.0.0.0", false),
            ("::/1", false),
            ("::ffff:0:0/96", false),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.is_everybody(), expected, "{text}");
        }
    }

    #[test]
    fn slips_are_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "bank.example", "10.0.0.0/"] {
            assert_eq!(
                text.parse::<Network>(),
                Err(InvalidNetwork::NotCidr),
                "{text}"
            );
        }
        let slip = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert!(slip.to_string().contains("10.0.0.0/8"), "{slip}");
    }
}
