//! What a gateway says about a caller: `X-Forwarded-For`, `Forwarded` (RFC 7239) and `Client-Cert` (RFC 9440).
//!
//! Whatever the headers hold, what a caller could have written in front of the gateway's own part changes nothing, the
//! address is never one of the gateway's unless it asks for itself, and the certificate is the one in the header.
//!
//! The first byte of an input chooses which headers are believed; each line after it is one.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use d1_authz::config::{AddressHeader, CertificateHeader, GatewayConfig};
use d1_authz::http::fuzzing;
use d1_authz::token::ClientCertificate;
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
    assert_eq!(
        certificate.as_ref().map(|it| it.thumbprint().to_string()),
        thumbprint(&gateway, &headers)
    );
    // With nothing but the gateway's hops, it is the gateway that asks.
    if address != own() {
        for forged in ["6.6.6.6", "2001:db8:6::6"] {
            let forged = forge(&gateway, &headers, forged);
            assert_eq!(
                read(&gateway, &forged),
                Some((address, certificate.clone()))
            );
        }
    }
}

fn read(gateway: &GatewayConfig, headers: &HeaderMap) -> Option<Caller> {
    fuzzing::behind_gateway(gateway, own(), headers)
}

/// Where the gateway asks from.
fn own() -> IpAddr {
    IpAddr::from([10, 0, 0, 1])
}

fn gateway(choice: u8) -> GatewayConfig {
    let networks = ["10.0.0.0/24", "2001:db8:1::/48"];
    GatewayConfig {
        addresses: networks
            .map(|network| network.parse().expect("a network"))
            .into(),
        address_header: match choice % 3 {
            0 => AddressHeader::XForwardedFor,
            1 => AddressHeader::Forwarded,
            _ => AddressHeader::Off,
        },
        certificate_header: match choice / 3 % 2 {
            0 => CertificateHeader::ClientCert,
            _ => CertificateHeader::Off,
        },
    }
}

fn headers(lines: &[u8]) -> HeaderMap {
    let lines = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((name, value))
    });
    // A server takes no more than a hundred.
    lines.take(100).collect()
}

/// The headers with a line in front that a caller has written.
fn forge(gateway: &GatewayConfig, headers: &HeaderMap, address: &str) -> HeaderMap {
    let (name, value) = match gateway.address_header {
        AddressHeader::XForwardedFor => ("x-forwarded-for", address.to_owned()),
        _ => ("forwarded", format!("for=\"[{address}]\";proto=https")),
    };
    let value = if address.contains(':') {
        value
    } else {
        value.replace(['[', ']'], "")
    };
    let value = HeaderValue::from_str(&value).expect("digits, dots and signs");
    let mut forged: HeaderMap = [(HeaderName::from_static(name), value)]
        .into_iter()
        .collect();
    for (name, value) in headers {
        forged.append(name, value.clone());
    }
    forged
}

/// `x5t#S256` of the certificate in the header, RFC 8705 3.1.
fn thumbprint(gateway: &GatewayConfig, headers: &HeaderMap) -> Option<String> {
    if gateway.certificate_header == CertificateHeader::Off {
        return None;
    }
    let text = headers.get("client-cert")?.to_str().ok()?;
    let der = STANDARD.decode(text.trim().trim_matches(':')).ok()?;
    Some(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der)))
}
