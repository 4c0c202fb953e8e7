//! The service's own listeners: who gets a connection, for how long, and whose requests come over
//! it.
//!
//! A door stands before an HTTP server on loopback, which takes no listener but its own. It takes
//! connections off the network, sees to how much each source takes up, reads the header of a
//! balancer if one stands before it, ends TLS, and copies bytes both ways. Bytes alone: HTTP is
//! read once, by the server behind. `Peers` says who sent a request, by the loopback address that the
//! connection came from. Each connection has its own loopback address.
//!
//! `listen.api` has one with `[tls]` or `limits.proxy_protocol`. Otherwise callers connect to the
//! HTTP server itself, which costs less of each token, and so do operators; `watchman` sees to
//! those connections.

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

/// How long the last connections may take to get their first answer, before the server behind is
/// told to stop.
const FRESH: Duration = Duration::from_secs(2);

/// A listener and its rules.
pub(crate) struct Listener<'a> {
    /// Its key in the configuration.
    pub key: &'static str,
    pub address: SocketAddr,
    pub limits: ConnectionLimits,
    /// TLS, if the door ends it.
    pub tls: Option<&'a TlsConfig>,
    /// The gateway, which stands for many sources.
    pub gateway: Option<&'a GatewayConfig>,
    /// The balancers that say whose connections they pass on.
    pub balancers: &'a [Network],
}

/// A door, its address taken.
pub(crate) struct FrontDoor {
    key: &'static str,
    listener: TcpListener,
    address: SocketAddr,
    gate: Arc<Gate>,
    renewing: Option<Renewing>,
}

/// What is renewed while the service runs.
struct Renewing {
    config: TlsConfig,
    identity: Arc<Identity>,
    /// What the identity was made of.
    files: Files,
    /// When its certificate ends.
    ends: Timestamp,
}

/// A door, open.
pub(crate) struct OpenDoor {
    address: SocketAddr,
    gate: Arc<Gate>,
    stop: watch::Sender<bool>,
    /// Gives the end when the last connection has ended.
    connections: mpsc::Receiver<()>,
    beside: Vec<JoinHandle<()>>,
}

/// Why a door can't be.
#[derive(Debug, thiserror::Error)]
pub enum FrontDoorError {
    /// A certificate, a key, or a list.
    #[error(transparent)]
    File(#[from] TlsFileError),
    /// Too few descriptors.
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    /// The address.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// Whether the files that the configuration names are there, and fit together.
///
/// # Errors
/// [`TlsFileError`]
pub fn check_tls_files(config: &TlsConfig) -> Result<(), TlsFileError> {
    Files::read(config)?.load(config).map(drop)
}

impl FrontDoor {
    /// Reads the certificates and takes the address. Nobody is let in yet.
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

    /// Who is connected, for handlers.
    pub(crate) fn peers(&self) -> Arc<Peers> {
        self.gate.peers.clone()
    }

    /// What there is to count.
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

/// The rules of a listener that has no door.
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
    /// Where callers find it, the port that the system chose among it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets nobody in any more. Done when each connection that is through has been heard by the
    /// HTTP server, which may be told to stop from then on: what it has not accepted by then, it
    /// never will.
    pub(crate) async fn shut(&self) {
        self.stop.send_replace(true);
        let heard = async {
            while self.gate.fresh.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // A connection that waits longer has sent no request yet.
        let _heard = tokio::time::timeout(FRESH, heard).await;
    }

    /// Done when the last connection has ended, which it does when the HTTP server closes its end.
    pub(crate) async fn empty(mut self) {
        while self.connections.recv().await.is_some() {}
        for task in &self.beside {
            task.abort();
        }
    }
}
