//! `%` escapes in references.

use std::borrow::Cow;

/// Decodes a URI's `%` escapes (RFC 3986, 2.1). A `%` that begins no escape stays. A text that
/// would not be UTF-8 stays as it is.
pub fn percent_decode(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map_or_else(|_| text.to_owned(), Cow::into_owned)
}
