//! One connection: its caller, the handshake, the bytes to the HTTP server and back, and the end.

mod splice;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustls::{CertificateError, Error};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::server::TlsStream;

use super::gate::{Gate, Visit};
use super::identity::Identity;
use super::loopback;
use super::peers::{Peer, Registered};
use super::proxy;
use super::rewound::Rewound;
use super::slots::Slot;
use super::tally::TurnedAway;
use crate::identity::ClientCertificate;
use splice::splice;

/// How many bytes of a request are read, at most, before the door connects to the HTTP server. The
/// rest follows.
const FIRST_BYTES: usize = 4096;

/// The connection to the HTTP server. Rust drops the fields in this order: the entry in the peers
/// goes before the port is free for another connection.
struct Upstream {
    _registered: Registered,
    socket: TcpStream,
}

/// What every connection of a door needs.
#[derive(Clone)]
pub(super) struct Served {
    /// Where the HTTP server listens.
    pub upstream: SocketAddr,
    /// Whether the service is stopping.
    pub stop: watch::Receiver<bool>,
    /// Held as long as the connection lasts, so that the door knows when the last one has ended.
    pub _held: mpsc::Sender<()>,
}

/// Why a connection ends. `None` if the caller left, or if the service stops.
type End = Option<TurnedAway>;

/// Serves a connection until the caller, the limits or the service ends it.
pub(super) async fn serve(socket: TcpStream, visit: Visit, mut served: Served) {
    let (gate, mut address) = (visit.gate.clone(), visit.address);
    let ended = lead(socket, visit, &mut address, &mut served).await;
    if let Err(Some(turned)) = ended {
        gate.tally.count(turned, Some(address.ip()));
    }
}

/// Leads a connection from its first byte to its last. `address` becomes the caller's own address
/// as soon as a balancer has said it.
async fn lead(
    socket: TcpStream,
    visit: Visit,
    address: &mut SocketAddr,
    served: &mut Served,
) -> Result<(), End> {
    let Visit {
        gate,
        arrival,
        slot,
        ..
    } = visit;
    // Otherwise the second piece of an answer, or an answer after a ticket of TLS 1.3, would wait
    // until the first is acknowledged.
    socket.set_nodelay(true).map_err(|_| None)?;
    let mut socket = Rewound::new(socket);
    let deadline = Instant::now() + gate.limits.handshake_time;
    if let Some(arrival) = &arrival
        && gate.is_balancer(*address)
    {
        let reading = proxy::read(&mut socket);
        let read = arriving(arrival, served, deadline, TurnedAway::ProxyTime, reading).await?;
        let (caller, more) = read.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Some(TurnedAway::ProxyHeader),
            _ => None,
        })?;
        socket.rewind(more);
        // A balancer that sends its own request is the caller.
        *address = caller.map_or(*address, canonical);
    }
    let admitted = |slot: Option<Slot>| match slot {
        Some(slot) => Ok(slot),
        None => gate.admit(*address).map_err(Some),
    };
    let address = *address;
    match (&gate.identity, arrival) {
        (Some(identity), Some(arrival)) => {
            let shaking = shake_hands(identity, socket);
            let turned = TurnedAway::HandshakeTime;
            let tls = arriving(&arrival, served, deadline, turned, shaking).await??;
            drop(arrival);
            let slot = admitted(slot)?;
            let certificate = certificate(&tls)?;
            let peer = Peer {
                address,
                certificate,
            };
            talk(&gate, slot, peer, tls, served).await
        }
        (_, arrival) => {
            drop(arrival);
            let slot = admitted(slot)?;
            let certificate = None;
            let peer = Peer {
                address,
                certificate,
            };
            talk(&gate, slot, peer, socket, served).await
        }
    }
}

/// Turns the IPv6 form of an IPv4 address into the IPv4 address. A listener for both families sees
/// the IPv6 form.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Carries out a step before the first request, within its time.
async fn arriving<T>(
    arrival: &Slot,
    served: &mut Served,
    deadline: Instant,
    late: TurnedAway,
    doing: impl Future<Output = T>,
) -> Result<T, End> {
    tokio::select! {
        done = timeout_at(deadline, doing) => done.map_err(|_| Some(late)),
        () = arrival.displaced() => Err(Some(TurnedAway::HandshakeDisplaced)),
        _ = served.stop.wait_for(|stop| *stop) => Err(None),
    }
}

async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    identity: &Identity,
    socket: S,
) -> Result<TlsStream<S>, End> {
    let accepted = identity.acceptor().accept(socket).await;
    accepted.map_err(|error| Some(reason(&error)))
}

fn reason(error: &io::Error) -> TurnedAway {
    use CertificateError as Wrong;
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    match error {
        Some(Error::NoCertificatesPresented) => TurnedAway::NoCertificate,
        Some(Error::InvalidCertificate(wrong)) => match wrong {
            Wrong::Expired
            | Wrong::ExpiredContext { .. }
            | Wrong::NotValidYet
            | Wrong::NotValidYetContext { .. } => TurnedAway::ExpiredCertificate,
            Wrong::Revoked => TurnedAway::RevokedCertificate,
            Wrong::UnknownRevocationStatus
            | Wrong::ExpiredRevocationList
            | Wrong::ExpiredRevocationListContext { .. } => TurnedAway::UnknownRevocation,
            Wrong::ApplicationVerificationFailure => TurnedAway::NameNotAllowed,
            _ => TurnedAway::BadCertificate,
        },
        _ => TurnedAway::Handshake,
    }
}

