//! The PROXY protocol, versions 1 and 2: a balancer that passes bytes on says first who the caller
//! is (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>). [`super::gate`] decides
//! which balancers must send the header and are believed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The start of version 2. No request and no handshake begins like this.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The start of version 1.
const WORD: &[u8] = b"PROXY ";
/// The longest line of version 1 (2.1), its end included.
const LINE: usize = 107;
/// The length of the fixed part of version 2: signature, version and command, family, length (2.2).
const FIXED: usize = 16;
/// The longest header of version 2 that is accepted, in bytes. Addresses take 216 bytes at most;
/// what follows them (2.2.1) is skipped.
const LONGEST: usize = 4096;

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// A part of a header: more has to be read.
    Partial,
    /// No header, or a malformed one.
    Malformed,
    /// A whole header.
    Whole {
        /// The caller. `None` if the balancer itself connects for a health check, or doesn't know
        /// the caller.
        caller: Option<SocketAddr>,
        /// The length of the header in bytes.
        length: usize,
    },
}

/// Reads the header that a connection begins with. Returns the caller, and the bytes that were read
/// after the header.
///
/// # Errors
/// `InvalidData` if the connection doesn't begin with a whole header. Any other kind if the
/// connection failed, or ended before its first byte.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<(Option<SocketAddr>, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(LINE);
    loop {
        match parse(&bytes) {
            Header::Partial => {}
            Header::Malformed => return Err(io::ErrorKind::InvalidData.into()),
            Header::Whole { caller, length } => return Ok((caller, bytes.split_off(length))),
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            // A balancer only connects to see whether the service lives. This is no mistake.
            let is_wrong = !bytes.is_empty();
            return Err(match is_wrong {
                true => io::ErrorKind::InvalidData.into(),
                false => io::ErrorKind::UnexpectedEof.into(),
            });
        }
    }
}

/// The header that these bytes begin with.
pub(crate) fn parse(bytes: &[u8]) -> Header {
    if bytes.starts_with(SIGNATURE) {
        return version_2(bytes).unwrap_or(Header::Malformed);
    }
    if bytes.starts_with(WORD) {
        return version_1(bytes).unwrap_or(Header::Malformed);
    }
    match SIGNATURE.starts_with(bytes) || WORD.starts_with(bytes) {
        true => Header::Partial,
        false => Header::Malformed,
    }
}

/// `PROXY TCP4 198.51.100.7 192.0.2.1 51000 443\r\n`
fn version_1(bytes: &[u8]) -> Option<Header> {
    let line = &bytes[..bytes.len().min(LINE)];
    let Some(end) = line.windows(2).position(|two| two == b"\r\n") else {
        let is_over =
            bytes.len() >= LINE || line.iter().any(|byte| !matches!(byte, b' '..=b'~' | b'\r'));
        return (!is_over).then_some(Header::Partial);
    };
    let text = std::str::from_utf8(&line[WORD.len()..end]).ok()?;
    let length = end + 2;
    let words: Vec<&str> = text.split(' ').collect();
    let caller = match words[..] {
        ["TCP4", from, to, from_port, to_port] => {
            to.parse::<Ipv4Addr>().ok()?;
            port(to_port)?;
            Some(SocketAddr::from((
                from.parse::<Ipv4Addr>().ok()?,
                port(from_port)?,
            )))
        }
        ["TCP6", from, to, from_port, to_port] => {
            to.parse::<Ipv6Addr>().ok()?;
            port(to_port)?;
            Some(SocketAddr::from((
                from.parse::<Ipv6Addr>().ok()?,
                port(from_port)?,
            )))
        }
        // The specification says to ignore what follows.
        ["UNKNOWN", ..] => None,
        _ => return None,
    };
    Some(Header::Whole { caller, length })
}

/// A port, without leading zeroes and signs.
fn port(text: &str) -> Option<u16> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain.then(|| text.parse().ok())?
}

fn version_2(bytes: &[u8]) -> Option<Header> {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED) else {
        // The version is checked as soon as its byte is there.
        let version = bytes.get(12).is_none_or(|byte| byte >> 4 == 2);
        return version.then_some(Header::Partial);
    };
    let (version, command) = (fixed[12] >> 4, fixed[12] & 0xf);
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if version != 2 || command > 1 || FIXED + length > LONGEST {
        return None;
    }
    let Some(rest) = rest.get(..length) else {
        return Some(Header::Partial);
    };
    let caller = match (command, fixed[13]) {
        // The addresses of LOCAL and of UNSPEC are to be ignored. A Unix socket's address is no
        // caller's.
        (0, _) | (_, 0x00 | 0x31 | 0x32) => None,
        // TCP over IPv4 and over IPv6: source, destination, and both ports.
        (_, 0x11) => Some(address::<4>(rest)?),
        (_, 0x21) => Some(address::<16>(rest)?),
        _ => return None,
    };
    Some(Header::Whole {
        caller,
        length: FIXED + length,
    })
}

