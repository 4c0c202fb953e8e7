//! The certificates of the probe: the authorities of server certificates, and the client
//! certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SignatureScheme};

use crate::cli::error::Error;

/// Where the supported systems keep their authorities: Debian, Red Hat, SUSE, Alpine.
const SYSTEM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The files with the certificates and the key.
pub(super) struct Trust {
    pub(super) authorities: Option<PathBuf>,
    /// A certificate with its chain, and its private key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// The client certificate, and whether a server asked for one.
#[derive(Debug)]
pub(super) struct Identity {
    certificate: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Trust {
    /// TLS 1.2 and 1.3, as D1 speaks it.
    ///
    /// # Errors
    /// A file can't be read, or doesn't hold what it should.
    pub(super) fn config(&self) -> Result<(ClientConfig, Arc<Identity>), Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificate = match &self.identity {
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let key_file = key.display();
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
                    Error::usage(format!("{key_file}: it is not a private key: {error}"))
                })?;
                let certified = CertifiedKey::from_der(chain, key, &provider)
                    .map_err(|error| Error::usage(format!("{key_file}: {error}")))?;
                Some(Arc::new(certified))
            }
            None => None,
        };
        let identity = Arc::new(Identity {
            certificate,
            asked: AtomicBool::new(false),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::failed)?
            .with_root_certificates(self.roots()?)
            .with_client_cert_resolver(identity.clone());
        Ok((config, identity))
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let file = match &self.authorities {
            Some(file) => file.clone(),
            None => system_authorities().ok_or_else(|| {
                Error::usage(
                    "this system has no certificate authorities in the usual places: name the server's authorities with --ca",
                )
            })?,
        };
        let mut roots = RootCertStore::empty();
        // Some systems have authorities that rustls can't read.
        let (added, _) = roots.add_parsable_certificates(certificates(&file)?);
        if added == 0 {
            let file = file.display();
            return Err(Error::usage(format!(
                "{file}: none of its certificates can be used as an authority"
            )));
        }
        Ok(roots)
    }
}

fn system_authorities() -> Option<PathBuf> {
    let set = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let usual = SYSTEM_AUTHORITIES.map(PathBuf::from).into_iter();
    set.or_else(|| usual.into_iter().find(|file| file.exists()))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = || -> Result<Vec<_>, PemError> { CertificateDer::pem_file_iter(file)?.collect() };
    let file = file.display();
    match read() {
        Ok(certificates) if certificates.is_empty() => Err(Error::usage(format!(
            "{file}: it has no certificate in PEM"
        ))),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(Error::usage(format!("{file}: {error}"))),
    }
}

impl Identity {
    /// Whether there is a certificate to show.
    pub(super) const fn is_there(&self) -> bool {
        self.certificate.is_some()
    }

    /// Whether a server asked for a certificate so far.
    pub(super) fn was_asked_for(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.is_there()
    }
}
