//! Strict percent decoding (RFC 3986, 2.1). A `%` that starts no escape is refused, and so are
//! bytes that aren't UTF-8.
//!
//! Lenient decoders replace such bytes, so two different requests can look the same.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::{Invalid, Reason};

/// The escapes in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// No escapes: header values.
    None,
    /// `%20`: paths and cookies.
    Percent,
    /// `%20`, and `+` for a space: query strings and forms (WHATWG URL,
    /// `application/x-www-form-urlencoded`).
    Form,
}

/// Decodes the escapes in `raw`.
pub(crate) fn decode(raw: &str, escapes: Escapes) -> Result<Cow<'_, str>, Invalid> {
    let escaped = |byte: u8| byte == b'%' || byte == b'+' && escapes == Escapes::Form;
    if escapes == Escapes::None || !raw.bytes().any(escaped) {
        return Ok(Cow::Borrowed(raw));
    }
    let spaced = match escapes {
        Escapes::Form if raw.contains('+') => Cow::Owned(raw.replace('+', " ")),
        _ => Cow::Borrowed(raw),
    };
    if !spaced.contains('%') {
        return Ok(spaced);
    }
    if !spaced.split('%').skip(1).all(starts_with_two_digits) {
        return Err(Invalid::new(
            Reason::MalformedEncoding,
            "has a percent sign without two hexadecimal digits after it",
        ));
    }
    match percent_decode(spaced.as_bytes()).decode_utf8() {
        Ok(text) => Ok(Cow::Owned(text.into_owned())),
        Err(_) => Err(Invalid::new(
            Reason::MalformedEncoding,
            "is not UTF-8 text once its percent escapes are decoded",
        )),
    }
}

fn starts_with_two_digits(text: &str) -> bool {
    matches!(text.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict() {
        for (raw, text) in [
            ("", ""),
            ("a%20b", "a b"),
            ("%e2%82%AC", "€"),
            ("€", "€"),
            ("a+b", "a+b"),
            ("%25zz", "%zz"),
        ] {
            assert_eq!(decode(raw, Escapes::Percent).unwrap(), text);
        }
        for raw in [
            "%", "%2", "a%2", "%zz", "%2%20", "%%20", "%e2%82", "%ff", "%+1",
        ] {
            let refused = decode(raw, Escapes::Percent).unwrap_err();
            assert_eq!(refused.reason(), Reason::MalformedEncoding, "{raw}");
        }
        assert_eq!(decode("a+b%2B", Escapes::Form).unwrap(), "a b+");
        assert_eq!(decode("a+b%zz", Escapes::None).unwrap(), "a+b%zz");
    }
}
