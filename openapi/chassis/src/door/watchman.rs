//! Enforces the limits on connections where callers connect to the HTTP server directly, without a
//! door.
//!
//! A door would make each token a fifth more expensive. But the server itself ends no silent
//! connection, counts none, and gives its sockets to no other code. So the watchman looks for them
//! among the process's descriptors, by their own address, twice a second. The [`Gate`] decides
//! which connection must end, as it does for a door. The watchman ends a connection by shutting its
//! socket down. To the server it looks as if the caller had hung up.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{Shutdown, SockaddrStorage, getpeername, getsockname, shutdown};
use slog::{Drain, Level, Logger, Never, OwnedKVList, Record};
use tokio::time::{MissedTickBehavior, interval};

use super::connection::canonical;
use super::gate::Gate;
use super::slots::Slot;
use super::tally::{self, Tally, TurnedAway};
use crate::config::ConnectionLimits;

/// How often the watchman looks.
const EVERY: Duration = Duration::from_millis(500);
/// After so many free descriptor numbers in a row, the search ends. The system always gives the
/// lowest free number.
const GAP: usize = 512;

/// The connections that were seen so far.
#[derive(Debug)]
pub(crate) struct Watchman {
    /// The listener's key in the configuration.
    listener: &'static str,
    gate: Arc<Gate>,
    known: Mutex<HashMap<SocketAddr, Known>>,
}

/// A connection that was seen.
#[derive(Debug)]
struct Known {
    descriptor: RawFd,
    slot: Arc<Slot>,
    is_shut: bool,
}

/// A request that is under way, until it is dropped.
pub(crate) struct UnderWay(Arc<Slot>);

impl Watchman {
    pub(crate) fn new(listener: &'static str, gate: Arc<Gate>) -> Arc<Self> {
        Arc::new(Self {
            listener,
            gate,
            known: Mutex::default(),
        })
    }

    /// The listener's gate, for the metrics.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        self.gate.clone()
    }

    /// Notes that a caller sends a request. `None` if its connection was not seen yet: it counts as
    /// new when it is.
    pub(crate) fn asks(&self, caller: SocketAddr) -> Option<UnderWay> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = known.get(&caller)?.slot.clone();
        slot.asks();
        Some(UnderWay(slot))
    }

    /// Enforces the limits on the connections to the server at an address, until the future is
    /// dropped.
    pub(crate) async fn watch(self: Arc<Self>, server: SocketAddr, log: Logger) {
        let looking = async {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                self.look(server.port());
            }
        };
        let telling = tally::tell(self.listener, self.gate.tally.clone(), log);
        tokio::join!(looking, telling);
    }

    fn look(&self, port: u16) {
        let seen: HashMap<_, _> = connections(port).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|caller, known| seen.get(caller) == Some(&known.descriptor));
        for (caller, descriptor) in seen {
            if known.contains_key(&caller) {
                continue;
            }
            match self.gate.admit(canonical(caller)) {
                Ok(slot) => {
                    let new = Known {
                        descriptor,
                        slot: Arc::new(slot),
                        is_shut: false,
                    };
                    known.insert(caller, new);
                }
                Err(turned) => self.end(caller, descriptor, turned),
            }
        }
        for (caller, known) in known.iter_mut().filter(|(_, known)| !known.is_shut) {
            if let Some(turned) = due(&known.slot, &self.gate.limits) {
                known.is_shut = true;
                self.end(*caller, known.descriptor, turned);
            }
        }
    }

    fn end(&self, caller: SocketAddr, descriptor: RawFd, turned: TurnedAway) {
        // The descriptor may be another connection's by now.
        if address(getpeername(descriptor)) == Some(caller) {
            let _may_be_gone = shutdown(descriptor, Shutdown::Both);
            self.gate.tally.count(turned, Some(canonical(caller).ip()));
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Why a connection must end. `None` if it may go on.
fn due(slot: &Slot, limits: &ConnectionLimits) -> Option<TurnedAway> {
    let (quiet, age) = (slot.quiet_for(), slot.age());
    if slot.is_displaced() {
        return Some(TurnedAway::Displaced);
    }
    if !slot.has_asked() && age >= limits.first_byte_time {
        return Some(TurnedAway::Silent);
    }
    if quiet >= limits.idle_time {
        return Some(TurnedAway::Idle);
    }
    (age >= limits.connection_life && !slot.is_asking()).then_some(TurnedAway::Life)
}

/// The process's connections to this port, and their descriptors.
fn connections(port: u16) -> impl Iterator<Item = (SocketAddr, RawFd)> {
    let mut free = 0;
    let numbers = (3..RawFd::MAX).map_while(move |descriptor| {
        let own = getsockname::<SockaddrStorage>(descriptor);
        free = if own == Err(Errno::EBADF) {
            free + 1
        } else {
            0
        };
        (free < GAP).then_some((descriptor, own))
    });
    numbers.filter_map(move |(descriptor, own)| {
        let is_there = address(own).is_some_and(|own| own.port() == port);
        let caller = is_there.then(|| address(getpeername(descriptor)))??;
        Some((caller, descriptor))
    })
}

fn address(of: nix::Result<SockaddrStorage>) -> Option<SocketAddr> {
    let of = of.ok()?;
    let v4 = of.as_sockaddr_in().map(|it| SocketAddrV4::from(*it).into());
    v4.or_else(|| {
        of.as_sockaddr_in6()
            .map(|it| SocketAddrV6::from(*it).into())
    })
}

/// Reads one thing of the HTTP server's own log: the connections that it could not accept.
/// Everything else is dropped, as the log has two lines for each request.
pub(crate) struct NotAccepted(Option<Arc<Tally>>);

impl NotAccepted {
    /// `gate` counts these connections, where callers connect to the server directly.
    pub(crate) fn at(gate: Option<&Gate>) -> Self {
        Self(gate.map(|gate| gate.tally.clone()))
    }
}

impl Drain for NotAccepted {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        let Some(tally) = &self.0 else {
            return Ok(());
        };
        if record.level() == Level::Warning && record.msg().to_string() == "accept error" {
            tally.count(TurnedAway::NoDescriptor, None);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_connection_is_found_and_ended_when_it_asks_for_nothing() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = server.local_addr().unwrap();
        let mut silent = TcpStream::connect(at).await.unwrap();
        let busy = TcpStream::connect(at).await.unwrap();
        let _accepted = [
            server.accept().await.unwrap(),
            server.accept().await.unwrap(),
        ];
        let mut gate = Gate::plain();
        gate.limits.first_byte_time = Duration::ZERO;
        let watchman = Watchman::new("listen.api", Arc::new(gate));
        let caller = busy.local_addr().unwrap();
        assert_eq!(connections(at.port()).count(), 2);
        let slot = watchman.gate.admit(caller).unwrap();
        let descriptor = connections(at.port())
            .find(|(it, _)| *it == caller)
            .unwrap()
            .1;
        let known = Known {
            descriptor,
            slot: Arc::new(slot),
            is_shut: false,
        };
        watchman.known.lock().unwrap().insert(caller, known);
        let under_way = watchman.asks(caller);
        watchman.look(at.port());
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(watchman.gate.turned_away(TurnedAway::Silent), 1);
        assert_eq!(
            busy.try_read(&mut [0]).unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock
        );
        drop((under_way, silent));
    }
}
