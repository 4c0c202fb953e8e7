//! What a gateway says about a caller: `X-Forwarded-For`, `Forwarded` (RFC 7239) and `Client-Cert` (RFC 9440).
//!
//! Whoever calls this has seen that it is the gateway that says so.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use super::{Caller, Stranger};
use crate::config::{AddressHeader, CertificateHeader, GatewayConfig};
use crate::token::ClientCertificate;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";
const CLIENT_CERT: &str = "client-cert";

const BAD_ADDRESS: Stranger = Stranger::Malformed("the gateway's header does not say an address");
const BAD_CERTIFICATE: Stranger =
    Stranger::Malformed("the gateway's Client-Cert header is no certificate");

/// The caller behind the gateway at `address`.
pub(in crate::http) fn caller(
    gateway: &GatewayConfig,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Caller, Stranger> {
    let forwarded = behind(gateway, headers)?;
    let certificate = match gateway.certificate_header {
        CertificateHeader::ClientCert => client_cert(headers)?,
        CertificateHeader::Off => None,
    };
    Ok(Caller {
        // Its own requests, such as a health check, have no header.
        address: forwarded.unwrap_or(address),
        certificate: certificate.map(Arc::new),
    })
}

/// The address of the caller, if the gateway says one.
pub(super) fn behind(
    gateway: &GatewayConfig,
    headers: &HeaderMap,
) -> Result<Option<IpAddr>, Stranger> {
    Ok(match gateway.address_header {
        AddressHeader::XForwardedFor => nearest(gateway, x_forwarded_for(headers)?),
        AddressHeader::Forwarded => nearest(gateway, forwarded(headers)?),
        AddressHeader::Off => None,
    })
}

/// The last address that is none of the gateway's: each hop adds the one that it saw, and what stands before that, the caller
/// may have written itself.
fn nearest(gateway: &GatewayConfig, hops: Vec<IpAddr>) -> Option<IpAddr> {
    let mut hops = hops.into_iter().rev();
    hops.find(|hop| !gateway.is_at(*hop))
}

/// All lines of a header as one list.
fn listed<'h>(headers: &'h HeaderMap, name: &str) -> Result<Vec<&'h str>, Stranger> {
    let lines = headers.get_all(name).iter();
    lines
        .map(|line| line.to_str().map_err(|_| BAD_ADDRESS))
        .collect()
}

fn x_forwarded_for(headers: &HeaderMap) -> Result<Vec<IpAddr>, Stranger> {
    let lines = listed(headers, X_FORWARDED_FOR)?;
    let hops = lines.into_iter().flat_map(|line| line.split(','));
    hops.map(|hop| address(hop.trim()).ok_or(BAD_ADDRESS))
        .collect()
}

/// The `for` of each element. Who is hidden (`_x`, `unknown`) is left out.
fn forwarded(headers: &HeaderMap) -> Result<Vec<IpAddr>, Stranger> {
    let mut hops = Vec::new();
    for line in listed(headers, FORWARDED)? {
        // An address has neither sign, and no other parameter matters: a quote that is torn makes no address.
        for element in line.split(',') {
            let nodes = element.split(';').filter_map(|pair| {
                let (name, node) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then_some(node)
            });
            for node in nodes {
                let node = node.trim();
                let quoted = node
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'));
                let node = quoted.unwrap_or(node);
                if node.starts_with('_') || node.eq_ignore_ascii_case("unknown") {
                    continue;
                }
                hops.push(address(node).ok_or(BAD_ADDRESS)?);
            }
        }
    }
    Ok(hops)
}

/// An address with or without a port; with one, an IPv6 address stands in brackets, without one it may.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let address: Option<IpAddr> = text.parse().ok();
    let address = address.or_else(bracketed).or_else(with_port);
    address.map(|address| address.to_canonical())
}

