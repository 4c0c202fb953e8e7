//! What all connections to a listener share, and the rules by which they are let in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Semaphore;

use super::identity::Identity;
use super::peers::Peers;
use super::slots::{Slot, Slots};
use super::tally::{Tally, TurnedAway};
use crate::config::{ConnectionLimits, GatewayConfig};
use crate::identity::{Network, Source};

/// How many connections to the HTTP server may be in the making at a time. Its listener keeps 128.
/// A further one would wait for a second.
const DIALS: usize = 64;

/// The state of a listener that all its connections share.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(super) limits: ConnectionLimits,
    /// The gateway, whose connections carry requests of many sources.
    gateway: Option<GatewayConfig>,
    /// The balancers that say, by the PROXY protocol, which callers' connections they pass on.
    balancers: Vec<Network>,
    /// The TLS identity. `None` if no TLS is ended here.
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) peers: Arc<Peers>,
    pub(super) tally: Arc<Tally>,
    /// The slots of arriving connections: of handshakes in progress, and of balancers' headers that
    /// are awaited.
    arrivals: Arc<Slots>,
    /// The slots of connections that have arrived.
    connections: Arc<Slots>,
    pub(super) dials: Semaphore,
    /// How many connections may have sent a request, and have no answer of the HTTP server yet.
    /// Each is counted before its first byte: the HTTP server loses a connection that is still on
    /// its way when it stops listening.
    pub(super) fresh: AtomicUsize,
}

/// What a gate is made of.
pub(super) struct Rules {
    pub limits: ConnectionLimits,
    pub gateway: Option<GatewayConfig>,
    pub balancers: Vec<Network>,
    pub identity: Option<Arc<Identity>>,
}

/// A connection that was let in.
pub(super) struct Visit {
    pub gate: Arc<Gate>,
    /// The caller's address, or that of the balancer in front of it.
    pub address: SocketAddr,
    /// The slot among the arrivals, if a handshake or a balancer's header comes before the first
    /// request.
    pub arrival: Option<Slot>,
    /// The slot among the connections, if nothing comes before the first request.
    pub slot: Option<Slot>,
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
            arrivals: Slots::new(limits.handshakes, limits.connections_per_source),
            connections: Slots::new(limits.connections, limits.connections_per_source),
            limits,
            dials: Semaphore::new(DIALS),
            fresh: AtomicUsize::new(0),
        }
    }

    /// Lets a new connection in. `None` if its source has as many as it may, or if there are too
    /// many. Such a connection is counted as turned away.
    pub(super) fn knock(self: &Arc<Self>, address: SocketAddr) -> Option<Visit> {
        let has_to_arrive = self.identity.is_some() || self.is_balancer(address);
        let slots = match has_to_arrive {
            true => &self.arrivals,
            false => &self.connections,
        };
        let slot = slots.enter(self.source(address));
        let slot = slot.map_err(|turned| self.tally.count(turned, Some(address.ip())));
        let slot = Some(slot.ok()?);
        let (arrival, slot) = match has_to_arrive {
            true => (slot, None),
            false => (None, slot),
        };
        Some(Visit {
            gate: self.clone(),
            address,
            arrival,
            slot,
        })
    }

    /// A slot for a connection that has arrived.
    pub(super) fn admit(&self, address: SocketAddr) -> Result<Slot, TurnedAway> {
        self.connections.enter(self.source(address))
    }

    /// Whether a balancer has this address, which says which caller's connection it passes on.
    pub(super) fn is_balancer(&self, address: SocketAddr) -> bool {
        let address = address.ip();
        self.balancers
            .iter()
            .any(|network| network.contains(address))
    }

    /// How many connections there are, after their handshakes.
    pub(crate) fn connected(&self) -> u32 {
        self.connections.occupied()
    }

    /// The reasons for which callers may be turned away.
    pub(crate) fn reasons(&self) -> &'static [TurnedAway] {
        let has_door = self.identity.is_some() || !self.balancers.is_empty();
        match has_door {
            true => &TurnedAway::ALL,
            false => &TurnedAway::WITHOUT_A_DOOR,
        }
    }

    /// How many callers were turned away for this reason.
    pub(crate) fn turned_away(&self, reason: TurnedAway) -> u64 {
        self.tally.of(reason)
    }

    /// The source that a connection's slot counts for. `None` for a gateway or a balancer, whose
    /// connections carry requests of many sources.
    fn source(&self, address: SocketAddr) -> Option<Source> {
        let gateway = self.gateway.as_ref();
        let is_gateway = gateway.is_some_and(|gateway| gateway.is_at(address.ip()));
        let stands_for_many = is_gateway || self.is_balancer(address);
        (!stands_for_many).then(|| address.ip().into())
    }
}

#[cfg(test)]
impl Gate {
    /// A gate without TLS.
    pub(super) fn plain() -> Self {
        Self::new(Rules {
            limits: ConnectionLimits::default(),
            gateway: None,
            balancers: Vec::new(),
            identity: None,
        })
    }
}
