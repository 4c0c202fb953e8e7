//! The TLS identity that handshakes use. It is swapped as a whole, while handshakes go on.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

/// The certificate, key, authorities and revocation lists in force.
pub(super) struct Identity(RwLock<Arc<ServerConfig>>);

impl Identity {
    pub(super) fn new(server: Arc<ServerConfig>) -> Self {
        Self(RwLock::new(server))
    }

    /// The acceptor for one handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let server = self.0.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(server.clone())
    }

    /// Puts another identity in force for all later handshakes.
    pub(super) fn swap(&self, server: Arc<ServerConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = server;
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}
