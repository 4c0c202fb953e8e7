//! A client's certificate: its thumbprint (RFC 8705 3.1) and its names (2.1.2), which tokens and
//! clients refer to.
//!
//! These types don't check the certificate. The door or the gateway has checked that a trusted
//! authority issued it and that it is in force.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::distinguished_name::{DistinguishedName, InvalidName};

/// A certificate whose key a caller proved to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    thumbprint: Thumbprint,
    expires_at: i64,
    subject: Option<DistinguishedName>,
    alternatives: Vec<CertificateName>,
}

/// The SHA-256 digest of a certificate's DER, `x5t#S256`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

/// A name that a certificate may have: its subject, or one of its subject alternative names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateName {
    /// `subject:CN=d1,O=Thales,C=FR`
    Subject(DistinguishedName),
    /// `dns:d1.example`. Case makes no difference.
    Dns(String),
    /// `uri:spiffe://d1.example/authz`
    Uri(String),
    /// `ip:192.0.2.1`
    Ip(IpAddr),
    /// `email:d1@example.com`
    Email(String),
}

/// Bytes that are no X.509 certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an X.509 certificate")]
pub struct InvalidCertificate;

/// A text that is no name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCertificateName {
    /// The kind of name is missing, or unknown.
    #[error(
        "must say what kind of name it is: \"subject:CN=d1,O=Thales,C=FR\", \"dns:d1.example\", \"uri:…\", \"ip:…\" or \"email:…\""
    )]
    Kind,
    /// The subject is no distinguished name.
    #[error(transparent)]
    Subject(#[from] InvalidName),
    /// The IP address is none.
    #[error("must be one IP address behind \"ip:\"")]
    Ip,
}

impl ClientCertificate {
    /// # Errors
    /// [`InvalidCertificate`]
    pub fn from_der(der: &[u8]) -> Result<Self, InvalidCertificate> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| InvalidCertificate)?;
        if !rest.is_empty() {
            return Err(InvalidCertificate);
        }
        let alternatives = certificate
            .subject_alternative_name()
            .map_err(|_| InvalidCertificate)?;
        let names = alternatives.map(|extension| &extension.value.general_names);
        Ok(Self {
            thumbprint: Thumbprint::of(der),
            expires_at: certificate.validity().not_after.timestamp(),
            subject: DistinguishedName::of(certificate.subject()),
            alternatives: names
                .into_iter()
                .flatten()
                .filter_map(alternative)
                .collect(),
        })
    }

    /// The thumbprint, which tokens are bound to.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The certificate's `notAfter`, in seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// Whether the certificate has this name.
    #[must_use]
    pub fn has(&self, name: &CertificateName) -> bool {
        match name {
            CertificateName::Subject(subject) => self.subject.as_ref() == Some(subject),
            CertificateName::Dns(name) => self.alternatives.iter().any(
                |own| matches!(own, CertificateName::Dns(own) if own.eq_ignore_ascii_case(name)),
            ),
            _ => self.alternatives.contains(name),
        }
    }
}

/// A name that the configuration can ask for. `None` for other kinds, which are ignored.
fn alternative(name: &GeneralName<'_>) -> Option<CertificateName> {
    match name {
        GeneralName::DNSName(name) => Some(CertificateName::Dns((*name).to_owned())),
        GeneralName::URI(uri) => Some(CertificateName::Uri((*uri).to_owned())),
        GeneralName::RFC822Name(address) => Some(CertificateName::Email((*address).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(CertificateName::Ip)
        }
        _ => None,
    }
}

/// For logs: the subject, or else the first alternative name, or the thumbprint.
impl fmt::Display for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.subject, self.alternatives.first()) {
            (Some(subject), _) if *subject != DistinguishedName::default() => subject.fmt(f),
            (_, Some(name)) => name.fmt(f),
            _ => self.thumbprint.fmt(f),
        }
    }
}

impl Thumbprint {
    /// The thumbprint of a certificate's DER.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, der);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for CertificateName {
    type Err = InvalidCertificateName;

    fn from_str(text: &str) -> Result<Self, InvalidCertificateName> {
        let (kind, name) = text.split_once(':').ok_or(InvalidCertificateName::Kind)?;
        if name.is_empty() {
            return Err(InvalidCertificateName::Kind);
        }
        Ok(match kind {
            "subject" => Self::Subject(name.parse()?),
            "dns" => Self::Dns(name.to_owned()),
            "uri" => Self::Uri(name.to_owned()),
            "ip" => Self::Ip(name.parse().map_err(|_| InvalidCertificateName::Ip)?),
            "email" => Self::Email(name.to_owned()),
            _ => return Err(InvalidCertificateName::Kind),
        })
    }
}

impl Serialize for CertificateName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(name) => write!(f, "subject:{name}"),
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Email(address) => write!(f, "email:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_it_is_read() {
        for text in [
            "subject:CN=d1,O=Thales,C=FR",
            "dns:d1.example",
            "uri:spiffe://d1.example/authz",
            "ip:2001:db8::1",
            "email:d1@example.com",
        ] {
            let name: CertificateName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "CN=d1",
            "dns:",
            "ip:192.0.2.0/24",
            "subject:d1",
            "san:d1",
        ] {
            assert!(text.parse::<CertificateName>().is_err(), "{text}");
        }
    }

    #[test]
    fn noise_is_no_certificate() {
        for der in [&b""[..], b"\x30\x00", b"\x30\x82\xff\xff", &[0; 100]] {
            assert_eq!(ClientCertificate::from_der(der), Err(InvalidCertificate));
        }
    }
}
