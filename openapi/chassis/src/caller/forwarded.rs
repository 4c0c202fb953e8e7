//! What a gateway says about a caller's address: `X-Forwarded-For` and `Forwarded` (RFC 7239).
//!
//! [`super::Entrance`] has checked that the gateway sent the request.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderMap;

use super::Stranger;
use super::written::{elements, parameters, says_nothing, unquoted};
use crate::config::{AddressHeader, GatewayConfig};

/// What one hop says about the hop before it.
#[derive(Debug, PartialEq, Eq)]
enum Node {
    At(IpAddr),
    /// The hop hides the address on purpose (RFC 7239 6.2 and 6.3).
    Hidden,
}

/// The caller's address. `None` if the gateway gives no address, or hides it.
///
/// Each hop adds what it saw at the end of the list. So the list is read from its end, and the
/// first address that isn't the gateway's is the caller's. The caller may have written everything
/// left of it, so that part is not read.
pub(super) fn behind(
    gateway: &GatewayConfig,
    headers: &HeaderMap,
) -> Result<Option<IpAddr>, Stranger> {
    let Some(name) = gateway.address_header.name() else {
        return Ok(None);
    };
    for element in elements(headers, name) {
        let element = element.map_err(|_| Stranger::BadAddress)?;
        let node = match gateway.address_header {
            AddressHeader::Forwarded => of_element(element),
            _ => node(element),
        };
        match node.ok_or(Stranger::BadAddress)? {
            Node::At(address) if gateway.is_at(address) => {}
            Node::At(address) => return Ok(Some(address)),
            Node::Hidden => return Ok(None),
        }
    }
    Ok(None)
}

/// The `for` of an element. `Hidden` if the element has no `for`, as RFC 7239 4 makes each
/// parameter optional. `None` if it can't be read.
fn of_element(element: &[u8]) -> Option<Node> {
    let mut found = None;
    for parameter in parameters(element) {
        let (name, value) = parameter.ok()?;
        if name.eq_ignore_ascii_case(b"for") {
            let node = node(value?)?;
            if found.replace(node).is_some() {
                return None;
            }
        }
    }
    Some(found.unwrap_or(Node::Hidden))
}

/// A node (RFC 7239 6): an address, `unknown`, or an obfuscated name that begins with `_`, each
/// with or without a port. `None` if the text is none of these.
fn node(text: &[u8]) -> Option<Node> {
    let text = unquoted(std::str::from_utf8(text).ok()?);
    let name = text.split_once(':').map_or(&*text, |(name, _)| name);
    // For a caller on a Unix socket, nginx has no address and writes `unix:`.
    let is_hidden = name.starts_with('_') || name.eq_ignore_ascii_case("unknown") || name == "unix";
    if is_hidden || says_nothing(&text) {
        return Some(Node::Hidden);
    }
    address(&text).map(Node::At)
}

/// An address with or without a port. An IPv6 address with a port stands in brackets; without a
/// port it may. The zone of an IPv6 address is dropped: it means nothing to another machine.
fn address(text: &str) -> Option<IpAddr> {
    let v6 = |text: &str| -> Option<Ipv6Addr> {
        let address = match text.split_once('%') {
            Some((_, "")) => return None,
            Some((address, _zone)) => address,
            None => text,
        };
        address.parse().ok()
    };
    let v4 = |text: &str| text.parse::<Ipv4Addr>().ok().map(IpAddr::from);
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let port = port.strip_prefix(':');
        let is_whole = rest.ends_with(']') || port.is_some_and(is_port);
        is_whole.then(|| v6(address))?.map(IpAddr::from)
    } else if let Some(address) = v6(text) {
        Some(IpAddr::from(address))
    } else {
        match text.split_once(':') {
            Some((address, port)) if is_port(port) => v4(address),
            Some(_) => None,
            None => v4(text),
        }
    };
    address.map(|address| address.to_canonical())
}