/// The certificate that the handshake verified.
fn certificate<S>(tls: &TlsStream<S>) -> Result<Option<Arc<ClientCertificate>>, End> {
    let shown = tls.get_ref().1.peer_certificates();
    let Some(first) = shown.and_then(|chain| chain.first()) else {
        return Ok(None);
    };
    match ClientCertificate::from_der(first) {
        Ok(certificate) => Ok(Some(Arc::new(certificate))),
        Err(_) => Err(Some(TurnedAway::BadCertificate)),
    }
}

/// Waits for a request, and passes the bytes to the HTTP server and back.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    gate: &Gate,
    slot: Slot,
    peer: Peer,
    mut stream: S,
    served: &mut Served,
) -> Result<(), End> {
    // A caller without a request costs the HTTP server nothing.
    let (fresh, first) = asked(gate, &slot, &mut stream, &mut served.stop).await?;
    slot.asks();
    let upstream = dial(gate, served.upstream, peer).await;
    let upstream = upstream.map_err(|_| Some(TurnedAway::Upstream))?;
    tokio::select! {
        end = splice(gate, &slot, &mut stream, upstream, fresh, first) => end.map_err(Some),
        () = slot.displaced() => Err(Some(TurnedAway::Displaced)),
    }
}

/// Waits for the first bytes of a request, and counts the connection as fresh from the start. It
/// counts first, and then looks whether the service stops. So either the connection sees the stop,
/// or [`super::OpenDoor::shut`] sees the connection.
async fn asked<'g>(
    gate: &'g Gate,
    slot: &Slot,
    tls: &mut (impl AsyncRead + Unpin),
    stop: &mut watch::Receiver<bool>,
) -> Result<(Fresh<'g>, Vec<u8>), Option<TurnedAway>> {
    let fresh = Fresh::new(gate);
    let first = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => return Err(None),
        () = slot.displaced() => return Err(Some(TurnedAway::Displaced)),
        first = first_bytes(gate, tls) => first?,
    };
    Ok((fresh, first))
}

async fn first_bytes(
    gate: &Gate,
    tls: &mut (impl AsyncRead + Unpin),
) -> Result<Vec<u8>, Option<TurnedAway>> {
    let mut first = Vec::with_capacity(FIRST_BYTES);
    match timeout(gate.limits.first_byte_time, tls.read_buf(&mut first)).await {
        Ok(Ok(1..)) => Ok(first),
        // The caller left.
        Ok(_) => Err(None),
        Err(_) => Err(Some(TurnedAway::Silent)),
    }
}

/// Connects to the HTTP server from a loopback address that no other caller has.
async fn dial(gate: &Gate, upstream: SocketAddr, peer: Peer) -> io::Result<Upstream> {
    let _turn = gate.dials.acquire().await.map_err(io::Error::other)?;
    let (socket, own) = loopback::socket()?;
    let registered = gate.peers.register(own, peer);
    let registered = registered.ok_or(io::ErrorKind::AddrInUse)?;
    Ok(Upstream {
        socket: loopback::connect(socket, upstream).await?,
        _registered: registered,
    })
}

/// Counts a connection as not answered by the HTTP server yet, until it is dropped.
struct Fresh<'g>(&'g Gate);

impl<'g> Fresh<'g> {
    fn new(gate: &'g Gate) -> Self {
        gate.fresh.fetch_add(1, Ordering::Relaxed);
        Self(gate)
    }
}

impl Drop for Fresh<'_> {
    fn drop(&mut self) {
        self.0.fresh.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn whoever_may_still_ask_is_counted_and_asks_nothing_once_the_door_is_shut() {
        let gate = Gate::plain();
        let fresh = || gate.fresh.load(Ordering::Relaxed);
        let slot = gate.admit(([192, 0, 2, 1], 1).into()).unwrap();
        let (tell, mut stop) = watch::channel(false);
        let (mut caller, mut tls) = duplex(64);
        let ask = async {
            assert_eq!(fresh(), 1, "before its first byte");
            caller.write_all(b"GET /").await.unwrap();
        };
        let asked_for = asked(&gate, &slot, &mut tls, &mut stop);
        let (asked_for, ()) = tokio::join!(biased; asked_for, ask);
        let (counted, first) = asked_for.unwrap();
        assert_eq!((first.as_slice(), fresh()), (b"GET /".as_slice(), 1));
        drop(counted);
        assert_eq!(fresh(), 0);
        // The door is shut while no connection is counted.
        tell.send_replace(true);
        caller.write_all(b"GET /").await.unwrap();
        let turned = asked(&gate, &slot, &mut tls, &mut stop).await.err();
        assert_eq!((turned, fresh()), (Some(None), 0));
        let mut left = [0; 5];
        tls.read_exact(&mut left).await.unwrap();
        assert_eq!(&left, b"GET /");
    }
}
