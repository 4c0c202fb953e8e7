//! The Basic credential of a request (RFC 7617, RFC 6749 2.3.1). The reader is as tolerant as
//! clients in the field need, and strict enough that one credential names one client.
//!
//! It accepts base64 in the standard and in the URL alphabet, padded or not: D1's contract says
//! one, its example shows the other. Id and secret may be raw, as RFC 7617 has them, or
//! form-encoded first, as RFC 6749 2.3.1 has them.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::CredentialError;
use crate::token::secret::WipedText;
use crate::token::{ClientId, ClientSecret};

/// The client that the caller claims to be, and the secret that it shows, in its one or two
/// readings.
///
/// Both readings name the same client, because [`ClientId`] excludes the characters that would make
/// two ids of one text. So an encoding never turns a caller into another client, and the work of
/// the check depends on the request alone.
#[derive(Clone)]
pub struct BasicCredential {
    client_id: Option<Box<str>>,
    secret: ClientSecret,
    other_reading: Option<ClientSecret>,
}

impl BasicCredential {
    /// Longest value of an `Authorization` header that is looked at, in bytes.
    pub const MAX_HEADER: usize = 4096;

    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`CredentialError`], except the cases that only the whole request shows.
    pub fn from_basic(value: &[u8]) -> Result<Self, CredentialError> {
        if value.len() > Self::MAX_HEADER {
            return Err(CredentialError::TooLong);
        }
        let (scheme, encoded) = match value.iter().position(|byte| *byte == b' ') {
            Some(at) => (&value[..at], value[at..].trim_ascii()),
            None => (value, &value[..0]),
        };
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Err(CredentialError::UnsupportedScheme);
        }
        let bytes = decode_base64(encoded)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| CredentialError::NotUtf8)?;
        let (id, secret) = text.split_once(':').ok_or(CredentialError::NoColon)?;
        if id.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(CredentialError::BadSecret);
        }
        Self::from_parts(id, secret)
    }

    /// The credential of an id and a secret that may each be form-encoded or not.
    ///
    /// # Errors
    /// [`CredentialError::BadSecret`] when the secret can't be one in either reading.
    pub fn from_parts(id: &str, secret: &str) -> Result<Self, CredentialError> {
        // An encoded secret may be longer than any secret. Then it has no raw reading.
        let raw = ClientSecret::parse(secret).map_err(|_| CredentialError::BadSecret);
        if ClientId::is_valid(id) {
            // A valid id has no `%`. If it has a `+`, the decoded id has a space and is no
            // client's.
            let two_readings = !id.contains('+') && secret.contains(['%', '+']);
            let decoded = if two_readings {
                decoded_secret(secret)
            } else {
                None
            };
            let (secret, other_reading) = match (raw, decoded) {
                (Ok(raw), decoded) => (raw, decoded.filter(|other| other.expose() != secret)),
                (Err(_), Some(decoded)) => (decoded, None),
                (Err(error), None) => return Err(error),
            };
            return Ok(Self {
                client_id: Some(id.into()),
                secret,
                other_reading,
            });
        }
        let decoded_id = form_decoded(id).filter(|id| ClientId::is_valid(id));
        let (client_id, secret) = match (decoded_id, decoded_secret(secret)) {
            (Some(id), Some(decoded)) => (Some(id.as_str().into()), decoded),
            // No reading has a valid id. It is still a credential, and is refused after the same
            // work as any other.
            _ => (None, raw?),
        };
        Ok(Self {
            client_id,
            secret,
            other_reading: None,
        })
    }

    /// The client that it names; `None` if no client can have this name.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The readings of the secret: one, or two that differ.
    pub fn readings(&self) -> impl Iterator<Item = &ClientSecret> {
        std::iter::once(&self.secret).chain(&self.other_reading)
    }
}

impl fmt::Debug for BasicCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is left out too: people paste secrets into the wrong field.
        f.write_str("BasicCredential(..)")
    }
}

fn decoded_secret(text: &str) -> Option<ClientSecret> {
    form_decoded(text).and_then(|decoded| ClientSecret::parse(&decoded).ok())
}

