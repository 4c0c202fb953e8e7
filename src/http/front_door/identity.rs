//! What the service shows in a handshake and asks for in one: swapped whole, while handshakes go on.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio_rustls::TlsAcceptor;

use crate::token::{CertificateName, ClientCertificate};

/// Certificate, key, authorities and revocations in force.
pub(super) struct Identity(RwLock<Arc<ServerConfig>>);

impl Identity {
    pub(super) fn new(server: Arc<ServerConfig>) -> Self {
        Self(RwLock::new(server))
    }

    /// For one handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let server = self.0.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(server.clone())
    }

    /// For all handshakes from now on.
    pub(super) fn swap(&self, server: Arc<ServerConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = server;
    }
}

/// Takes certificates that are good and have one of some names.
#[derive(Debug)]
pub(super) struct NamesAllowed {
    good: Arc<dyn ClientCertVerifier>,
    names: Vec<CertificateName>,
}

impl NamesAllowed {
    pub(super) fn new(good: Arc<dyn ClientCertVerifier>, names: Vec<CertificateName>) -> Self {
        Self { good, names }
    }
}

impl ClientCertVerifier for NamesAllowed {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .good
            .verify_client_cert(end_entity, intermediates, now)?;
        let certificate = ClientCertificate::from_der(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if self.names.iter().any(|name| certificate.has(name)) {
            Ok(verified)
        } else {
            // The alert `access_denied`: the certificate is good, and not for here.
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn client_auth_mandatory(&self) -> bool {
        self.good.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.good.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.good.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.good.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.good.supported_verify_schemes()
    }
}