/// Whether a text is a port: a number, or an obfuscated name (RFC 7239 6).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty(),
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const X_FORWARDED_FOR: &str = "x-forwarded-for";
    const FORWARDED: &str = "forwarded";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let lines = lines.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        });
        lines.collect()
    }

    fn gateway(address_header: AddressHeader) -> GatewayConfig {
        GatewayConfig {
            address_header,
            ..GatewayConfig::new(vec!["10.0.0.0/24".parse().unwrap()])
        }
    }

    fn address_of(header: AddressHeader, lines: &[(&'static str, &str)]) -> String {
        match behind(&gateway(header), &headers(lines)) {
            Ok(Some(address)) => address.to_string(),
            Ok(None) => "none".to_owned(),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn the_address_is_the_last_that_is_not_the_gateways() {
        use AddressHeader::XForwardedFor as Header;
        for (lines, expected) in [
            (&[][..], "none"),
            (&[(X_FORWARDED_FOR, "192.0.2.7")], "192.0.2.7"),
            (&[(X_FORWARDED_FOR, "6.6.6.6, 192.0.2.7")], "192.0.2.7"),
            (&[(X_FORWARDED_FOR, "192.0.2.7, 10.0.0.2")], "192.0.2.7"),
            (
                &[(X_FORWARDED_FOR, "6.6.6.6"), (X_FORWARDED_FOR, "192.0.2.7")],
                "192.0.2.7",
            ),
            (&[(FORWARDED, "for=192.0.2.7")], "none"),
        ] {
            assert_eq!(address_of(Header, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_address_has_many_forms() {
        for (node, expected) in [
            ("192.0.2.7:5000", "192.0.2.7"),
            ("192.0.2.7:_port", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]:_port", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:443", "fe80::1"),
            ("unknown", "none"),
            ("Unknown:4711", "none"),
            ("_gateway", "none"),
            ("_gateway:_port", "none"),
            ("unix:", "none"),
            ("-", "none"),
            ("", "none"),
            ("somebody", "refused"),
            ("192.0.2.7:port", "refused"),
            ("192.0.2.7:65536", "refused"),
            ("192.0.2.7:+1", "refused"),
            ("192.0.2", "refused"),
            ("[2001:db8::1", "refused"),
            ("[2001:db8::1]443", "refused"),
            ("[192.0.2.7]", "refused"),
            ("fe80::1%", "refused"),
        ] {
            // Whatever the caller writes left of the gateway's element changes nothing.
            for before in ["", "6.6.6.6, ", "junk, ", "for=\"6.6.6.6, ", "\u{fc}, "] {
                let of = |name, value: String| {
                    let header = match name {
                        FORWARDED => AddressHeader::Forwarded,
                        _ => AddressHeader::XForwardedFor,
                    };
                    address_of(header, &[(name, &value)])
                };
                let plain = of(X_FORWARDED_FOR, format!("{before}{node}"));
                assert_eq!(plain, expected, "{before}{node}");
                let quoted = of(FORWARDED, format!("{before}proto=https;For=\"{node}\""));
                assert_eq!(quoted, expected, "{before}{node}");
            }
        }
    }

    #[test]
    fn forwarded_is_rfc_7239s() {
        use AddressHeader::Forwarded as Header;
        for (value, expected) in [
            ("for=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7"),
            ("For=6.6.6.6, for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=6.6.6.6, proto=https;for=_hidden", "none"),
            ("for=6.6.6.6, for=unknown", "none"),
            ("for=6.6.6.6, proto=https", "none"),
            ("for=6.6.6.6, ", "none"),
            ("for=somebody", "refused"),
            ("for", "refused"),
            ("for=192.0.2.7;for=6.6.6.6", "refused"),
            // The caller has written a hop into its host name.
            ("for=192.0.2.7;host=\"x,for=6.6.6.6;a=b\"", "192.0.2.7"),
            ("for=192.0.2.7;host=\"\\\",for=6.6.6.6\"", "192.0.2.7"),
            ("for=192.0.2.7;host=x,for=6.6.6.6\"", "refused"),
        ] {
            assert_eq!(
                address_of(Header, &[(FORWARDED, value)]),
                expected,
                "{value}"
            );
        }
        assert_eq!(
            address_of(AddressHeader::Off, &[(FORWARDED, "for=1.2.3.4")]),
            "none"
        );
    }

    /// Each way in which an address is written: bare, with a port, in brackets.
    fn written(address: IpAddr, port: Option<u16>) -> String {
        match (address, port) {
            (_, Some(port)) => SocketAddr::new(address, port).to_string(),
            (IpAddr::V6(address), None) => format!("[{address}]"),
            (address, None) => address.to_string(),
        }
    }

    /// An address of the gateway's, or of another host.
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
        /// Whatever the caller wrote stands before what the gateway adds, and changes nothing.
        #[test]
        fn an_address_is_read_as_it_was_written(
            address: IpAddr, before: IpAddr, port: Option<u16>,
        ) {
            let (hop, forged) = (written(address, port), written(before, None));
            let gateway_has = |it: IpAddr| gateway(AddressHeader::Off).is_at(it.to_canonical());
            prop_assume!(!gateway_has(address));
            for (header, name, value) in [
                (AddressHeader::XForwardedFor, X_FORWARDED_FOR, format!("{forged}, {hop}")),
                (AddressHeader::Forwarded, FORWARDED, format!("for=\"{forged}\", proto=https;For=\"{hop}\"")),
            ] {
                let read = behind(&gateway(header), &with(name, value.as_bytes()).unwrap());
                prop_assert_eq!(read, Ok(Some(address.to_canonical())), "{}", value);
            }
        }

        /// The last hop that isn't the gateway's is the caller, for any number of hops and lines.
        #[test]
        fn of_any_chain_the_last_hop_that_is_not_the_gateways_counts(
            hops in proptest::collection::vec((hop(), any::<Option<u16>>(), any::<bool>()), 1..8),
        ) {
            let is_gateway = |it: &IpAddr| gateway(AddressHeader::Off).is_at(*it);
            let mut addresses = hops.iter().rev().map(|(address, ..)| *address);
            let expected = addresses.find(|address| !is_gateway(address));
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
                let read = behind(&gateway(header), &lines.collect());
                prop_assert_eq!(read, Ok(expected), "{:?}", hops);
            }
        }

        #[test]
        fn any_header_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for (header, name) in [
                (AddressHeader::XForwardedFor, X_FORWARDED_FOR),
                (AddressHeader::Forwarded, FORWARDED),
            ] {
                if let Some(headers) = with(name, &bytes)
                    && let Ok(Some(address)) = behind(&gateway(header), &headers)
                {
                    prop_assert!(!gateway(header).is_at(address));
                }
            }
        }

        /// Bytes that a caller has written left of the gateway's own element change nothing.
        #[test]
        fn what_stands_left_of_the_gateways_own_element_is_not_read(
            address: IpAddr, port: Option<u16>, bytes in proptest::collection::vec(any::<u8>(), 0..40),
            is_line: bool,
        ) {
            prop_assume!(!gateway(AddressHeader::Off).is_at(address.to_canonical()));
            let hop = written(address, port);
            for (header, name, own) in [
                (AddressHeader::XForwardedFor, X_FORWARDED_FOR, hop.clone()),
                (AddressHeader::Forwarded, FORWARDED, format!("host=\"a,b\";for=\"{hop}\"")),
            ] {
                let mut all = HeaderMap::new();
                let own = if is_line {
                    if let Ok(junk) = HeaderValue::from_bytes(&bytes) {
                        all.append(name, junk);
                    }
                    own.into_bytes()
                } else {
                    [&bytes, &b", "[..], own.as_bytes()].concat()
                };
                let Ok(own) = HeaderValue::from_bytes(&own) else { continue };
                all.append(name, own);
                let read = behind(&gateway(header), &all);
                prop_assert_eq!(read, Ok(Some(address.to_canonical())), "{:?}", all);
            }
        }
    }
}