/// One line with one byte sequence (RFC 8941 3.3.5).
fn client_cert(headers: &HeaderMap) -> Result<Option<ClientCertificate>, Stranger> {
    let mut lines = headers.get_all(CLIENT_CERT).iter();
    let line = match (lines.next(), lines.next()) {
        (None, _) => return Ok(None),
        (Some(line), None) => line,
        _ => return Err(BAD_CERTIFICATE),
    };
    let der = || {
        let text = line.to_str().ok()?.trim();
        let encoded = text.strip_prefix(':')?.strip_suffix(':')?;
        STANDARD.decode(encoded).ok()
    };
    let der = der().ok_or(BAD_CERTIFICATE)?;
    let certificate = ClientCertificate::from_der(&der).map_err(|_| BAD_CERTIFICATE)?;
    Ok(Some(certificate))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    /// A certificate of nobody's, DER in base64.
    const CERTIFICATE: &str = include_str!("forwarded/certificate.txt");

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        lines.collect()
    }

    fn gateway(address_header: AddressHeader) -> GatewayConfig {
        GatewayConfig {
            addresses: vec!["10.0.0.0/24".parse().unwrap()],
            address_header,
            certificate_header: CertificateHeader::ClientCert,
        }
    }

    fn address_of(header: AddressHeader, lines: &[(&'static str, &'static str)]) -> String {
        let own = "10.0.0.1".parse().unwrap();
        match caller(&gateway(header), own, &headers(lines)) {
            Ok(caller) => caller.address.to_string(),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn the_address_is_the_last_that_is_not_the_gateways() {
        use AddressHeader::XForwardedFor as Header;
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&[(X_FORWARDED_FOR, "192.0.2.7")], "192.0.2.7"),
            (&[(X_FORWARDED_FOR, "6.6.6.6, 192.0.2.7")], "192.0.2.7"),
            (&[(X_FORWARDED_FOR, "192.0.2.7, 10.0.0.2")], "192.0.2.7"),
            (
                &[(X_FORWARDED_FOR, "6.6.6.6"), (X_FORWARDED_FOR, "192.0.2.7")],
                "192.0.2.7",
            ),
            (&[(X_FORWARDED_FOR, "[2001:db8::1]:443")], "2001:db8::1"),
            (&[(X_FORWARDED_FOR, "192.0.2.7:5000")], "192.0.2.7"),
            (&[(X_FORWARDED_FOR, "::ffff:192.0.2.7")], "192.0.2.7"),
            (&[(X_FORWARDED_FOR, "192.0.2.7, somebody")], "refused"),
            (&[(X_FORWARDED_FOR, "")], "refused"),
            (&[(FORWARDED, "for=192.0.2.7")], "10.0.0.1"),
        ] {
            assert_eq!(address_of(Header, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn forwarded_is_rfc_7239s() {
        use AddressHeader::Forwarded as Header;
        for (value, expected) in [
            ("for=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7"),
            ("For=6.6.6.6, for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("proto=https;for=_hidden", "10.0.0.1"),
            ("for=unknown", "10.0.0.1"),
            ("for=somebody", "refused"),
            ("for=\"6.6.6.6, for=192.0.2.7", "refused"),
        ] {
            assert_eq!(
                address_of(Header, &[(FORWARDED, value)]),
                expected,
                "{value}"
            );
        }
        assert_eq!(
            address_of(AddressHeader::Off, &[(FORWARDED, "for=1.2.3.4")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for lines in [
            &[(CLIENT_CERT, "")][..],
            &[(CLIENT_CERT, "MAA=")],
            &[(CLIENT_CERT, ":MAA=:")],
            &[(CLIENT_CERT, ":?:")],
            &[(CLIENT_CERT, ":MAA=:"), (CLIENT_CERT, ":MAA=:")],
        ] {
            assert_eq!(
                address_of(AddressHeader::Off, lines),
                "refused",
                "{lines:?}"
            );
        }
    }

    /// Each way in which an address is written: bare, with a port, in brackets.
    fn written(address: IpAddr, port: Option<u16>) -> String {
        match (address, port) {
            (_, Some(port)) => SocketAddr::new(address, port).to_string(),
            (IpAddr::V6(address), None) => format!("[{address}]"),
            (address, None) => address.to_string(),
        }
    }

    /// One of the gateway's, or somebody else's.
    fn hop() -> impl Strategy<Value = IpAddr> {
        let gateways = any::<u8>().prop_map(|last| IpAddr::from([10, 0, 0, last]));
        let others = any::<IpAddr>().prop_map(|address| address.to_canonical());
        prop_oneof![gateways, others]
    }

    fn with(name: &'static str, value: &[u8]) -> Option<HeaderMap> {
        let value = HeaderValue::from_bytes(value).ok()?;
        Some(
            [(HeaderName::from_static(name), value)]
                .into_iter()
                .collect(),
        )
    }

    proptest! {
        /// What the caller wrote itself, whatever it is, stands before what the gateway adds, and changes nothing.
        #[test]
        fn an_address_is_read_as_it_was_written(
            address: IpAddr, before: IpAddr, port: Option<u16>,
        ) {
            let (hop, forged) = (written(address, port), written(before, None));
            let gateway_has = |it: IpAddr| gateway(AddressHeader::Off).is_at(it.to_canonical());
            prop_assume!(!gateway_has(address));
            let own = IpAddr::from([10, 0, 0, 1]);
            for (header, name, value) in [
                (AddressHeader::XForwardedFor, X_FORWARDED_FOR, format!("{forged}, {hop}")),
                (AddressHeader::Forwarded, FORWARDED, format!("for=\"{forged}\", proto=https;For=\"{hop}\"")),
            ] {
                let read = caller(&gateway(header), own, &with(name, value.as_bytes()).unwrap());
                prop_assert_eq!(read.unwrap().address, address.to_canonical(), "{}", value);
            }
        }

        /// However many hops there are, in however many lines: the last that is not the gateway's is the caller.
        #[test]
        fn of_any_chain_the_last_hop_that_is_not_the_gateways_counts(
            hops in proptest::collection::vec((hop(), any::<Option<u16>>(), any::<bool>()), 1..8),
        ) {
            let own = IpAddr::from([10, 0, 0, 1]);
            let is_gateway = |it: &IpAddr| gateway(AddressHeader::Off).is_at(*it);
            let mut addresses = hops.iter().rev().map(|(address, ..)| *address);
            let expected = addresses.find(|address| !is_gateway(address)).unwrap_or(own);
            for (header, name) in [
                (AddressHeader::XForwardedFor, X_FORWARDED_FOR),
                (AddressHeader::Forwarded, FORWARDED),
            ] {
                let mut lines = vec![String::new()];
                for (address, port, begins_a_line) in &hops {
                    let node = match header {
                        AddressHeader::Forwarded => format!("for=\"{}\"", written(*address, *port)),
                        _ => written(*address, *port),
                    };
                    match lines.last_mut() {
                        Some(line) if line.is_empty() => *line = node,
                        Some(line) if !begins_a_line => line.extend([", ", &node]),
                        _ => lines.push(node),
                    }
                }
                let lines = lines.iter().map(|line| {
                    (HeaderName::from_static(name), HeaderValue::from_str(line).unwrap())
                });
                let read = caller(&gateway(header), own, &lines.collect());
                prop_assert_eq!(read.unwrap().address, expected, "{:?}", hops);
            }
        }

        #[test]
        fn any_header_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let own = IpAddr::from([10, 0, 0, 1]);
            for (header, name) in [
                (AddressHeader::XForwardedFor, X_FORWARDED_FOR),
                (AddressHeader::Forwarded, FORWARDED),
                (AddressHeader::Off, CLIENT_CERT),
            ] {
                if let Some(headers) = with(name, &bytes)
                    && let Ok(caller) = caller(&gateway(header), own, &headers)
                {
                    prop_assert!(caller.address == own || !gateway(header).is_at(caller.address));
                    prop_assert_eq!(caller.certificate, None, "noise is no certificate");
                }
            }
        }

        /// Of a certificate, every bit counts: changed, it is none, or another one.
        #[test]
        fn a_certificate_is_the_one_in_the_header(at in 0_usize..4096, bit in 0_u8..8) {
            let der = STANDARD.decode(CERTIFICATE.trim()).unwrap();
            let read = |der: &[u8]| {
                let value = format!(":{}:", STANDARD.encode(der));
                let headers = with(CLIENT_CERT, value.as_bytes()).unwrap();
                caller(&gateway(AddressHeader::Off), IpAddr::from([10, 0, 0, 1]), &headers).ok()
            };
            let whole = read(&der).unwrap().certificate.unwrap();
            prop_assert_eq!(&*whole, &ClientCertificate::from_der(&der).unwrap());
            let mut changed = der;
            let at = at % changed.len();
            changed[at] ^= 1 << bit;
            if let Some(other) = read(&changed).and_then(|caller| caller.certificate) {
                prop_assert_ne!(other.thumbprint(), whole.thumbprint());
            }
        }
    }
}
