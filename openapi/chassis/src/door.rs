//! The service's own listeners: which callers get a connection, for how long, and who sends the
//! requests that come over it.
//!
//! A door stands in front of an HTTP server on loopback, since Dropshot takes no listener but its
//! own. The door accepts connections from the network, limits what each source takes up, reads a
//! balancer's header if there is a balancer, ends TLS, and copies bytes both ways. It copies bytes
//! only: the server behind it is the one that reads HTTP. Each connection to that server has its
//! own loopback address. By this address, `Peers` says who sent a request.
//!
//! `listen.api` has a door if `[tls]` or `limits.proxy_protocol` is set. Otherwise callers connect
//! to the HTTP server directly, which makes each token cheaper. Operators always do. `watchman`
//! enforces the limits on those connections.

mod acceptor;
mod connection;
pub(crate) mod descriptors;
mod files;
mod gate;
mod identity;
mod loopback;
mod peers;
mod pipe;
mod plain;
pub(crate) mod proxy;
mod reload;
mod rewound;
mod slots;
mod tally;
mod verifier;
mod watchman;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use slog::Logger;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::{ConnectionLimits, GatewayConfig, TlsConfig};
use crate::identity::Network;

pub use descriptors::DescriptorError;
pub use files::TlsFileError;
pub(crate) use gate::Gate;
pub(crate) use peers::{Peer, Peers};
pub use plain::ListenError;
pub(crate) use plain::listen;
pub(crate) use watchman::{UnderWay, Watchman};

use connection::Served;
use files::{Files, Loaded};
use gate::Rules;
use identity::Identity;

/// How long the last connections may take to get their first answer, before the server behind the
/// door is told to stop.
const FRESH: Duration = Duration::from_secs(2);

/// A listener and its rules.
pub(crate) struct Listener<'a> {
    /// Its key in the configuration.
    pub key: &'static str,
    pub address: SocketAddr,
    pub limits: ConnectionLimits,
    /// TLS, if the door ends it.
    pub tls: Option<&'a TlsConfig>,
    /// The gateway, whose connections carry requests of many sources.
    pub gateway: Option<&'a GatewayConfig>,
    /// The balancers that say which callers' connections they pass on.
    pub balancers: &'a [Network],
}

/// A door that has taken its address, and lets no caller in yet.
pub(crate) struct FrontDoor {
    key: &'static str,
    listener: TcpListener,
    address: SocketAddr,
    gate: Arc<Gate>,
    renewing: Option<Renewing>,
}

/// The TLS identity, which is renewed while the service runs.
struct Renewing {
    config: TlsConfig,
    identity: Arc<Identity>,
    /// The files that the identity was made of.
    files: Files,
    /// When the identity's certificate expires.
    ends: Timestamp,
}

/// A door that lets callers in.
pub(crate) struct OpenDoor {
    address: SocketAddr,
    gate: Arc<Gate>,
    stop: watch::Sender<bool>,
    /// Closes when the last connection has ended.
    connections: mpsc::Receiver<()>,
    beside: Vec<JoinHandle<()>>,
}

/// Why a door can't be made.
#[derive(Debug, thiserror::Error)]
pub enum FrontDoorError {
    /// A certificate, a key, or a revocation list can't be used.
    #[error(transparent)]
    File(#[from] TlsFileError),
    /// The limits need more descriptors than there are.
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    /// The address can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// Checks that the files that the configuration names exist, and fit together.
///
/// # Errors
/// [`TlsFileError`]
pub fn check_tls_files(config: &TlsConfig) -> Result<(), TlsFileError> {
    Files::read(config)?.load(config).map(drop)
}

impl FrontDoor {
    /// Reads the certificates and takes the address. No caller is let in yet.
    pub(crate) fn bind(listener: &Listener<'_>) -> Result<Self, FrontDoorError> {
        let renewing = listener.tls.map(Renewing::read).transpose()?;
        let gate = Gate::new(Rules {
            limits: listener.limits,
            gateway: listener.gateway.cloned(),
            balancers: listener.balancers.to_vec(),
            identity: renewing.as_ref().map(|renewing| renewing.identity.clone()),
        });
        let bound = acceptor::listen(listener.key, listener.address)?;
        Ok(Self {
            key: listener.key,
            address: bound.local_addr().unwrap_or(listener.address),
            listener: bound,
            gate: Arc::new(gate),
            renewing,
        })
    }

    /// The connected callers.
    pub(crate) fn peers(&self) -> Arc<Peers> {
        self.gate.peers.clone()
    }

    /// The door's gate, for the metrics.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        self.gate.clone()
    }

    /// Lets callers in, to the HTTP server at `upstream`.
    pub(crate) fn open(self, upstream: SocketAddr, log: &Logger) -> OpenDoor {
        let (stop, stopped) = watch::channel(false);
        let (held, connections) = mpsc::channel(1);
        let telling = tally::tell(self.key, self.gate.tally.clone(), log.clone());
        let mut beside = vec![tokio::spawn(telling)];
        if let Some(renewing) = self.renewing {
            let Renewing {
                config,
                identity,
                files,
                ends,
            } = renewing;
            let reloading = reload::follow(identity, files, ends, config, log.clone());
            beside.push(tokio::spawn(reloading));
        }
        let served = Served {
            upstream,
            stop: stopped,
            _held: held,
        };
        let accepting = acceptor::accept(self.listener, self.gate.clone(), served);
        beside.push(tokio::spawn(accepting));
        OpenDoor {
            address: self.address,
            gate: self.gate,
            stop,
            connections,
            beside,
        }
    }
}

/// The watchman of a listener without a door.
pub(crate) fn watchman(
    listener: &'static str,
    limits: ConnectionLimits,
    gateway: Option<&GatewayConfig>,
) -> Arc<Watchman> {
    let gate = Gate::new(Rules {
        limits,
        gateway: gateway.cloned(),
        balancers: Vec::new(),
        identity: None,
    });
    Watchman::new(listener, Arc::new(gate))
}

impl Renewing {
    fn read(config: &TlsConfig) -> Result<Self, TlsFileError> {
        let files = Files::read(config)?;
        let Loaded { server, ends } = files.load(config)?;
        Ok(Self {
            config: config.clone(),
            identity: Arc::new(Identity::new(server)),
            files,
            ends,
        })
    }
}

impl OpenDoor {
    /// The address that callers connect to, with the port that the system chose.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets no further caller in. Returns when the HTTP server has answered each connection that
    /// sent a request, or after `FRESH`. From then on the server may be told to stop. It never
    /// accepts a connection that it has not accepted by then.
    pub(crate) async fn shut(&self) {
        self.stop.send_replace(true);
        let heard = async {
            while self.gate.fresh.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // A connection that still waits has sent no whole request.
        let _heard = tokio::time::timeout(FRESH, heard).await;
    }

    /// Returns when the last connection has ended. A connection ends when the HTTP server closes
    /// its end.
    pub(crate) async fn empty(mut self) {
        while self.connections.recv().await.is_some() {}
        for task in &self.beside {
            task.abort();
        }
    }
}
