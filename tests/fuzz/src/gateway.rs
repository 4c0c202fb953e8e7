//! The headers in which a gateway describes its caller: `X-Forwarded-For`, `Forwarded` (RFC 7239)
//! and the certificate headers.
//!
//! Text that a caller puts before the gateway's part of a header changes nothing, as a line of its
//! own or as the beginning of the gateway's line. The address is one of the gateway's only if the
//! gateway itself sent the request. The certificate of `Client-Cert` (RFC 9440) is the one in the
//! header.
//!
//! The first byte of an input chooses the headers that the service believes. Each line after it is
//! a header.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dropshot_chassis::config::{AddressHeader, CertificateHeader, GatewayConfig};
use dropshot_chassis::fuzzing;
use dropshot_chassis::identity::ClientCertificate;
use http::{HeaderMap, HeaderName, HeaderValue};

type Caller = (IpAddr, Option<Arc<ClientCertificate>>);

pub fn check(bytes: &[u8]) {
    let Some((choice, lines)) = bytes.split_first() else {
        return;
    };
    let gateway = gateway(*choice);
    let headers = headers(lines);
    let Some((address, certificate)) = read(&gateway, &headers) else {
        return;
    };
    assert_eq!(address, address.to_canonical());
    assert!(address == own() || !gateway.is_at(address), "{address}");
    if let Some(thumbprint) = thumbprint(&gateway, &headers) {
        let read = certificate.as_ref().map(|it| it.thumbprint().to_string());
        assert!(read.is_none_or(|read| read == thumbprint));
    }
    // If the header lists only hops of the gateway, the gateway is the caller, and a line in front
    // would count as a hop.
    if address != own() {
        for forged in FORGED {
            for is_line in [true, false] {
                let forged = forge(&gateway, &headers, forged, is_line);
                assert_eq!(
                    read(&gateway, &forged),
                    Some((address, certificate.clone())),
                    "{forged:?}"
                );
            }
        }
    }
}

/// Texts that a caller writes in front of the gateway's part.
const FORGED: [&str; 6] = [
    "6.6.6.6",
    "2001:db8:6::6",
    "for=6.6.6.6",
    "for=\"[2001:db8:6::6]\";proto=https",
    "for=\"6.6.6.6",
    "junk\\",
];

fn read(gateway: &GatewayConfig, headers: &HeaderMap) -> Option<Caller> {
    let caller = fuzzing::behind_gateway(gateway, own(), headers)?;
    Some((caller.address, caller.certificate))
}

/// The address that the gateway connects from.
fn own() -> IpAddr {
    IpAddr::from([10, 0, 0, 1])
}

fn gateway(choice: u8) -> GatewayConfig {
    let networks = ["10.0.0.0/24", "2001:db8:1::/48"];
    let networks = networks.map(|network| network.parse().expect("a network"));
    GatewayConfig {
        address_header: match choice % 3 {
            0 => AddressHeader::XForwardedFor,
            1 => AddressHeader::Forwarded,
            _ => AddressHeader::Off,
        },
        certificate_header: match choice / 3 % 5 {
            0 => CertificateHeader::ClientCert,
            1 => CertificateHeader::Off,
            2 => CertificateHeader::XSslClientCert,
            3 => CertificateHeader::XForwardedClientCert,
            _ => CertificateHeader::XAmznMtlsClientcertLeaf,
        },
        ..GatewayConfig::new(networks.into())
    }
}

fn headers(lines: &[u8]) -> HeaderMap {
    let lines = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((name, value))
    });
    // An HTTP server takes at most 100 header lines.
    lines.take(100).collect()
}

/// The headers with a caller's text in front: as a line of its own, or at the beginning of the
/// gateway's line.
fn forge(gateway: &GatewayConfig, headers: &HeaderMap, text: &str, is_line: bool) -> HeaderMap {
    let Some(name) = gateway.address_header.name() else {
        return headers.clone();
    };
    let mut lines: Vec<_> = headers.get_all(name).iter().cloned().collect();
    match lines.first_mut() {
        Some(first) if !is_line => {
            let line = [text.as_bytes(), b", ", first.as_bytes()].concat();
            *first = HeaderValue::from_bytes(&line).expect("two values");
        }
        _ => lines.insert(0, HeaderValue::from_str(text).expect("a value")),
    }
    let others = headers.iter().filter(|(other, _)| *other != name);
    let mut forged: HeaderMap = others
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for line in lines {
        forged.append(HeaderName::from_static(name), line);
    }
    forged
}

/// The `x5t#S256` of the certificate in the header (RFC 8705 3.1).
fn thumbprint(gateway: &GatewayConfig, headers: &HeaderMap) -> Option<String> {
    if gateway.certificate_header != CertificateHeader::ClientCert {
        return None;
    }
    let text = headers.get("client-cert")?.to_str().ok()?;
    let der = STANDARD.decode(text.trim().trim_matches(':')).ok()?;
    Some(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der)))
}
