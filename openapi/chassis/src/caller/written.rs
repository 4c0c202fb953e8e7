//! How gateways write their headers: as lists that each hop extends at the end, with several words
//! for a missing value.
//!
//! A list is read from its end. A caller may have written what stands left of an element. That part
//! must not change how the element is read, neither by bytes that are no text nor by a quotation
//! mark without its partner.

use std::borrow::Cow;

use http::HeaderMap;

/// What gateways write for a value that they don't have, apart from an empty one: Apache writes
/// `(null)`, nginx and access logs `-`, and templates of other gateways the rest.
const NOTHING: [&str; 9] = [
    "-",
    "(null)",
    "null",
    "<null>",
    "(none)",
    "none",
    "nil",
    "<nil>",
    "undefined",
];

/// A quoted string whose beginning is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn;

/// The elements of a text, the last one first. A separator inside a quoted string separates
/// nothing.
#[derive(Debug)]
pub(super) struct FromTheEnd<'h> {
    rest: Option<&'h [u8]>,
    separator: u8,
}

/// The elements of a header, the last one first. Several lines are one list (RFC 9110 5.3).
pub(super) fn elements<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> impl Iterator<Item = Result<&'h [u8], Torn>> {
    let lines = headers.get_all(name).iter().rev();
    lines.flat_map(|line| FromTheEnd::new(line.as_bytes(), b','))
}

/// The parameters of an element, the last one first: name and value, still quoted. The value is
/// `None` if there is no `=`.
pub(super) fn parameters(
    element: &[u8],
) -> impl Iterator<Item = Result<(&[u8], Option<&[u8]>), Torn>> {
    FromTheEnd::new(element, b';').map(|parameter| {
        let parameter = parameter?;
        let equals = parameter.iter().position(|byte| *byte == b'=');
        Ok(match equals {
            Some(at) => (
                parameter[..at].trim_ascii(),
                Some(parameter[at + 1..].trim_ascii()),
            ),
            None => (parameter, None),
        })
    })
}

/// A value without the quotation marks around it, and without the escapes between them (RFC 9110
/// 5.6.4).
pub(super) fn unquoted(value: &str) -> Cow<'_, str> {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if inner.contains('\\') => {
            let mut text = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(character) = characters.next() {
                text.extend(if character == '\\' {
                    characters.next()
                } else {
                    Some(character)
                });
            }
            Cow::Owned(text)
        }
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(value),
    }
}

/// Whether a value is one of the words for a missing value, or empty.
pub(super) fn says_nothing(value: &str) -> bool {
    let value = value.trim_ascii();
    value.is_empty() || NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word))
}

impl<'h> FromTheEnd<'h> {
    pub(super) fn new(text: &'h [u8], separator: u8) -> Self {
        Self {
            rest: Some(text),
            separator,
        }
    }
}

impl<'h> Iterator for FromTheEnd<'h> {
    type Item = Result<&'h [u8], Torn>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let mut is_quoted = false;
        for (at, byte) in rest.iter().enumerate().rev() {
            match *byte {
                b'"' if !(is_quoted && is_escaped(&rest[..at])) => is_quoted = !is_quoted,
                byte if byte == self.separator && !is_quoted => {
                    self.rest = Some(&rest[..at]);
                    return Some(Ok(rest[at + 1..].trim_ascii()));
                }
                _ => {}
            }
        }
        Some(if is_quoted {
            Err(Torn)
        } else {
            Ok(rest.trim_ascii())
        })
    }
}

/// Whether the character after `before` is escaped: `before` ends with an odd number of
/// backslashes.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<&str, Torn>> {
        let elements = FromTheEnd::new(text.as_bytes(), b',');
        elements
            .map(|element| element.map(|element| std::str::from_utf8(element).unwrap()))
            .collect()
    }

    #[test]
    fn a_separator_within_quotes_separates_nothing() {
        for (text, expected) in [
            ("", &[Ok("")][..]),
            ("a", &[Ok("a")]),
            ("a, b", &[Ok("b"), Ok("a")]),
            ("a,", &[Ok(""), Ok("a")]),
            (r#"a, "b,c""#, &[Ok(r#""b,c""#), Ok("a")]),
            (r#"a, x="b\",c""#, &[Ok(r#"x="b\",c""#), Ok("a")]),
            (r#"a, x="b\\", c"#, &[Ok("c"), Ok(r#"x="b\\""#), Ok("a")]),
            // A torn string left of an element doesn't change the element.
            (r#"x="a, b"#, &[Ok("b"), Err(Torn)][..1]),
            (r#"a, b""#, &[Err(Torn)]),
        ] {
            let read = read(text);
            assert_eq!(&read[..expected.len()], expected, "{text}");
        }
    }

    #[test]
    fn a_value_is_what_stands_between_its_quotation_marks() {
        for (text, expected) in [
            ("a", "a"),
            ("\"a\"", "a"),
            ("\"\"", ""),
            ("\"", "\""),
            (r#""a\"b\\""#, r#"a"b\"#),
            (r#""a\"#, r#""a\"#),
        ] {
            assert_eq!(unquoted(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_said_in_many_ways() {
        for text in ["", " ", "\t", "-", "(null)", "NULL", "None", "<nil>"] {
            assert!(says_nothing(text), "{text:?}");
        }
        for text in ["::1", "a", "--", "192.0.2.1"] {
            assert!(!says_nothing(text), "{text:?}");
        }
    }
}
