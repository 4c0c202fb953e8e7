//! The header of the PROXY protocol, as a balancer or an attacker at its address sends it.
//!
//! An accepted header is complete: without its last byte, the parser doesn't accept it. Bytes after
//! the header change nothing.

use dropshot_chassis::fuzzing::proxy_header;

pub fn check(bytes: &[u8]) {
    let Some((caller, length)) = proxy_header(bytes) else {
        return;
    };
    let (header, rest) = bytes.split_at(length);
    assert!(header.starts_with(b"PROXY ") || header.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
    assert_eq!(proxy_header(header), Some((caller, length)));
    assert_eq!(proxy_header(&header[..length - 1]), None);
    let followed = [header, rest, b"\r\n"].concat();
    assert_eq!(proxy_header(&followed), Some((caller, length)));
}
