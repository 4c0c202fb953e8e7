//! What all connections share, and what each needs to be let in.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::identity::Identity;
use super::peers::Peers;
use super::room::{Place, Room};
use super::tally::{Tally, Turned};
use crate::config::{GatewayConfig, TlsLimits};
use crate::http::sources::Sources;
use crate::issuer::Source;

/// Connections to the HTTP server that are being made at a time. Its listener keeps 128; one that finds no room there waits for
/// a second.
const DIALS: usize = 64;

/// The door as all connections see it.
pub(super) struct Gate {
    pub limits: TlsLimits,
    gateway: Option<GatewayConfig>,
    /// Where the HTTP server listens.
    pub upstream: SocketAddr,
    pub identity: Arc<Identity>,
    pub peers: Arc<Peers>,
    pub tally: Arc<Tally>,
    /// Handshakes in progress.
    handshakes: Arc<Room>,
    /// Connections after it.
    connections: Arc<Room>,
    sources: Mutex<Sources>,
    pub dials: Semaphore,
    /// Connections that a request may have been read of, or may yet be, and that the HTTP server has not answered yet. Counted
    /// before the first byte: one that is still on its way to the HTTP server when that stops listening is lost.
    pub fresh: AtomicUsize,
}

/// A caller that is let in, as long as it stays.
pub(super) struct Visit {
    pub gate: Arc<Gate>,
    pub address: SocketAddr,
    _of_source: Option<OfSource>,
}

/// One of the connections that its source may have.
struct OfSource {
    gate: Arc<Gate>,
    source: Source,
}

impl Gate {
    pub(super) fn new(
        limits: TlsLimits,
        gateway: Option<GatewayConfig>,
        upstream: SocketAddr,
        identity: Arc<Identity>,
        peers: Arc<Peers>,
        tally: Arc<Tally>,
    ) -> Self {
        Self {
            limits,
            gateway,
            upstream,
            identity,
            peers,
            tally,
            handshakes: Room::new(limits.handshakes),
            connections: Room::new(limits.connections),
            sources: Mutex::default(),
            dials: Semaphore::new(DIALS),
            fresh: AtomicUsize::new(0),
        }
    }

    /// Somebody connected, and takes a place among the handshakes. None: it has as many connections as it may.
    pub(super) fn knock(self: &Arc<Self>, address: SocketAddr) -> Option<(Visit, Place)> {
        let of_source = match self.is_gateway(address) {
            true => None,
            false => Some(self.of_source(address)?),
        };
        // A handshake takes milliseconds, so whoever has been at it longest means to stay; and an attacker that holds them all
        // makes room for honest callers with each further one.
        let source = of_source.as_ref().map(|of_source| of_source.source);
        let handshake = self.handshakes.enter_at_the_cost_of_the_greediest(source);
        let visit = Visit {
            gate: self.clone(),
            address,
            _of_source: of_source,
        };
        Some((visit, handshake))
    }

    /// A place for a connection after its handshake. None: all are taken, and none of them is quiet.
    pub(super) fn admit(&self) -> Option<Place> {
        self.connections.enter()
    }

    fn is_gateway(&self, address: SocketAddr) -> bool {
        let gateway = self.gateway.as_ref();
        gateway.is_some_and(|gateway| gateway.is_at(address.ip()))
    }

    fn of_source(self: &Arc<Self>, address: SocketAddr) -> Option<OfSource> {
        let source = Source::from(address.ip());
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.of(source) >= self.limits.connections_per_source {
            drop(sources);
            self.tally.count(Turned::Source, Some(address.ip()));
            return None;
        }
        sources.add(source);
        Some(OfSource {
            gate: self.clone(),
            source,
        })
    }
}

impl Drop for OfSource {
    fn drop(&mut self) {
        let sources = self.gate.sources.lock();
        let mut sources = sources.unwrap_or_else(PoisonError::into_inner);
        sources.remove(self.source);
    }
}

#[cfg(test)]
impl Gate {
    /// One that nobody can shake hands at, for what comes after.
    pub(super) fn without_a_certificate(upstream: SocketAddr) -> Self {
        use rustls::server::{ResolvesServerCertUsingSni, ServerConfig};

        let server = ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        let tally = Arc::new(Tally::default());
        Self::new(
            TlsLimits::default(),
            None,
            upstream,
            Arc::new(Identity::new(Arc::new(server))),
            Arc::new(Peers::new(tally.clone())),
            tally,
        )
    }
}
