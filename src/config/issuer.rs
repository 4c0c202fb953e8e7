//! `issuer`: the service's name.

use std::fmt;

use http::Uri;
use url::Url;

use crate::token::Audience;

/// An issuer identifier, RFC 8414 2: an `https` URL without query and fragment, and here without a
/// trailing slash. Plain `http` is allowed for this machine only.
///
/// Every URL library sends its path exactly as it is written. Some clients could not reach a path
/// that libraries rewrite, and clients would disagree about its `iss`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl {
    text: String,
    path_at: usize,
}

/// Why a text is not an issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// The text is not a URL.
    #[error("is not a URL such as \"https://bank.example/authz/d1/v1\"")]
    NotAUrl,
    /// RFC 8414 2.
    #[error("must begin with https:// (http:// is for localhost, 127.0.0.1 and [::1] only)")]
    NotHttps,
    /// RFC 8414 2.
    #[error("must have no query, no fragment and no user name")]
    TooMuch,
    /// A verifier compares issuers as texts: with the slash and without it, they would be two
    /// issuers.
    #[error("must not end with a slash")]
    TrailingSlash,
    /// Browsers and libraries differ in whether they keep an empty segment.
    #[error("must have no empty part in its path (//)")]
    EmptySegment,
    /// RFC 3986 5.2.4: libraries remove such segments before they send the request.
    #[error(
        "must have no \".\" and \"..\" in its path: clients would resolve them, and request another path"
    )]
    DotSegment,
    /// A path with escapes has several spellings.
    #[error(
        "must have only the letters a to z and A to Z, digits, and -._~!$&'()*+,;=: in its path (clients or gateways \
         would write other characters differently, or escape them with %)"
    )]
    Character,
    /// RFC 8615 3.
    #[error(
        "must have no path below /.well-known, which is for documents about the host (RFC 8615)"
    )]
    WellKnown,
    /// The host or the port is not written as a library writes it.
    #[error(
        "must have a host without escapes or short forms of an address, and a port up to 65535"
    )]
    Authority,
    /// The issuer is in every token, and is the audience of tokens that have no other.
    #[error("must have {} characters at most", IssuerUrl::LONGEST)]
    TooLong,
}

impl IssuerUrl {
    /// The most bytes that an issuer may have, which are its characters; the same as of an
    /// audience.
    pub const LONGEST: usize = Audience::LONGEST;

    /// # Errors
    /// [`InvalidIssuer`].
    pub fn parse(text: &str) -> Result<Self, InvalidIssuer> {
        if text.len() > Self::LONGEST {
            return Err(InvalidIssuer::TooLong);
        }
        let uri: Uri = text.parse().map_err(|_| match Url::parse(text) {
            // `Url` accepts more characters than `Uri` does, so a character of the path is wrong.
            Ok(url) if url.has_host() => InvalidIssuer::Character,
            _ => InvalidIssuer::NotAUrl,
        })?;
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
        check_path(text.get(path_at..).unwrap_or_default())?;
        check_authority(text, authority.host())?;
        Ok(Self {
            text: text.into(),
            path_at,
        })
    }

    /// The issuer as it is configured, and as `iss` holds it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path with which the endpoints' paths begin: empty, or with a leading slash and without a
    /// trailing one.
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

/// Checks that libraries send this path, and servers route it, as it is written.
fn check_path(path: &str) -> Result<(), InvalidIssuer> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:".contains(&byte);
    if !path.bytes().all(is_plain) {
        return Err(InvalidIssuer::Character);
    }
    // The first segment is the empty text before the first slash.
    for segment in path.split('/').skip(1) {
        match segment {
            "" => return Err(InvalidIssuer::EmptySegment),
            "." | ".." => return Err(InvalidIssuer::DotSegment),
            _ => {}
        }
    }
    if path == "/.well-known" || path.starts_with("/.well-known/") {
        return Err(InvalidIssuer::WellKnown);
    }
    Ok(())
}

/// Checks that a URL library keeps this host as it is, except for its case. Refuses a number in
/// place of an address, an escape, and a port above 65535.
fn check_authority(text: &str, host: &str) -> Result<(), InvalidIssuer> {
    let read = Url::parse(text).map_err(|_| InvalidIssuer::Authority)?;
    let same = |read: &str| read.eq_ignore_ascii_case(host);
    if read.host_str().is_some_and(same) {
        Ok(())
    } else {
        Err(InvalidIssuer::Authority)
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

    #[test]
    fn a_path_that_some_library_reads_otherwise_is_refused() {
        for (path, error) in [
            ("//a", InvalidIssuer::EmptySegment),
            ("/a//b", InvalidIssuer::EmptySegment),
            ("/a/./b", InvalidIssuer::DotSegment),
            ("/a/../b", InvalidIssuer::DotSegment),
            ("/..", InvalidIssuer::DotSegment),
            ("/a%2Fb", InvalidIssuer::Character),
            ("/%2e%2e/a", InvalidIssuer::Character),
            ("/a%20b", InvalidIssuer::Character),
            ("/a b", InvalidIssuer::Character),
            ("/ä", InvalidIssuer::Character),
            ("/{x}", InvalidIssuer::Character),
            ("/a|b", InvalidIssuer::Character),
            ("/a\\b", InvalidIssuer::Character),
            ("/a^b", InvalidIssuer::Character),
            ("/a\"b", InvalidIssuer::Character),
            ("/a`b", InvalidIssuer::Character),
            ("/<a>", InvalidIssuer::Character),
            ("/[a]", InvalidIssuer::Character),
            ("/.well-known", InvalidIssuer::WellKnown),
            ("/.well-known/a", InvalidIssuer::WellKnown),
        ] {
            let text = format!("https://bank.example{path}");
            assert_eq!(IssuerUrl::parse(&text), Err(error), "{path}");
        }
        for path in ["/a", "/a.b/c-d_e~f", "/...", "/a:b/c;d=e,f", "/!$&'()*+"] {
            let text = format!("https://bank.example{path}");
            assert_eq!(IssuerUrl::parse(&text).unwrap().base_path(), path);
        }
    }

    #[test]
    fn a_host_that_some_library_reads_otherwise_is_refused() {
        for host in [
            "b%61nk.example",
            "127.1",
            "0x7f.0.0.1",
            "bank.example:99999",
        ] {
            let text = format!("https://{host}/a");
            let refused = IssuerUrl::parse(&text);
            assert!(refused.is_err(), "{host}: {refused:?}");
        }
        let long = format!("https://bank.example/{}", "a".repeat(250));
        assert_eq!(IssuerUrl::parse(&long), Err(InvalidIssuer::TooLong));
        IssuerUrl::parse("https://YOUR_DOMAIN/a").unwrap();
        IssuerUrl::parse("https://[2001:db8::1]:8443/a").unwrap();
    }
}
