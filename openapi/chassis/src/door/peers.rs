//! The callers behind the connections to the HTTP server.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::identity::ClientCertificate;

use super::tally::{Tally, TurnedAway};

/// A caller that is connected.
#[derive(Debug)]
pub struct Peer {
    /// The caller's address.
    pub address: SocketAddr,
    /// The certificate whose key the caller proved to have.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// The connected callers, by the loopback address that their requests come from.
#[derive(Debug)]
pub struct Peers {
    by_address: RwLock<HashMap<SocketAddr, Arc<Peer>>>,
    tally: Arc<Tally>,
    /// Whether the door ends TLS, and so asks each caller itself for its certificate.
    end_tls: bool,
}

/// Keeps a caller's entry until it is dropped. Drop it before the socket that has the address:
/// another process can have the address from then on.
pub(crate) struct Registered {
    peers: Arc<Peers>,
    address: SocketAddr,
}

impl Peers {
    pub(crate) fn new(tally: Arc<Tally>, end_tls: bool) -> Self {
        Self {
            by_address: RwLock::default(),
            tally,
            end_tls,
        }
    }

    /// Whether the door ends TLS.
    pub(crate) fn end_tls(&self) -> bool {
        self.end_tls
    }

    /// The caller whose connection has this address. `None` if there is no such connection, or if
    /// the caller is gone. That is counted.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<Arc<Peer>> {
        let peer = self.find(address);
        if peer.is_none() {
            self.tally.count(TurnedAway::Stranger, Some(address.ip()));
        }
        peer
    }

    /// The same, without counting.
    pub(crate) fn find(&self, address: SocketAddr) -> Option<Arc<Peer>> {
        let by_address = self.by_address.read();
        let by_address = by_address.unwrap_or_else(PoisonError::into_inner);
        by_address.get(&address).cloned()
    }

    /// Enters a caller. `None` if the address has a caller already, since an address must never
    /// stand for another caller.
    pub(crate) fn register(
        self: &Arc<Self>,
        address: SocketAddr,
        peer: Peer,
    ) -> Option<Registered> {
        let by_address = self.by_address.write();
        let mut by_address = by_address.unwrap_or_else(PoisonError::into_inner);
        match by_address.entry(address) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => {
                vacant.insert(Arc::new(peer));
                Some(Registered {
                    peers: self.clone(),
                    address,
                })
            }
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let by_address = self.peers.by_address.write();
        let mut by_address = by_address.unwrap_or_else(PoisonError::into_inner);
        by_address.remove(&self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_callers_until_it_is_gone() {
        let peers = Arc::new(Peers::new(Arc::default(), true));
        let at: SocketAddr = "127.1.0.0:4000".parse().unwrap();
        let peer = |address: &str| Peer {
            address: address.parse().unwrap(),
            certificate: None,
        };
        assert!(peers.at(at).is_none());
        let registered = peers.register(at, peer("192.0.2.1:5")).unwrap();
        assert!(peers.register(at, peer("192.0.2.2:5")).is_none());
        assert_eq!(peers.at(at).unwrap().address.to_string(), "192.0.2.1:5");
        drop(registered);
        assert!(peers.at(at).is_none());
        assert!(peers.register(at, peer("192.0.2.2:5")).is_some());
    }
}
