//! Where a client publishes its public keys: `jwks_uri`, RFC 7591 2.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use url::Url;

/// The URL of a client's JWK set: `https`, without credentials and fragment, of 2,048 characters at
/// most. Cloning costs a reference count.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JwksUri(Arc<str>);

/// Why a text is not such a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwksUri {
    /// It is not a URL.
    #[error("must be a URL such as \"https://client.example/jwks.json\"")]
    NotAUrl,
    /// It is not `https`: an attacker between the two could replace the client's keys.
    #[error(
        "must begin with https://: over plain HTTP, an attacker on the way could change the keys"
    )]
    NotHttps,
    /// It has a user name or a password, which would be listed and logged, or a fragment, which no
    /// server sees.
    #[error("must have no user name, no password and no fragment")]
    TooMuch,
    /// It is longer than servers accept, or not visible ASCII.
    #[error("must have {} characters at most, all of them ASCII", JwksUri::LONGEST)]
    TooLong,
}

impl JwksUri {
    /// In characters.
    pub const LONGEST: usize = 2_048;

    /// The URL as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JwksUri {
    type Err = InvalidJwksUri;

    fn from_str(text: &str) -> Result<Self, InvalidJwksUri> {
        if text.len() > Self::LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidJwksUri::TooLong);
        }
        let url = Url::parse(text).map_err(|_| InvalidJwksUri::NotAUrl)?;
        if url.scheme() != "https" {
            return Err(InvalidJwksUri::NotHttps);
        }
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if has_credentials || url.fragment().is_some() {
            return Err(InvalidJwksUri::TooMuch);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for JwksUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwksUri({self})")
    }
}

impl fmt::Display for JwksUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for JwksUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_https_url_and_nothing_more() {
        for text in [
            "https://client.example/jwks.json",
            "https://client.example",
            "https://[2001:db8::1]:8443/a?b=c",
        ] {
            let uri: JwksUri = text.parse().unwrap();
            assert_eq!(uri.as_str(), text);
        }
        for (text, error) in [
            ("", InvalidJwksUri::NotAUrl),
            ("client.example/jwks", InvalidJwksUri::NotAUrl),
            ("http://client.example/jwks", InvalidJwksUri::NotHttps),
            ("file:///etc/passwd", InvalidJwksUri::NotHttps),
            ("https://a:b@client.example/", InvalidJwksUri::TooMuch),
            ("https://client.example/#a", InvalidJwksUri::TooMuch),
            ("https://client.example/a b", InvalidJwksUri::TooLong),
            (
                &format!("https://client.example/{}", "a".repeat(2_048)),
                InvalidJwksUri::TooLong,
            ),
        ] {
            assert_eq!(text.parse::<JwksUri>(), Err(error), "{text}");
        }
    }
}
