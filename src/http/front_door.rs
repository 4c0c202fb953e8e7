//! TLS at the service's own address: an acceptor before the HTTP server, which takes no listener but its own.
//!
//! It ends TLS, sees to whose certificate it was and to how much each caller takes up, connects to the HTTP server on loopback,
//! and copies bytes both ways. Bytes alone: HTTP is read once, by the server behind. Who sent a request, the server's handlers
//! learn from [`Peers`], by the loopback address that the connection came from; each connection has one of its own.

mod acceptor;
mod connection;
mod descriptors;
mod files;
mod gate;
mod identity;
mod loopback;
mod peers;
mod pipe;
mod reload;
mod room;
mod tally;
mod verifier;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use slog::Logger;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use descriptors::DescriptorError;
pub use files::TlsFileError;
pub(super) use peers::{Peer, Peers};
use tally::Tally;
pub(super) use tally::Turned;

use super::listen::ListenError;
use crate::config::{GatewayConfig, TlsConfig};
use files::{Files, Loaded};
use gate::Gate;
use identity::Identity;

/// How long the last connections may take to get their first answer, before the server behind is told to stop.
const FRESH: Duration = Duration::from_secs(2);

/// The acceptor, its address taken.
pub(super) struct FrontDoor {
    listener: TcpListener,
    address: SocketAddr,
    config: TlsConfig,
    gateway: Option<GatewayConfig>,
    identity: Arc<Identity>,
    /// What the identity was made of.
    files: Files,
    /// When its certificate ends.
    ends: Timestamp,
    peers: Arc<Peers>,
    tally: Arc<Tally>,
}

/// The acceptor, at work.
pub(super) struct OpenDoor {
    gate: Arc<Gate>,
    stop: watch::Sender<bool>,
    /// Gives the end when the last connection has ended.
    connections: mpsc::Receiver<()>,
    beside: Vec<JoinHandle<()>>,
}

/// Why the acceptor can't be.
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
    /// Reads the certificates, sees to descriptors, and takes the address. Nobody is let in yet.
    pub(super) fn bind(
        address: SocketAddr,
        config: &TlsConfig,
        gateway: Option<&GatewayConfig>,
    ) -> Result<Self, FrontDoorError> {
        let files = Files::read(config)?;
        let Loaded { server, ends } = files.load(config)?;
        descriptors::provide(&config.limits)?;
        let listener = acceptor::listen(address)?;
        let address = listener.local_addr().unwrap_or(address);
        let tally = Arc::new(Tally::default());
        Ok(Self {
            listener,
            address,
            config: config.clone(),
            gateway: gateway.cloned(),
            identity: Arc::new(Identity::new(server)),
            files,
            ends,
            peers: Arc::new(Peers::new(tally.clone())),
            tally,
        })
    }

    /// Where callers find it.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who is connected.
    pub(super) fn peers(&self) -> Arc<Peers> {
        self.peers.clone()
    }

    /// Lets callers in, to the HTTP server at `upstream`.
    pub(super) fn open(self, upstream: SocketAddr, log: &Logger) -> OpenDoor {
        let (stop, stopped) = watch::channel(false);
        let (held, connections) = mpsc::channel(1);
        let gate = Arc::new(Gate::new(
            self.config.limits,
            self.gateway,
            upstream,
            self.identity.clone(),
            self.peers,
            self.tally.clone(),
        ));
        let accepting = acceptor::accept(self.listener, gate.clone(), stopped.clone(), held);
        let reloading = reload::follow(
            self.identity,
            self.files,
            self.ends,
            self.config,
            log.clone(),
        );
        let telling = tally::tell(self.tally, log.clone());
        OpenDoor {
            gate,
            stop,
            connections,
            beside: vec![
                tokio::spawn(accepting),
                tokio::spawn(reloading),
                tokio::spawn(telling),
            ],
        }
    }
}

impl OpenDoor {
    /// Lets nobody in any more. Done when each connection that is through has been heard by the HTTP server, which may be told to
    /// stop from then on: what it has not accepted by then, it never will.
    pub(super) async fn shut(&self) {
        self.stop.send_replace(true);
        let heard = async {
            while self.gate.fresh.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _those_that_wait_longer_asked_for_nothing_yet =
            tokio::time::timeout(FRESH, heard).await;
    }

    /// Done when the last connection has ended, which it does when the HTTP server closes its end.
    pub(super) async fn empty(mut self) {
        while self.connections.recv().await.is_some() {}
        for task in &self.beside {
            task.abort();
        }
    }
}
