//! Checks each known `format` by its grammar.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, NaiveDate};

use crate::{Invalid, Reason};

/// A `format` that a text must keep. Other formats are not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 3339 `full-date`
    Date,
    /// RFC 3339 `date-time`
    DateTime,
    /// RFC 3339 `full-time`; the offset may be left out
    Time,
    /// RFC 5321 `Mailbox`, without quoting, comments and address literals
    Email,
    /// RFC 1123, 2.1
    Hostname,
    /// RFC 2673, 3.2
    Ipv4,
    /// RFC 4291, 2.2
    Ipv6,
    /// RFC 3986 `URI`: with a scheme
    Uri,
    /// RFC 3986 `URI-reference`
    UriReference,
    /// RFC 9562
    Uuid,
    /// Base64 with padding (RFC 4648, 4)
    Byte,
}

impl Format {
    /// The name in the document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::Time => "time",
            Self::Email => "email",
            Self::Hostname => "hostname",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Uri => "uri",
            Self::UriReference => "uri-reference",
            Self::Uuid => "uuid",
            Self::Byte => "byte",
        }
    }

    /// Checks that `text` keeps the format.
    ///
    /// # Errors
    /// [`Reason::Format`]
    pub fn check(self, text: &str) -> Result<(), Invalid> {
        let kept = match self {
            Self::Date => is_date(text),
            Self::DateTime => DateTime::parse_from_rfc3339(text).is_ok(),
            Self::Time => is_time(text),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Uri => is_uri(text),
            Self::UriReference => is_uri_text(text),
            Self::Uuid => is_uuid(text),
            Self::Byte => crate::base64::decode(text).is_some(),
        };
        if kept {
            Ok(())
        } else {
            Err(Invalid::new(
                Reason::Format,
                format!("must have the format \"{}\"", self.as_str()),
            ))
        }
    }
}

/// chrono alone would accept `2024-1-1` and years of five digits.
fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_time(text: &str) -> bool {
    let dated = format!("1970-01-01T{text}");
    DateTime::parse_from_rfc3339(&dated).is_ok()
        || DateTime::parse_from_rfc3339(&format!("{dated}Z")).is_ok()
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= 64
        && local
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(atom))
        && is_domain(domain)
}

/// A domain of an e-mail address may be internationalised (RFC 6531).
fn is_domain(text: &str) -> bool {
    text.is_ascii() && is_hostname(text)
        || !text.is_ascii() && text.split('.').all(|label| !label.is_empty())
}

fn is_hostname(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && is_uri_text(rest)
}

/// Whether a text has only characters that a URI may have, and whole percent escapes.
fn is_uri_text(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    text.bytes().all(allowed)
        && text.split('%').skip(1).all(|after| {
            let hex = after.as_bytes();
            hex.len() >= 2 && hex[0].is_ascii_hexdigit() && hex[1].is_ascii_hexdigit()
        })
}

/// Accepts the form with hyphens only. `uuid` alone would also accept braces, `urn:uuid:`, and no
/// hyphens.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_format_takes_and_refuses() {
        let cases: &[(Format, &[&str], &[&str])] = &[
            (
                Format::Date,
                &["2024-02-29"],
                &["2023-02-29", "2024-2-9", "12024-01-01", "2024-01-01Z", ""],
            ),
            (
                Format::DateTime,
                &[
                    "2024-01-01T00:00:00Z",
                    "2024-01-01t23:59:59.123456789+14:00",
                ],
                &[
                    "2024-01-01",
                    "2024-01-01T00:00:00",
                    "2024-01-01T24:00:00Z",
                    "2024-01-01T00:00Z",
                ],
            ),
            (
                Format::Time,
                &["00:00:00Z", "23:59:59.5+01:00", "12:00:00"],
                &["24:00:00Z", "12:00", "noon"],
            ),
            (
                Format::Email,
                &[
                    "a@b.example",
                    "a.b+c@x-y.example",
                    "é@example.org",
                    "a@münchen.example",
                ],
                &[
                    "a", "@b", "a@", "a@b@", "a b@c", "a..b@c", ".a@b", "a@-b", "a@b..c", "a@b c",
                ],
            ),
            (
                Format::Hostname,
                &["localhost", "a-b.C9"],
                &["", "a..b", "-a", "a-", "a_b", "é", "a."],
            ),
            (
                Format::Ipv4,
                &["127.0.0.1"],
                &["127.1", "256.0.0.1", "127.0.0.1/8", "01.1.1.1"],
            ),
            (
                Format::Ipv6,
                &["::1", "2001:db8::ff00:1"],
                &["::1%eth0", "[::1]", "1.2.3.4", ":::"],
            ),
            (
                Format::Uri,
                &[
                    "https://a.example/b?c=%20#d",
                    "urn:isbn:0451450523",
                    "mailto:a@b",
                ],
                &[
                    "",
                    "//a/b",
                    "/a",
                    "a b:c",
                    "1a:b",
                    "https://a/ b",
                    "https://a/%2",
                    "https://é/",
                ],
            ),
            (
                Format::UriReference,
                &["", "/a?b", "#c", "https://a"],
                &["a b", "%zz", "<a>"],
            ),
            (
                Format::Uuid,
                &[
                    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                    "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
                ],
                &[
                    "f81d4fae7dec11d0a76500a0c91e6bf6",
                    "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
                    "f81d4fae",
                ],
            ),
            (
                Format::Byte,
                &["", "YQ==", "YWI=", "+/+/"],
                &["YQ", "YQ=", "Y Q==", "-_-_", "YQ==\n"],
            ),
        ];
        for (format, good, bad) in cases {
            for text in *good {
                assert!(format.check(text).is_ok(), "{} {text:?}", format.as_str());
            }
            for text in *bad {
                assert!(format.check(text).is_err(), "{} {text:?}", format.as_str());
            }
        }
    }
}
