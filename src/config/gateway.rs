//! `[gateway]`: who stands in front, and what is believed of what it says about callers.

use std::net::IpAddr;
use std::str::FromStr;

use super::reader::Reader;
use crate::token::{InvalidNetwork, Network};

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
        let addresses = reader.list(ADDRESSES, network);
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

/// Of the networks of everybody, everybody would be the gateway.
fn network(text: &str) -> Result<Network, String> {
    let network: Network = text
        .parse()
        .map_err(|error: InvalidNetwork| error.to_string())?;
    if network.is_everybody() {
        return Err("is everybody; name the addresses that the gateway asks from".to_owned());
    }
    Ok(network)
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
