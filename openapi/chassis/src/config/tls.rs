//! `[tls]`: whether the service ends TLS itself, and which callers it accepts.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::reader::Reader;
use crate::identity::CertificateName;

/// TLS at the service's own address. Without the section, the service speaks plain HTTP there, for
/// a gateway in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The service's certificate, PEM, followed by the intermediate certificates.
    pub certificate: PathBuf,
    /// The private key of the service's certificate, PEM.
    pub key: PathBuf,
    /// The authorities of client certificates, PEM.
    pub client_ca: Option<PathBuf>,
    /// Whether callers must have a certificate.
    pub client_certificates: ClientCertificates,
    /// The certificates that those authorities have revoked, PEM: one list for each authority that
    /// issues.
    pub crl: Option<PathBuf>,
    /// A client certificate must have one of these names. If empty, the authorities' word is
    /// enough.
    pub allow: Vec<CertificateName>,
}

/// Whether callers must have a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// A caller without a certificate is refused.
    Required,
    /// A caller may have no certificate, but a certificate that it shows must be good.
    Optional,
    /// The service doesn't ask for a certificate.
    Off,
}

const SECTION: &str = "tls";
const CERTIFICATE: &str = "tls.certificate";
const KEY: &str = TlsConfig::KEY;
const CLIENT_CA: &str = "tls.client_ca";
const CLIENT_CERTIFICATES: &str = "tls.client_certificates";
const CRL: &str = "tls.crl";
const ALLOW: &str = "tls.allow";

impl TlsConfig {
    /// The configuration's key for the private key.
    pub const KEY: &str = "tls.key";

    /// Reads the section. The outer option is `None` if a key is wrong, which the reader keeps; the
    /// inner option is `None` if the section is missing.
    pub fn read(reader: &mut Reader) -> Option<Option<Self>> {
        let is_there = reader.has(SECTION);
        let path = |text: &str| Ok::<_, Infallible>(PathBuf::from(text));
        let certificate = reader.optional(CERTIFICATE, path);
        let key = reader.optional(KEY, path);
        let client_ca = reader.optional(CLIENT_CA, path);
        let wanted = reader.optional(CLIENT_CERTIFICATES, str::parse);
        let crl = reader.optional(CRL, path);
        let allow = reader.list(ALLOW, str::parse);
        if !is_there {
            return Some(None);
        }
        for (key, value) in [(CERTIFICATE, &certificate), (KEY, &key)] {
            if matches!(value, Some(None)) {
                reader.mistake(key, "is missing: [tls] needs the certificate and its key");
            }
        }
        let (client_ca, crl, allow) = (client_ca?, crl?, allow?);
        let client_certificates = match (wanted?, &client_ca) {
            (Some(wanted), _) => wanted,
            (None, Some(_)) => ClientCertificates::Required,
            (None, None) => ClientCertificates::Off,
        };
        let asked = client_certificates != ClientCertificates::Off;
        if asked && client_ca.is_none() {
            reader.mistake(
                CLIENT_CERTIFICATES,
                "needs tls.client_ca, the authorities that issue them",
            );
        }
        // A key without effect is refused, since its operator would rely on it.
        for (key, given) in [
            (CLIENT_CA, client_ca.is_some()),
            (CRL, crl.is_some()),
            (ALLOW, !allow.is_empty()),
        ] {
            if given && !asked {
                reader.mistake(
                    key,
                    "has no meaning while the service asks for no client certificates",
                );
            }
        }
        let absolute = |key, path: PathBuf| reader.absolute(key, Path::new(&path));
        Some(Some(Self {
            certificate: absolute(CERTIFICATE, certificate??),
            key: absolute(KEY, key??),
            client_ca: client_ca.map(|path| absolute(CLIENT_CA, path)),
            client_certificates,
            crl: crl.map(|path| absolute(CRL, path)),
            allow,
        }))
    }

    /// Whether callers are asked for a certificate.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.client_certificates != ClientCertificates::Off
    }
}

impl FromStr for ClientCertificates {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "required" => Ok(Self::Required),
            "optional" => Ok(Self::Optional),
            "off" => Ok(Self::Off),
            _ => Err("must be \"required\", \"optional\" or \"off\""),
        }
    }
}
