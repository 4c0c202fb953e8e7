//! The value of an attribute: a text of any ASN.1 text type, or the DER of anything else.

use x509_parser::asn1_rs::{Any, FromDer, Tag, ToDer};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// The DER of a value that is no text.
    Der(Vec<u8>),
}

impl Value {
    /// The value in a certificate. `None` if it can't be read.
    pub(super) fn of(value: &Any<'_>) -> Option<Self> {
        match text(value) {
            Some(text) => Some(Self::Text(text)),
            None => value.to_der_vec().ok().map(Self::Der),
        }
    }

    /// Reads the hexadecimal DER that stands behind `#` (RFC 4514 2.4).
    pub(super) fn from_hex(hex: &str) -> Option<Self> {
        let pairs = hex.as_bytes().chunks(2);
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
            _ => None,
        };
        let der = pairs.map(byte).collect::<Option<Vec<u8>>>()?;
        match Any::from_der(&der) {
            Ok((&[], value)) => Self::of(&value),
            _ => None,
        }
    }
}

fn text(value: &Any<'_>) -> Option<String> {
    let bytes = value.data;
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::NumericString
        | Tag::Ia5String
        | Tag::VisibleString => Some(std::str::from_utf8(bytes).ok()?.to_owned()),
        // No software writes T.61 as specified. openssl and others read it as ISO 8859-1.
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units: Vec<u16> = exact(bytes)?.map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        Tag::UniversalString => exact(bytes)?
            .map(|unit| char::from_u32(u32::from_be_bytes(unit)))
            .collect(),
        _ => None,
    }
}

/// The value of a digit in hexadecimal.
pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// All of the bytes, `N` at a time. `None` if some are left over.
fn exact<const N: usize>(bytes: &[u8]) -> Option<impl Iterator<Item = [u8; N]>> {
    let (units, rest) = bytes.as_chunks::<N>();
    rest.is_empty().then(|| units.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_in_every_encoding() {
        for hex in [
            "0c035ac3bc",
            "14025afc",
            "1e04005a00fc",
            "1c080000005a000000fc",
        ] {
            let value = Value::from_hex(hex);
            assert_eq!(value, Some(Value::Text("Zü".to_owned())), "{hex}");
        }
        for hex in ["1302643a", "1602643A", "1a02643a"] {
            assert_eq!(Value::from_hex(hex), Some(Value::Text("d:".to_owned())));
        }
    }

    #[test]
    fn what_is_no_text_is_its_der() {
        for (hex, der) in [
            ("020107", &[2, 1, 7][..]),
            ("0c01ff", &[0x0c, 1, 0xff]),
            ("1e03004100", &[0x1e, 3, 0, 0x41, 0]),
        ] {
            assert_eq!(Value::from_hex(hex), Some(Value::Der(der.to_vec())));
        }
        for none in [
            "", "0", "0c", "0c02", "0c01", "0c01414", "0c014142", "0x0141",
        ] {
            assert_eq!(Value::from_hex(none), None, "{none}");
        }
    }
}
