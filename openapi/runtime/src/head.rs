//! The rules for the head of every request, for all operations: `Host` (RFC 9112 3.2), its size,
//! and HEAD (RFC 9110 9.3.2).

use dropshot::Body;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Version, header};
use http_body::Body as _;

use crate::{Operation, Reason, Rejection, Response};

/// Refuses a head that a server must not act on, or that is too large.
pub(crate) fn check(parts: &Parts, most: usize, operation: &Operation) -> Result<(), Rejection> {
    let refuse = |reason, message: &str| Err(Rejection::new(operation, reason, None, "", message));
    if !has_valid_host(parts) {
        return refuse(
            Reason::Host,
            "the request must have one Host header field, with a host and a port at most",
        );
    }
    if size(parts) > most {
        return refuse(
            Reason::HeadersTooLarge,
            "the header fields are longer than the server reads",
        );
    }
    Ok(())
}

/// Whether a request has a valid `Host`. RFC 9112 3.2: a server MUST answer 400 to a request of
/// HTTP/1.1 without `Host`, and to any request with two of them or with an invalid one.
fn has_valid_host(parts: &Parts) -> bool {
    let mut lines = parts.headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        // HTTP/2 has `:authority` instead, and HTTP/1.0 has neither.
        (None, _) => parts.version != Version::HTTP_11,
        (Some(line), None) => is_host(line),
        (Some(_), Some(_)) => false,
    }
}

/// `uri-host [ ":" port ]`, which may be empty.
fn is_host(line: &HeaderValue) -> bool {
    let text = line.as_bytes();
    // Nearly every host is like this, and needs no copy for the parser.
    let (host, port) = match text.iter().position(|byte| *byte == b':') {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (text, &[][..]),
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if host.iter().all(is_plain) && port.iter().all(u8::is_ascii_digit) {
        return !host.is_empty() || text.is_empty();
    }
    let Ok(authority) = Authority::try_from(text) else {
        return false;
    };
    // User information would stand before the host, and a port behind it.
    let port = authority.as_str().strip_prefix(authority.host());
    port.is_some_and(|port| match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    })
}

fn size(parts: &Parts) -> usize {
    let fields = parts.headers.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

/// The answer without its content, but with the content's length. For HTTP/2, no other code leaves
/// the content out.
pub(crate) fn without_content(mut response: Response) -> Response {
    if let Some(length) = response.body().size_hint().exact() {
        let headers = response.headers_mut();
        headers
            .entry(header::CONTENT_LENGTH)
            .or_insert(length.into());
    }
    *response.body_mut() = Body::empty();
    response
}
