//! `issuer`: the service's name.

use std::fmt;

use http::Uri;

/// An issuer identifier, RFC 8414 2: an `https` URL without query and fragment, and here without a trailing slash. Plain `http`
/// is taken for this machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl {
    text: String,
    path_at: usize,
}

/// A text that is no issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// No URL at all.
    #[error("is not a URL such as \"https://bank.example/authz/d1/v1\"")]
    NotAUrl,
    /// RFC 8414 2.
    #[error("must begin with https:// (http:// is for localhost, 127.0.0.1 and [::1] only)")]
    NotHttps,
    /// RFC 8414 2.
    #[error("must have no query, no fragment and no user name")]
    TooMuch,
    /// Two spellings of one name are two names to a verifier.
    #[error("must not end with a slash")]
    TrailingSlash,
}

impl IssuerUrl {
    /// # Errors
    /// [`InvalidIssuer`].
    pub fn parse(text: &str) -> Result<Self, InvalidIssuer> {
        let uri: Uri = text.parse().map_err(|_| InvalidIssuer::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidIssuer::NotAUrl);
        };
        if text.contains(['?', '#', '@']) {
            return Err(InvalidIssuer::TooMuch);
        }
        let host = authority.host().trim_matches(['[', ']']);
        let here = host == "localhost"
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if scheme != "https" && !(scheme == "http" && here) {
            return Err(InvalidIssuer::NotHttps);
        }
        if text.ends_with('/') {
            return Err(InvalidIssuer::TrailingSlash);
        }
        let path_at = scheme.len() + "://".len() + authority.as_str().len();
        Ok(Self {
            text: text.into(),
            path_at,
        })
    }

    /// As configured, as `iss` has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path, below which the endpoints are; empty or with a leading slash and no trailing one.
    #[must_use]
    pub fn base_path(&self) -> &str {
        self.text.get(self.path_at..).unwrap_or_default()
    }

    /// Scheme and authority, without the path.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.text.get(..self.path_at).unwrap_or_default()
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_https_url() {
        let issuer = IssuerUrl::parse("https://bank.example:8443/authz/d1/v1").unwrap();
        assert_eq!(issuer.as_str(), "https://bank.example:8443/authz/d1/v1");
        assert_eq!(issuer.base_path(), "/authz/d1/v1");
        assert_eq!(issuer.origin(), "https://bank.example:8443");
        assert_eq!(
            IssuerUrl::parse("https://bank.example")
                .unwrap()
                .base_path(),
            ""
        );
        for here in [
            "http://localhost:8080/a",
            "http://127.0.0.1/a",
            "http://[::1]:80/a",
        ] {
            assert_eq!(IssuerUrl::parse(here).unwrap().as_str(), here);
        }
        for (text, error) in [
            ("bank", InvalidIssuer::NotAUrl),
            ("", InvalidIssuer::NotAUrl),
            ("/authz", InvalidIssuer::NotAUrl),
            ("http://bank.example/a", InvalidIssuer::NotHttps),
            ("http://127.0.0.1.evil.example/a", InvalidIssuer::NotHttps),
            ("ftp://bank.example/a", InvalidIssuer::NotHttps),
            ("https://bank.example/a/", InvalidIssuer::TrailingSlash),
            ("https://bank.example/", InvalidIssuer::TrailingSlash),
            ("https://bank.example/a?b", InvalidIssuer::TooMuch),
            ("https://bank.example/a#b", InvalidIssuer::TooMuch),
            ("https://user@bank.example/a", InvalidIssuer::TooMuch),
        ] {
            assert_eq!(IssuerUrl::parse(text), Err(error), "{text}");
        }
    }
}
