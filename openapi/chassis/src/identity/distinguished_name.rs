//! Names of X.500, as a certificate's subject has them, and their text by RFC 4514.

mod attribute_types;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use x509_parser::x509::X509Name;

use value::{Value, hex_digit};

/// A distinguished name. Two names are equal if they have the same attributes with the same values,
/// letter by letter, in the same order. A looser comparison could take one subject for another. The
/// ASN.1 type of a text makes no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistinguishedName {
    /// The relative names, the most general one first, as in certificates. RFC 4514 writes them in
    /// reverse.
    relative: Vec<BTreeSet<Attribute>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    /// The attribute's object identifier, dotted.
    kind: String,
    value: Value,
}

/// A text that is no distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a distinguished name as in RFC 4514, the most specific part first, such as \"CN=d1,O=Thales,C=FR\", and its part \
     {part:?} {why}"
)]
pub struct InvalidName {
    part: String,
    why: &'static str,
}

impl InvalidName {
    fn of(part: &str, why: &'static str) -> Self {
        Self {
            part: part.chars().take(80).collect(),
            why,
        }
    }
}

impl DistinguishedName {
    /// The name in a certificate. `None` if it can't be read.
    pub(super) fn of(name: &X509Name<'_>) -> Option<Self> {
        let attributes = |relative: &x509_parser::x509::RelativeDistinguishedName<'_>| {
            let attributes = relative.iter().map(|attribute| {
                Some(Attribute {
                    kind: attribute.attr_type().to_id_string(),
                    value: Value::of(attribute.attr_value())?,
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
    let wrong = |why| InvalidName::of(text.trim(), why);
    let (kind, value) = text.split_once('=').ok_or_else(|| {
        wrong("has no \"=\" (a comma or a plus within a value is written \\, or \\+)")
    })?;
    let kind = attribute_types::identifier(kind.trim()).ok_or_else(|| {
        wrong("is of a type whose name is not known here; write its number instead, such as 2.5.4.15=…")
    })?;
    let value = match value.trim().strip_prefix('#') {
        Some(hex) => Value::from_hex(hex).ok_or_else(|| {
            wrong("has a # that no DER in hexadecimal follows (one that is meant is written \\#)")
        })?,
        None => Value::Text(unescaped(value).map_err(wrong)?),
    };
    Ok(Attribute { kind, value })
}

/// Splits a text at the separators that are not escaped.
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

/// A value without its escapes (RFC 4514 2.4). Both `\,` and `\2C` are a comma. Spaces around a
/// value are dropped unless they are escaped.
fn unescaped(text: &str) -> Result<String, &'static str> {
    let text = text.trim_start();
    if text.is_empty() {
        return Err("has no value");
    }
    let mut bytes = Vec::with_capacity(text.len());
    // The length of the value without trailing spaces that were not escaped.
    let mut end = 0;
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let escaped = rest.next().ok_or("ends with a \\ that escapes nothing")?;
                let low = |digit: Option<u8>| digit.and_then(hex_digit);
                bytes.push(match hex_digit(escaped) {
                    Some(high) => {
                        high << 4 | low(rest.next()).ok_or("has half a byte behind a \\")?
                    }
                    None => escaped,
                });
                end = bytes.len();
            }
            b'"' | b'<' | b'>' | b';' | 0 => {
                return Err("has a character that is written with a \\ before it: one of \" < > ;");
            }
            b' ' => bytes.push(b' '),
            _ => {
                bytes.push(byte);
                end = bytes.len();
            }
        }
    }
    bytes.truncate(end);
    String::from_utf8(bytes).map_err(|_| "has escaped bytes that are not UTF-8")
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
                write!(f, "{}=", attribute_types::name(kind))?;
                match value {
                    Value::Text(text) => escape(f, text)?,
                    Value::Der(der) => {
                        f.write_str("#")?;
                        der.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
                    }
                }
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
            // Names go into logs and lists, where a line break in a name would look like another
            // line.
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
            "BUSINESSCATEGORY=Private Organization,JURISDICTIONC=BR",
            "CN=#020107",
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
    fn what_is_no_name_is_refused_and_the_part_is_named() {
        for (text, part) in [
            ("", "\"\""),
            ("d1", "\"d1\""),
            ("CN=", "\"CN=\""),
            ("O=a,XX=1,C=FR", "\"XX=1\""),
            ("CN=#04", "\"CN=#04\""),
            ("CN=#0401", "\"CN=#0401\""),
            ("CN=#04xx", "\"CN=#04xx\""),
            ("CN=a\\", "escapes nothing"),
            ("CN=a\\C", "half a byte"),
            ("CN=a\\C3", "UTF-8"),
            ("CN=a;b", "\"CN=a;b\""),
            ("CN=a,", "\"\""),
            ("O=Thales,DIS,CN=d1", "\"DIS\""),
        ] {
            let refused = text.parse::<DistinguishedName>().unwrap_err().to_string();
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
