//! The client's id and secret as a Basic credential, in each of the ways that clients in the field
//! write one.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::token::ClientSecret;

/// The alphabet of base64, and its padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// `+` and `/`, padded: D1's published example.
    Standard,
    /// `-` and `_`, padded: D1's document.
    UrlSafe,
    /// `+` and `/` without `=`.
    StandardUnpadded,
    /// `-` and `_` without `=`.
    UrlSafeUnpadded,
}

/// An id, its secret, and the alphabet that D1 is set to. Has no `Debug`, so that the secret is not
/// printed.
pub(super) struct Credential {
    id: String,
    secret: ClientSecret,
    alphabet: Alphabet,
}

impl Credential {
    pub(super) const fn new(id: String, secret: ClientSecret, alphabet: Alphabet) -> Self {
        Self {
            id,
            secret,
            alphabet,
        }
    }

    /// The `Authorization` header as D1 writes it.
    pub(super) fn header(&self) -> HeaderValue {
        self.header_in(self.alphabet)
    }

    /// The header in this alphabet.
    pub(super) fn header_in(&self, alphabet: Alphabet) -> HeaderValue {
        header("Basic", &self.id, self.secret.expose(), alphabet)
    }

    /// RFC 7617 2: the scheme in another case.
    pub(super) fn in_lower_case(&self) -> HeaderValue {
        header("basic", &self.id, self.secret.expose(), self.alphabet)
    }

    /// RFC 6749 2.3.1: id and secret are form-encoded first.
    pub(super) fn form_encoded(&self) -> HeaderValue {
        let secret = Zeroizing::new(form_encoded(self.secret.expose()));
        header("Basic", &form_encoded(&self.id), &secret, self.alphabet)
    }

    /// The right id with a new random secret.
    pub(super) fn with_wrong_secret(&self) -> HeaderValue {
        let other = ClientSecret::generate();
        header("Basic", &self.id, other.expose(), self.alphabet)
    }

    /// The texts that no line of the report may show: the secret and the pair in each form that a
    /// request has. The longest come first, since one may be a part of another.
    pub(super) fn secrets(&self) -> Vec<Zeroizing<String>> {
        let encoded = Zeroizing::new(form_encoded(self.secret.expose()));
        let pairs = [
            (self.id.as_str(), self.secret.expose()),
            (&form_encoded(&self.id), &encoded),
        ]
        .map(|(id, secret)| Zeroizing::new(format!("{id}:{secret}")));
        let mut secrets: Vec<_> = pairs
            .iter()
            .flat_map(|pair| {
                [STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|engine| engine.encode(pair.as_bytes()))
            })
            .map(Zeroizing::new)
            .collect();
        secrets.push(encoded);
        secrets.push(Zeroizing::new(self.secret.expose().to_owned()));
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

/// An id that Basic can carry (RFC 7617 2).
pub(super) fn id(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(':') || text.chars().any(char::is_control) {
        return Err("an id has no colon and no control characters (RFC 7617 2)".to_owned());
    }
    Ok(text.to_owned())
}

fn header(scheme: &str, id: &str, secret: &str, alphabet: Alphabet) -> HeaderValue {
    let text = Zeroizing::new(format!("{id}:{secret}"));
    let encoded = Zeroizing::new(alphabet.engine().encode(text.as_bytes()));
    let value = Zeroizing::new(format!("{scheme} {}", encoded.as_str()));
    let mut value = HeaderValue::from_str(&value).expect("base64 is visible ASCII");
    value.set_sensitive(true);
    value
}

pub(super) fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl Alphabet {
    const fn engine(self) -> &'static GeneralPurpose {
        match self {
            Self::Standard => &STANDARD,
            Self::UrlSafe => &URL_SAFE,
            Self::StandardUnpadded => &STANDARD_NO_PAD,
            Self::UrlSafeUnpadded => &URL_SAFE_NO_PAD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(id: &str, secret: &str) -> Credential {
        let secret = ClientSecret::parse(secret).unwrap();
        Credential::new(id.to_owned(), secret, Alphabet::Standard)
    }

    #[test]
    fn d1_writes_thales_own_example() {
        let header = credential("is_tbank01", "123").header();
        assert_eq!(header, "Basic aXNfdGJhbmswMToxMjM=");
        assert!(header.is_sensitive());
    }

    #[test]
    fn the_alphabets_differ_where_they_can() {
        let credential = credential("a", ">>?é");
        let written = |alphabet| credential.header_in(alphabet).to_str().unwrap().to_owned();
        assert_eq!(written(Alphabet::Standard), "Basic YTo+Pj/DqQ==");
        assert_eq!(written(Alphabet::StandardUnpadded), "Basic YTo+Pj/DqQ");
        assert_eq!(written(Alphabet::UrlSafe), "Basic YTo-Pj_DqQ==");
        assert_eq!(written(Alphabet::UrlSafeUnpadded), "Basic YTo-Pj_DqQ");
    }

    #[test]
    fn form_encoding_is_the_urls() {
        assert_eq!(form_encoded("a b+c/é_.-*~"), "a+b%2Bc%2F%C3%A9_.-*%7E");
    }

    #[test]
    fn an_id_that_would_end_early_is_refused() {
        assert!(id("a:b").is_err() && id("").is_err() && id("a\n").is_err());
        assert_eq!(id("is_tbank01").as_deref(), Ok("is_tbank01"));
    }
}
