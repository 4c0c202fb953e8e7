//! Reads the files of `[tls]`, checks them against each other, and makes what a handshake needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use super::verifier::CallerVerifier;
use crate::config::{ClientCertificates, TlsConfig};
use crate::private_file::read_private;

/// A file of `[tls]` that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{key} = {}: {message}", .path.display())]
pub struct TlsFileError {
    /// The key of the configuration.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The contents of the files at one moment.
#[derive(PartialEq, Eq)]
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Zeroizing<String>,
    client_ca: Option<Vec<u8>>,
    crl: Option<Vec<u8>>,
}

/// What the files make together.
pub(super) struct Loaded {
    pub server: Arc<ServerConfig>,
    /// When the service's certificate expires.
    pub ends: Timestamp,
}

/// The largest file of a private key, in bytes. A key in PEM has a few kilobytes at most.
const KEY_BYTES: usize = 16 * 1024;
/// The protocols that the door offers (RFC 7301). Both pass through to the HTTP server, which tells
/// them apart by the first bytes.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

impl Files {
    pub(super) fn read(config: &TlsConfig) -> Result<Self, TlsFileError> {
        let optional =
            |key, path: &Option<PathBuf>| path.as_deref().map(|path| read(key, path)).transpose();
        let key = read_private(&config.key, KEY_BYTES)
            .map_err(|error| wrong("tls.key", &config.key, &error))?;
        Ok(Self {
            certificate: read("tls.certificate", &config.certificate)?,
            key,
            client_ca: optional("tls.client_ca", &config.client_ca)?,
            crl: optional("tls.crl", &config.crl)?,
        })
    }

    /// Checks that each file can be read and that they fit together.
    pub(super) fn load(&self, config: &TlsConfig) -> Result<Loaded, TlsFileError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let of_certificate =
            |message: String| wrong("tls.certificate", &config.certificate, &message);
        let of_key = |message: String| wrong("tls.key", &config.key, &message);
        let chain = all(
            "certificate",
            "tls.certificate",
            &config.certificate,
            &self.certificate,
        )?;
        let ends = in_force(&chain[0]).map_err(of_certificate)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|error| of_key(format!("has no private key in PEM: {error}")))?;
        // rustls' own way of taking a key would leave this copy of the key in memory.
        let key = Zeroizing::new(key);
        let key = any_supported_type(&key).map_err(|error| of_key(error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|error| match error {
            Error::InconsistentKeys(_) => of_key("is not the key of tls.certificate".to_owned()),
            Error::InvalidCertificate(CertificateError::BadEncoding) => {
                of_certificate("its first certificate can't be read".to_owned())
            }
            other => of_key(other.to_string()),
        })?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| of_certificate(error.to_string()))?;
        let builder = match self.verifier(config, provider)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let certified = SingleCertAndKey::from(certified);
        let mut server = builder.with_cert_resolver(Arc::new(certified));
        server.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // No session is resumed. A caller would come back without a check of its certificate, which
        // may be revoked or expired by then. A ticket also costs each new connection more than it
        // saves.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Loaded {
            server: Arc::new(server),
            ends,
        })
    }

    fn verifier(
        &self,
        config: &TlsConfig,
        provider: Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsFileError> {
        let (Some(path), Some(pem)) = (&config.client_ca, &self.client_ca) else {
            return Ok(None);
        };
        let of_ca = |message: String| wrong("tls.client_ca", path, &message);
        let mut roots = RootCertStore::empty();
        for certificate in all("certificate", "tls.client_ca", path, pem)? {
            roots.add(certificate).map_err(|error| {
                of_ca(format!("has a certificate that is no authority's: {error}"))
            })?;
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let (Some(path), Some(pem)) = (&config.crl, &self.crl) {
            // An outdated list doesn't tell what was revoked since.
            builder = builder
                .with_crls(all("revocation list", "tls.crl", path, pem)?)
                .enforce_revocation_expiration();
        }
        if config.client_certificates == ClientCertificates::Optional {
            builder = builder.allow_unauthenticated();
        }
        let verifier = builder.build().map_err(|error| match &config.crl {
            Some(path) => wrong("tls.crl", path, &error),
            None => of_ca(error.to_string()),
        })?;
        let verifier = CallerVerifier::new(verifier, config.allow.clone());
        Ok(Some(Arc::new(verifier)))
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsFileError> {
    fs::read(path).map_err(|error| wrong(key, path, &error))
}

/// All items that the file has, at least one. `what` names them in an error.
fn all<T: PemObject>(
    what: &str,
    key: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<T>, TlsFileError> {
    let read: Result<Vec<_>, _> = T::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| wrong(key, path, &format!("is not PEM: {error}")))?;
    match read[..] {
        [] => Err(wrong(key, path, &format!("has no {what} in PEM"))),
        _ => Ok(read),
    }
}

/// When the certificate expires. An error if it has expired already.
fn in_force(certificate: &CertificateDer<'_>) -> Result<Timestamp, String> {
    let (_, certificate) = X509Certificate::from_der(certificate)
        .map_err(|_| "its first certificate can't be read".to_owned())?;
    let ends = certificate.validity().not_after.timestamp();
    let ends = Timestamp::from_second(ends).unwrap_or(Timestamp::MAX);
    if ends < Timestamp::now() {
        return Err(format!(
            "its certificate ended at {ends}; it takes a new one"
        ));
    }
    Ok(ends)
}

fn wrong(key: &'static str, path: &Path, message: &impl ToString) -> TlsFileError {
    TlsFileError {
        key,
        path: path.into(),
        message: message.to_string(),
    }
}
