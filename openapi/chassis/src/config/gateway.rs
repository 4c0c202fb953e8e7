//! `[gateway]`: the gateway in front of the service, and what the service believes of its headers.

mod secret;

use std::net::IpAddr;
use std::str::FromStr;

use super::reader::Reader;
use crate::identity::{CertificateName, InvalidNetwork, Network};

pub use secret::GatewaySecret;

/// A gateway that ends connections for the service, and tells it who the callers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayConfig {
    /// The addresses that the gateway sends requests from. The service believes such headers of no
    /// other address.
    pub addresses: Vec<Network>,
    /// The header in which the gateway says where a request came from.
    pub address_header: AddressHeader,
    /// The header in which the gateway passes on the client's certificate.
    pub certificate_header: CertificateHeader,
    /// The gateway's own certificate must have one of these names, where the service ends TLS. If
    /// empty, the gateway's address is enough.
    pub certificate_names: Vec<CertificateName>,
    /// The secret that the gateway shows in each request. `None` if its address is enough.
    pub secret: Option<GatewaySecret>,
}

/// The header in which a gateway says where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressHeader {
    /// `X-Forwarded-For`
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
    /// No header. All callers have the gateway's address.
    Off,
}

/// The header in which a gateway passes on a client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateHeader {
    /// `Client-Cert`, RFC 9440.
    ClientCert,
    /// `X-SSL-Client-Cert`, PEM with percent escapes, as nginx's `$ssl_client_escaped_cert` has it.
    XSslClientCert,
    /// `X-Forwarded-Client-Cert`, Envoy's.
    XForwardedClientCert,
    /// `X-Amzn-Mtls-Clientcert-Leaf`, that of AWS's application load balancer.
    XAmznMtlsClientcertLeaf,
    /// No header. Callers have no certificate.
    Off,
}

const ADDRESSES: &str = "gateway.addresses";
const CERTIFICATE_HEADER: &str = "gateway.certificate_header";
const CERTIFICATE_NAMES: &str = "gateway.certificate_names";

impl GatewayConfig {
    /// A gateway at these addresses, with the default for everything else.
    #[must_use]
    pub fn new(addresses: Vec<Network>) -> Self {
        Self {
            addresses,
            address_header: AddressHeader::XForwardedFor,
            certificate_header: CertificateHeader::Off,
            certificate_names: Vec::new(),
            secret: None,
        }
    }

    /// Reads the section. The outer option is `None` if a key is wrong, which the reader keeps; the
    /// inner option is `None` if the section is missing. `asks_for_certificates` says whether the
    /// service asks for a certificate in its own handshakes.
    pub fn read(reader: &mut Reader, asks_for_certificates: bool) -> Option<Option<Self>> {
        let is_there = reader.has("gateway");
        let addresses = reader.list(ADDRESSES, network);
        let address_header = reader.optional("gateway.address_header", str::parse);
        let certificate_header = reader.optional(CERTIFICATE_HEADER, str::parse);
        let certificate_names = reader.list(CERTIFICATE_NAMES, str::parse);
        let secret = GatewaySecret::read(reader);
        if !is_there {
            return Some(None);
        }
        let addresses = addresses?;
        if addresses.is_empty() {
            reader.mistake(
                ADDRESSES,
                "must list the addresses from which the gateway sends requests, such as [\"192.0.2.10\", \"10.1.0.0/24\"]",
            );
        }
        let certificate_names = certificate_names?;
        if !certificate_names.is_empty() && !asks_for_certificates {
            reader.mistake(
                CERTIFICATE_NAMES,
                "has no meaning while the service asks for no certificate; set tls.client_ca, or gateway.secret_file instead",
            );
        }
        Some(Some(Self {
            address_header: address_header?.unwrap_or(AddressHeader::XForwardedFor),
            certificate_header: certificate_header?.unwrap_or(CertificateHeader::Off),
            certificate_names,
            secret: secret?,
            ..Self::new(addresses)
        }))
    }

    /// A warning to the operator about a valid configuration: the service believes certificates
    /// because of an address alone.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        let is_proven = !self.certificate_names.is_empty() || self.secret.is_some();
        let believes = self.certificate_header != CertificateHeader::Off;
        (believes && !is_proven).then_some(
            "gateway.certificate_header: any process that can send requests from gateway.addresses can name any \
             certificate, and the service takes it for the certificate's owner; let the gateway prove itself: set \
             gateway.secret_file, or gateway.certificate_names if [tls] asks for certificates",
        )
    }

    /// Whether this address is the gateway's.
    #[must_use]
    pub fn is_at(&self, address: IpAddr) -> bool {
        self.addresses
            .iter()
            .any(|network| network.contains(address))
    }
}

/// Reads a network. A network of all addresses is refused, since every caller would be the gateway.
fn network(text: &str) -> Result<Network, String> {
    let network: Network = text
        .parse()
        .map_err(|error: InvalidNetwork| error.to_string())?;
    if network.is_everybody() {
        return Err(
            "covers every address; list only the addresses from which the gateway sends requests"
                .to_owned(),
        );
    }
    Ok(network)
}

impl AddressHeader {
    /// The header's name in lower case. `None` for [`Self::Off`].
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::XForwardedFor => Some("x-forwarded-for"),
            Self::Forwarded => Some("forwarded"),
            Self::Off => None,
        }
    }
}

impl CertificateHeader {
    /// The header's name in lower case. `None` for [`Self::Off`].
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::ClientCert => Some("client-cert"),
            Self::XSslClientCert => Some("x-ssl-client-cert"),
            Self::XForwardedClientCert => Some("x-forwarded-client-cert"),
            Self::XAmznMtlsClientcertLeaf => Some("x-amzn-mtls-clientcert-leaf"),
            Self::Off => None,
        }
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
            "x-ssl-client-cert" => Ok(Self::XSslClientCert),
            "x-forwarded-client-cert" => Ok(Self::XForwardedClientCert),
            "x-amzn-mtls-clientcert-leaf" => Ok(Self::XAmznMtlsClientcertLeaf),
            "off" => Ok(Self::Off),
            _ => Err(
                "must be \"client-cert\" (RFC 9440), \"x-ssl-client-cert\" (nginx), \"x-forwarded-client-cert\" (Envoy), \
                 \"x-amzn-mtls-clientcert-leaf\" (ALB) or \"off\"",
            ),
        }
    }
}
