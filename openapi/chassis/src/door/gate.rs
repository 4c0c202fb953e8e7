//! What all connections to a listener share, and what each needs to be let in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Semaphore;

use super::identity::Identity;
use super::peers::Peers;
use super::room::{Place, Room};
use super::tally::{Tally, Turned};
use crate::config::{ConnectionLimits, GatewayConfig};
use crate::identity::{Network, Source};

/// Connections to the HTTP server that are being made at a time. Its listener keeps 128; one that
/// finds no room there waits for a second.
const DIALS: usize = 64;

/// A listener's door, as all its connections see it.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(super) limits: ConnectionLimits,
    /// The gateway, which stands for many sources.
    gateway: Option<GatewayConfig>,
    /// The balancers that say whose connections they pass on, by the PROXY protocol.
    balancers: Vec<Network>,
    /// Where the door ends TLS.
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) peers: Arc<Peers>,
    pub(super) tally: Arc<Tally>,
    /// Handshakes in progress, and headers of balancers that are awaited.
    arrivals: Arc<Room>,
    /// Connections after it.
    connections: Arc<Room>,
    pub(super) dials: Semaphore,
    /// Connections that a request may have been read of, or may yet be, and that the HTTP server
    /// has not answered yet. Counted before the first byte: one that is still on its way to the
    /// HTTP server when that stops listening is lost.
    pub(super) fresh: AtomicUsize,
}

/// What a gate is made of.
pub(super) struct Rules {
    pub limits: ConnectionLimits,
    pub gateway: Option<GatewayConfig>,
    pub balancers: Vec<Network>,
    pub identity: Option<Arc<Identity>>,
}

/// A caller that is let in, as long as it stays.
pub(super) struct Visit {
    pub gate: Arc<Gate>,
    /// Its own address, or that of the balancer before it.
    pub address: SocketAddr,
    /// Its place among the arrivals, if it has to say something before its first request.
    pub arrival: Option<Place>,
    /// Its place among the connections, if it hasn't.
    pub place: Option<Place>,
}

impl Gate {
    pub(super) fn new(rules: Rules) -> Self {
        let Rules {
            limits,
            gateway,
            balancers,
            identity,
        } = rules;
        let tally = Arc::new(Tally::default());
        Self {
            gateway,
            balancers,
            peers: Arc::new(Peers::new(tally.clone(), identity.is_some())),
            identity,
            tally,
            arrivals: Room::new(limits.handshakes, limits.connections_per_source),
            connections: Room::new(limits.connections, limits.connections_per_source),
            limits,
            dials: Semaphore::new(DIALS),
            fresh: AtomicUsize::new(0),
        }
    }

    /// Somebody connected. None: it has as many connections as it may, or there are too many; that
    /// is counted.
    pub(super) fn knock(self: &Arc<Self>, address: SocketAddr) -> Option<Visit> {
        let has_to_arrive = self.identity.is_some() || self.is_balancer(address);
        let room = match has_to_arrive {
            true => &self.arrivals,
            false => &self.connections,
        };
        let place = room.enter(self.source(address));
        let place = place.map_err(|turned| self.tally.count(turned, Some(address.ip())));
        let place = Some(place.ok()?);
        let (arrival, place) = match has_to_arrive {
            true => (place, None),
            false => (None, place),
        };
        Some(Visit {
            gate: self.clone(),
            address,
            arrival,
            place,
        })
    }

    /// A place for a connection of the caller at an address, which has arrived.
    pub(super) fn admit(&self, address: SocketAddr) -> Result<Place, Turned> {
        self.connections.enter(self.source(address))
    }

    /// Whether it says whose connection it passes on.
    pub(super) fn is_balancer(&self, address: SocketAddr) -> bool {
        let address = address.ip();
        self.balancers
            .iter()
            .any(|network| network.contains(address))
    }

    /// How many are connected, after their handshakes.
    pub(crate) fn connected(&self) -> u32 {
        self.connections.occupied()
    }

    /// Why callers may be turned away.
    pub(crate) fn reasons(&self) -> &'static [Turned] {
        let has_door = self.identity.is_some() || !self.balancers.is_empty();
        match has_door {
            true => &Turned::ALL,
            false => &Turned::WITHOUT_A_DOOR,
        }
    }

    /// How many callers were turned away for this reason.
    pub(crate) fn turned_away(&self, reason: Turned) -> u64 {
        self.tally.of(reason)
    }

    /// Whose share of the places a connection takes. None: of many, for whom a gateway or a
    /// balancer stands.
    fn source(&self, address: SocketAddr) -> Option<Source> {
        let gateway = self.gateway.as_ref();
        let is_gateway = gateway.is_some_and(|gateway| gateway.is_at(address.ip()));
        let stands_for_many = is_gateway || self.is_balancer(address);
        (!stands_for_many).then(|| address.ip().into())
    }
}

#[cfg(test)]
impl Gate {
    /// One without TLS.
    pub(super) fn plain() -> Self {
        Self::new(Rules {
            limits: ConnectionLimits::default(),
            gateway: None,
            balancers: Vec::new(),
            identity: None,
        })
    }
}
