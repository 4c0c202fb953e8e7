//! `[gateway]`: who stands in front, and what is believed of what it says about callers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::reader::Reader;

/// A gateway that ends connections for the service, and tells it whose they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayConfig {
    /// Where it asks from. Nobody else is believed, whatever headers they send.
    pub addresses: Vec<Network>,
    /// How it says where a request came from.
    pub address_header: AddressHeader,
    /// Whether it passes the client's certificate on, in `Client-Cert` (RFC 9440).
    pub certificate_header: CertificateHeader,
}

/// A network of addresses, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// The header in which a gateway says where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressHeader {
    /// `X-Forwarded-For`
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
    /// None; callers have the gateway's address.
    Off,
}

/// The header in which a gateway passes on a client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateHeader {
    /// `Client-Cert`, RFC 9440.
    ClientCert,
    /// None.
    Off,
}

const ADDRESSES: &str = "gateway.addresses";

impl GatewayConfig {
    /// The section; none in the inner option when there is none.
    pub(super) fn read(reader: &mut Reader) -> Option<Option<Self>> {
        let is_there = reader.has("gateway");
        let addresses = reader.list(ADDRESSES, str::parse);
        let address_header = reader.optional("gateway.address_header", str::parse);
        let certificate_header = reader.optional("gateway.certificate_header", str::parse);
        if !is_there {
            return Some(None);
        }
        let addresses = addresses?;
        if addresses.is_empty() {
            reader.mistake(
                ADDRESSES,
                "must name the addresses that the gateway asks from, such as [\"192.0.2.10\", \"10.1.0.0/24\"]",
            );
        }
        Some(Some(Self {
            addresses,
            address_header: address_header?.unwrap_or(AddressHeader::XForwardedFor),
            certificate_header: certificate_header?.unwrap_or(CertificateHeader::Off),
        }))
    }

    /// Whether the gateway asks from this address.
    #[must_use]
    pub fn is_at(&self, address: IpAddr) -> bool {
        self.addresses
            .iter()
            .any(|network| network.contains(address))
    }
}

impl Network {
    /// Whether an address is in it. An IPv4 address mapped into IPv6 is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => (32, u128::from(address.to_bits())),
            IpAddr::V6(address) => (128, address.to_bits()),
        };
        let ((width, own), (others, other)) = (bits(self.first), bits(address.to_canonical()));
        let host_bits = u32::from(width - self.prefix);
        width == others
            && own.checked_shr(host_bits).unwrap_or(0) == other.checked_shr(host_bits).unwrap_or(0)
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "must be IP addresses or networks, such as [\"192.0.2.10\", \"10.1.0.0/24\"]";
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| WRONG)?;
        let first = first.to_canonical();
        let width = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| WRONG)?,
            None => width,
        };
        // Of a network with no prefix at all everybody would be the gateway.
        if !(1..=width).contains(&prefix) {
            return Err(WRONG);
        }
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl FromStr for AddressHeader {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            "off" => Ok(Self::Off),
            _ => Err("must be \"x-forwarded-for\", \"forwarded\" or \"off\""),
        }
    }
}

impl FromStr for CertificateHeader {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "client-cert" => Ok(Self::ClientCert),
            "off" => Ok(Self::Off),
            _ => Err("must be \"client-cert\" or \"off\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_of_its_prefix() {
        let has = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(has("192.0.2.10", "192.0.2.10"));
        assert!(has("192.0.2.10", "::ffff:192.0.2.10"), "mapped");
        assert!(!has("192.0.2.10", "192.0.2.11"));
        assert!(has("10.1.0.0/24", "10.1.0.255"));
        assert!(!has("10.1.0.0/24", "10.1.1.0"));
        assert!(has("128.0.0.0/1", "255.0.0.1"));
        assert!(has("2001:db8::/64", "2001:db8::1:2:3:4"));
        assert!(!has("2001:db8::/64", "2001:db8:0:1::"));
        assert!(!has("2001:db8::/64", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "gateway",
            "0.0.0.0/0",
            "10.0.0.0/33",
            "::/0",
            "10.0.0.0/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