/// The source address and port in a block of addresses.
fn address<const N: usize>(block: &[u8]) -> Option<SocketAddr>
where
    IpAddr: From<[u8; N]>,
{
    let from: [u8; N] = block.get(..N)?.try_into().ok()?;
    let ports: [u8; 4] = block.get(2 * N..2 * N + 4)?.try_into().ok()?;
    let port = u16::from_be_bytes([ports[0], ports[1]]);
    Some(SocketAddr::from((IpAddr::from(from), port)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    fn whole(caller: &str, length: usize) -> Header {
        let caller = Some(caller.parse().unwrap());
        Header::Whole { caller, length }
    }

    fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    #[test]
    fn version_1_is_read_to_its_end() {
        for (line, caller) in [
            (
                "PROXY TCP4 198.51.100.7 192.0.2.1 51000 443\r\n",
                "198.51.100.7:51000",
            ),
            (
                "PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n",
                "[2001:db8::7]:1",
            ),
        ] {
            let expected = whole(caller, line.len());
            assert_eq!(parse(format!("{line}GET /").as_bytes()), expected, "{line}");
            for end in 0..line.len() {
                assert_eq!(parse(&line.as_bytes()[..end]), Header::Partial, "{end}");
            }
        }
        for unknown in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ::1 ::2 x y\r\n"] {
            let (caller, length) = (None, unknown.len());
            assert_eq!(parse(unknown.as_bytes()), Header::Whole { caller, length });
        }
    }

    #[test]
    fn what_is_no_header_of_version_1_is_told() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE));
        for line in [
            "GET / HTTP/1.1\r\n",
            "proxy TCP4 198.51.100.7 192.0.2.1 1 2\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 1\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 1 2 3\r\n",
            "PROXY TCP4  198.51.100.7 192.0.2.1 1 2\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 01 2\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 +1 2\r\n",
            "PROXY TCP4 198.51.100.7 192.0.2.1 65536 2\r\n",
            "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
            "PROXY TCP6 198.51.100.7 192.0.2.1 1 2\r\n",
            "PROXY TCP4 198.51.100.256 192.0.2.1 1 2\r\n",
            "PROXY UDP4 198.51.100.7 192.0.2.1 1 2\r\n",
            "PROXY \r\n",
            "PROXY UNKNOWN\n",
            "PROXY TCP4 \u{e4}",
            &long,
        ] {
            assert_eq!(parse(line.as_bytes()), Header::Malformed, "{line}");
        }
    }

    #[test]
    fn version_2_is_read_and_what_follows_its_addresses_is_not() {
        let v4 = [198, 51, 100, 7, 192, 0, 2, 1, 0xc7, 0x38, 1, 0xbb];
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        v6[32..].copy_from_slice(&[0, 1, 0, 2]);
        // PP2_TYPE_ALPN
        let more = [&v4[..], &[1, 0, 2, b'h', b'2']].concat();
        for (bytes, caller) in [
            (second(0x21, 0x11, &v4), "198.51.100.7:51000"),
            (second(0x21, 0x11, &more), "198.51.100.7:51000"),
            (second(0x21, 0x21, &v6), "[2001:db8::7]:1"),
        ] {
            assert_eq!(parse(&bytes), whole(caller, bytes.len()));
            for end in 0..bytes.len() {
                assert_eq!(parse(&bytes[..end]), Header::Partial, "{end}");
            }
        }
        for own in [
            second(0x20, 0x11, &v4),
            second(0x20, 0, &[]),
            second(0x21, 0, &v4),
            second(0x21, 0x31, &[0; 216]),
        ] {
            let (caller, length) = (None, own.len());
            assert_eq!(parse(&own), Header::Whole { caller, length });
        }
        for malformed in [
            second(0x11, 0x11, &v4),
            second(0x22, 0x11, &v4),
            second(0x21, 0x12, &v4),
            second(0x21, 0x11, &v4[1..]),
            second(0x21, 0x21, &v4),
            second(0x21, 0x11, &[0; LONGEST]),
        ] {
            assert_eq!(parse(&malformed), Header::Malformed, "{malformed:x?}");
        }
    }

    #[tokio::test]
    async fn a_header_in_pieces_leaves_what_follows_it() {
        let (mut balancer, mut stream) = duplex(3);
        let sending = async {
            let bytes = b"PROXY TCP4 198.51.100.7 192.0.2.1 1 2\r\nGE";
            balancer.write_all(bytes).await.unwrap();
        };
        let (read, ()) = tokio::join!(read(&mut stream), sending);
        let (caller, more) = read.unwrap();
        assert_eq!(caller, Some("198.51.100.7:1".parse().unwrap()));
        assert!(b"GE".starts_with(&more));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes: Vec<u8>, of_version: Option<bool>) {
            let start: &[u8] = match of_version {
                None => b"",
                Some(true) => WORD,
                Some(false) => SIGNATURE,
            };
            let all = [start, &bytes].concat();
            match parse(&all) {
                Header::Whole { length, .. } => prop_assert!(length <= all.len()),
                Header::Partial => prop_assert!(all.len() < LONGEST),
                Header::Malformed => {}
            }
        }
    }
}
