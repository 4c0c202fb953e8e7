//! Names of X.500: what a certificate's subject is called, and RFC 4514's text for it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use x509_parser::x509::X509Name;

use super::basic::hex_digit;

/// A distinguished name. Two are the same when they have the same attributes with the same values, letter by letter, in the
/// same order: a looser comparison would take one subject for another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistinguishedName {
    /// The most general one first, as certificates have them; RFC 4514 writes them the other way round.
    relative: Vec<BTreeSet<Attribute>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    /// Its object identifier, dotted.
    kind: String,
    value: String,
}

/// A text that is no distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a distinguished name as in RFC 4514, the most specific part first, such as \"CN=d1,O=Thales,C=FR\""
)]
pub struct InvalidName;

/// RFC 4514 3, and what certificates have beside it.
const KINDS: [(&str, &str); 14] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("GN", "2.5.4.42"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
];

impl DistinguishedName {
    /// The name in a certificate; none when a value of it is no text, and so equal to nothing that could be written down.
    pub(super) fn of(name: &X509Name<'_>) -> Option<Self> {
        let attributes = |relative: &x509_parser::x509::RelativeDistinguishedName<'_>| {
            let attributes = relative.iter().map(|attribute| {
                Some(Attribute {
                    kind: attribute.attr_type().to_id_string(),
                    value: attribute.as_str().ok()?.to_owned(),
                })
            });
            attributes.collect::<Option<BTreeSet<_>>>()
        };
        Some(Self {
            relative: name.iter_rdn().map(attributes).collect::<Option<_>>()?,
        })
    }
}

impl FromStr for DistinguishedName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut relative = Vec::new();
        for part in split(text, ',') {
            let attributes = split(part, '+').into_iter().map(attribute);
            relative.push(attributes.collect::<Result<BTreeSet<_>, _>>()?);
        }
        relative.reverse();
        Ok(Self { relative })
    }
}

fn attribute(text: &str) -> Result<Attribute, InvalidName> {
    let (kind, value) = text.split_once('=').ok_or(InvalidName)?;
    let kind = kind.trim().to_ascii_uppercase();
    let known = KINDS.iter().find(|(name, _)| *name == kind);
    let dotted = kind.contains('.') && kind.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let kind = match known {
        Some((_, identifier)) => (*identifier).to_owned(),
        None if dotted => kind,
        None => return Err(InvalidName),
    };
    let value = unescaped(value)?;
    Ok(Attribute { kind, value })
}

/// The parts between separators that are not escaped.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == separator {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// RFC 4514 2.4: `\,` is a comma and `\2C` as well; spaces around a value are none of it unless they are escaped.
fn unescaped(text: &str) -> Result<String, InvalidName> {
    let text = text.trim_start();
    // `#` begins the encoding of a value that is no text.
    if text.is_empty() || text.starts_with('#') {
        return Err(InvalidName);
    }
    let mut bytes = Vec::with_capacity(text.len());
    // What stands before trailing spaces that were not escaped.
    let mut end = 0;
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let escaped = rest.next().ok_or(InvalidName)?;
                bytes.push(match hex_digit(escaped) {
                    Some(high) => high << 4 | rest.next().and_then(hex_digit).ok_or(InvalidName)?,
                    None => escaped,
                });
                end = bytes.len();
            }
            b'"' | b'<' | b'>' | b';' | 0 => return Err(InvalidName),
            b' ' => bytes.push(b' '),
            _ => {
                bytes.push(byte);
                end = bytes.len();
            }
        }
    }
    bytes.truncate(end);
    String::from_utf8(bytes).map_err(|_| InvalidName)
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, relative) in self.relative.iter().rev().enumerate() {
            for (place, Attribute { kind, value }) in relative.iter().enumerate() {
                f.write_str(match (number, place) {
                    (0, 0) => "",
                    (_, 0) => ",",
                    _ => "+",
                })?;
                let known = KINDS.iter().find(|(_, identifier)| identifier == kind);
                write!(f, "{}=", known.map_or(kind.as_str(), |(name, _)| name))?;
                escape(f, value)?;
            }
        }
        Ok(())
    }
}

fn escape(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            ' ' if at == 0 || at == last => f.write_str("\\ ")?,
            '#' if at == 0 => f.write_str("\\#")?,
            // A name goes into logs and lists, where a line break of its own would be another line.
            c if c.is_control() => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_it_is_read() {
        for text in [
            "CN=d1,O=Thales,C=FR",
            "UID=7+CN=d1,DC=example,DC=com",
            "CN=Smith\\, John\\ ,O=\\#1",
            "1.2.3.4=x",
            "CN=Zürich",
        ] {
            let name: DistinguishedName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn spaces_and_escapes_are_rfc_4514s() {
        let name = |text: &str| text.parse::<DistinguishedName>().unwrap();
        assert_eq!(name("cn = d1 , o=Thales"), name("CN=d1,O=Thales"));
        assert_eq!(name("CN=a\\2cb"), name("CN=a\\,b"));
        assert_eq!(name("CN=a\\C3\\BC"), name("CN=aü"));
        assert_eq!(name("UID=7+CN=d1"), name("CN=d1+UID=7"));
        assert_ne!(name("O=Thales,CN=d1"), name("CN=d1,O=Thales"));
        assert_ne!(name("CN=D1"), name("CN=d1"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "", "d1", "CN=", "XX=1", "CN=#0401", "CN=a\\", "CN=a\\C3", "CN=a;b", "CN=a,",
        ] {
            assert_eq!(
                text.parse::<DistinguishedName>(),
                Err(InvalidName),
                "{text}"
            );
        }
    }
}
