//! What all connections to a listener share, and what each needs to be let in.

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
    arrivals: Arc<Slots>,
    /// Connections after it.
    connections: Arc<Slots>,
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
    /// Its slot among the handshakes, if it has to say something before its first request.
    pub arrival: Option<Slot>,
    /// Its slot among the connections, if it hasn't.
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

    /// A caller connected. `None` if its source has as many connections as it may, or if there are
    /// too many. That is counted.
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

    /// A slot for a connection of the caller at an address, which has arrived.
    pub(super) fn admit(&self, address: SocketAddr) -> Result<Slot, TurnedAway> {
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

    /// The source that a connection's slot counts for. `None` for a gateway or a balancer, which
    /// stands for many sources.
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
