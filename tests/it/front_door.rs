//! TLS at the service's own address, and the clients that it lets in.

mod attack;
mod certificates;
mod lifecycle;
mod reload;
mod vanishing;

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::harness::{Authority, Caller, Issued, Run, SERVER, Service, Setup};

/// A service with TLS, its authorities, and D1's certificate.
pub struct Bank {
    pub setup: Setup,
    /// Issues the service's certificate.
    own: Authority,
    /// Issues the client certificates.
    thales: Authority,
    d1: Issued,
}

impl Bank {
    /// A service with these further keys of `[tls]`.
    pub fn with(more: &str) -> Self {
        Self::configured(more, "")
    }

    /// A service with further keys of `[tls]` and further lines of configuration.
    pub fn configured(more: &str, lines: &str) -> Self {
        let setup = Setup::of(&format!(
            "tls = {{ certificate = \"own/server.pem\", key = \"own/server.key\", client_ca = \"thales/ca.pem\"{more} }}\n\
             {lines}"
        ));
        setup.add("is_tbank01", "123", &["--scope", "cards pin"]);
        let own = Authority::new(setup.folder(), "own");
        own.issue("server", "/CN=bank.example", SERVER);
        let thales = Authority::new(setup.folder(), "thales");
        let d1 = thales.issue("d1", "/C=FR/O=Thales/CN=d1", "DNS:d1.example");
        Self {
            setup,
            own,
            thales,
            d1,
        }
    }

    /// Runs a command with the service's configuration.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.setup.run(arguments)
    }

    pub fn start(self) -> Open {
        self.started_by(Setup::start)
    }

    fn started_by(self, start: impl FnOnce(Setup) -> Service) -> Open {
        Open {
            authority: self.own.certificate(),
            d1: Caller::new(&self.own.certificate(), Some(&self.d1)),
            certificate: self.d1,
            own: self.own,
            thales: self.thales,
            service: start(self.setup),
        }
    }
}

/// A running [`Bank`].
pub struct Open {
    pub service: Service,
    own: Authority,
    thales: Authority,
    /// The certificate of the service's authority.
    authority: PathBuf,
    pub d1: Caller,
    /// D1's client certificate.
    certificate: Issued,
}

impl Open {
    fn address(&self) -> SocketAddr {
        self.service.api
    }

    /// D1 as a caller that offers other protocols than HTTP/1.1.
    pub fn speaking(&self, protocols: &[&[u8]]) -> Caller {
        Caller::of(&self.authority, Some(&self.certificate), protocols)
    }

    fn caller(&self, own: Option<&Issued>) -> Caller {
        Caller::new(&self.authority, own)
    }
}