fn decode_base64(encoded: &[u8]) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let url_safe = encoded.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if url_safe { URL_SAFE } else { STANDARD };
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(encoded.len())]);
    let length = engine
        .decode_slice(encoded, &mut bytes)
        .map_err(|_| CredentialError::NotBase64)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// `text` decoded as `application/x-www-form-urlencoded`; `None` if it isn't validly encoded. A
/// decoder that accepts a bad escape would read two texts as one.
fn form_decoded(text: &str) -> Option<WipedText> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            other => other,
        });
    }
    std::str::from_utf8(&bytes)
        .ok()
        .map(|text| WipedText::new(text.to_owned()))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose as engines;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<(Option<String>, Vec<String>), CredentialError> {
        let header = format!("Basic {}", engines::STANDARD.encode(text));
        BasicCredential::from_basic(header.as_bytes()).map(|credential| {
            let readings = credential
                .readings()
                .map(|secret| secret.expose().to_owned())
                .collect();
            (credential.client_id().map(str::to_owned), readings)
        })
    }

    fn one(id: &str, readings: &[&str]) -> Result<(Option<String>, Vec<String>), CredentialError> {
        Ok((
            Some(id.into()),
            readings.iter().map(ToString::to_string).collect(),
        ))
    }

    #[test]
    fn thales_own_example_is_read() {
        let credential = BasicCredential::from_basic(b"Basic aXNfdGJhbmswMToxMjM=").unwrap();
        assert_eq!(credential.client_id(), Some("is_tbank01"));
        assert_eq!(
            credential
                .readings()
                .map(ClientSecret::expose)
                .collect::<Vec<_>>(),
            ["123"]
        );
    }

    #[test]
    fn both_alphabets_padded_or_not_and_the_scheme_in_any_case() {
        let text = "id:>>>???~~"; // has `+` and `/` in standard base64
        for engine in [
            engines::STANDARD,
            engines::STANDARD_NO_PAD,
            engines::URL_SAFE,
            engines::URL_SAFE_NO_PAD,
        ] {
            for scheme in ["Basic", "basic", "BASIC", "bAsIc"] {
                for space in [" ", "   "] {
                    let header = format!("{scheme}{space}{}", engine.encode(text));
                    let credential = BasicCredential::from_basic(header.as_bytes()).unwrap();
                    assert_eq!(credential.client_id(), Some("id"), "{header}");
                }
            }
        }
    }

    #[test]
    fn the_id_ends_at_the_first_colon() {
        assert_eq!(read("id:a:b:c"), one("id", &["a:b:c"]));
    }

    #[test]
    fn form_encoded_credentials_have_a_second_reading_of_the_same_client() {
        assert_eq!(read("id:s%2Bx"), one("id", &["s%2Bx", "s+x"]));
        assert_eq!(read("id:a+b"), one("id", &["a+b", "a b"]));
        assert_eq!(read("id:plain_1"), one("id", &["plain_1"]));
        assert_eq!(
            read("a%40bank.example:s%3A"),
            one("a@bank.example", &["s:"])
        );
        assert_eq!(
            read("%61:s%zz"),
            Ok((None, vec!["s%zz".into()])),
            "half encoded: of no client"
        );
        assert_eq!(read("id:s%zz"), one("id", &["s%zz"]));
        assert_eq!(read("id:s%"), one("id", &["s%"]));
        assert_eq!(
            read("id:%00x"),
            one("id", &["%00x"]),
            "a decoded control character is no reading"
        );
        assert_eq!(
            read("id:%ff"),
            one("id", &["%ff"]),
            "nor are bytes that are no text"
        );
    }

    #[test]
    fn a_secret_may_be_too_long_only_until_it_is_decoded() {
        let secret = ")".repeat(200);
        let encoded = "%29".repeat(200);
        assert_eq!(read(&format!("id:{encoded}")), one("id", &[&secret]));
        assert_eq!(read(&format!("a%40b:{encoded}")), one("a@b", &[&secret]));
        let raw = read(&format!("id:{}", ")".repeat(600)));
        assert_eq!(raw, Err(CredentialError::BadSecret));
    }

    #[test]
    fn no_credential_stands_for_two_clients() {
        // For any text, at most one of its two readings is a valid id, or both are the same.
        for id in [
            "a+b", "a%2Bb", "a%20b", "a b", "%61", "a%3Ab", "a%25b", "+", "%2B", "é", "%C3%A9",
        ] {
            let raw = ClientId::parse(id).ok();
            let decoded = form_decoded(id).and_then(|id| ClientId::parse(&id).ok());
            assert!(raw.is_none() || decoded.is_none() || raw == decoded, "{id}");
        }
        assert_eq!(read("a+b:s+t"), one("a+b", &["s+t"]));
    }

    #[test]
    fn garbage_is_refused_with_its_reason() {
        use CredentialError::*;
        assert_eq!(read("no colon"), Err(NoColon));
        assert_eq!(read("id:a\u{0}b"), Err(BadSecret));
        assert_eq!(read("i\nd:ab"), Err(BadSecret));
        assert_eq!(read("id:"), Err(BadSecret));
        for (header, error) in [
            (&b""[..], UnsupportedScheme),
            (b"Bearer abc", UnsupportedScheme),
            (b"Basicabc", UnsupportedScheme),
            (b"Basic", NoColon),
            (b"Basic ", NoColon),
            (b"Basic !!!!", NotBase64),
            (b"Basic aXNf dGJh", NotBase64),
            (b"Basic aXNfdGJhbmswMToxMjN=", NotBase64), // bits after the end: a second spelling of one credential
            (b"Basic a-/a", NotBase64),
            (b"Basic /////w==", NotUtf8),
            (&[b'x'; BasicCredential::MAX_HEADER + 1], TooLong),
        ] {
            assert_eq!(
                BasicCredential::from_basic(header).unwrap_err(),
                error,
                "{:?}",
                String::from_utf8_lossy(header)
            );
        }
    }

    proptest! {
        /// However a client writes its id and secret, the right secret is among the readings, and
        /// the id is the right one.
        #[test]
        fn a_client_is_understood_in_every_encoding(
            id in "[!-$&-9;-~]{1,40}", secret in "[^\\x00-\\x1f\\x7f]{1,80}", url_safe: bool, padded: bool, encoded: bool,
        ) {
            let text = if encoded {
                format!("{}:{}", form_encoded(&id), form_encoded(&secret))
            } else {
                format!("{id}:{secret}")
            };
            let base64 = match (url_safe, padded) {
                (true, true) => engines::URL_SAFE.encode(text),
                (true, false) => engines::URL_SAFE_NO_PAD.encode(text),
                (false, true) => engines::STANDARD.encode(text),
                (false, false) => engines::STANDARD_NO_PAD.encode(text),
            };
            let credential = BasicCredential::from_basic(format!("Basic {base64}").as_bytes()).unwrap();
            prop_assert_eq!(credential.client_id(), Some(id.as_str()));
            prop_assert!(credential.readings().any(|reading| reading.expose() == secret));
            prop_assert!(credential.readings().count() <= 2);
        }

        /// No bytes make it panic, and what it accepts names a client that could exist.
        #[test]
        fn any_header_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), basic: bool) {
            let header = if basic { format!("Basic {}", engines::STANDARD.encode(&bytes)).into_bytes() } else { bytes };
            if let Ok(credential) = BasicCredential::from_basic(&header) {
                prop_assert!(credential.client_id().is_none_or(|id| ClientId::parse(id).is_ok()));
            }
        }
    }

    fn form_encoded(text: &str) -> String {
        let mut encoded = String::new();
        for byte in text.bytes() {
            match byte {
                b' ' => encoded.push('+'),
                byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
                byte => encoded.push_str(&format!("%{byte:02X}")),
            }
        }
        encoded
    }

    #[test]
    fn it_does_not_print() {
        let credential = BasicCredential::from_basic(b"Basic aXNfdGJhbmswMToxMjM=").unwrap();
        assert_eq!(format!("{credential:?}"), "BasicCredential(..)");
    }
}
