//! One connection: the handshake, the way through to the HTTP server, and the end.

mod splice;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustls::{CertificateError, Error};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::gate::{Gate, Visit};
use super::loopback;
use super::peers::{Peer, Registered};
use super::room::Place;
use super::tally::Turned;
use crate::token::ClientCertificate;
use splice::splice;

/// What is read of a request before the HTTP server hears of it; the rest follows.
const FIRST_BYTES: usize = 4096;

/// The way to the HTTP server. The fields are dropped in this order: the entry goes before the port is anybody else's.
struct Upstream {
    _registered: Registered,
    socket: TcpStream,
}

/// Serves a caller until one of the three has had enough: it, the HTTP server, or the limits.
pub(super) async fn serve(
    socket: TcpStream,
    visit: Visit,
    handshake: Place,
    mut stop: watch::Receiver<bool>,
) {
    let (gate, address) = (&visit.gate, visit.address);
    let served = async {
        // With a ticket of TLS 1.3 or an answer in two pieces, the second would wait for the first to be acknowledged.
        socket.set_nodelay(true).map_err(|_| None)?;
        let mut tls = tokio::select! {
            done = shake_hands(gate, socket) => done.map_err(Some)?,
            () = handshake.displaced() => return Err(Some(Turned::HandshakeDisplaced)),
            _ = stop.wait_for(|stop| *stop) => return Err(None),
        };
        drop(handshake);
        let place = gate.admit().ok_or(Some(Turned::Full))?;
        let certificate = certificate(&tls)?;
        // Nothing is asked of the HTTP server for a caller that asks for nothing.
        let (fresh, first) = asked(gate, &place, &mut tls, &mut stop).await?;
        let peer = Peer {
            address,
            certificate,
        };
        let upstream = dial(gate, peer).await.map_err(|_| Some(Turned::Upstream))?;
        tokio::select! {
            end = splice(gate, &place, &mut tls, upstream, fresh, first) => end.map_err(Some),
            () = place.displaced() => Err(Some(Turned::Displaced)),
        }
    };
    if let Err(Some(turned)) = served.await {
        gate.tally.count(turned, Some(address.ip()));
    }
}

async fn shake_hands(gate: &Gate, socket: TcpStream) -> Result<TlsStream<TcpStream>, Turned> {
    let accepting = gate.identity.acceptor().accept(socket);
    match timeout(gate.limits.handshake_time, accepting).await {
        Ok(done) => done.map_err(|error| reason(&error)),
        Err(_) => Err(Turned::HandshakeTime),
    }
}

fn reason(error: &io::Error) -> Turned {
    use CertificateError as Wrong;
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    match error {
        Some(Error::NoCertificatesPresented) => Turned::NoCertificate,
        Some(Error::InvalidCertificate(wrong)) => match wrong {
            Wrong::Expired
            | Wrong::ExpiredContext { .. }
            | Wrong::NotValidYet
            | Wrong::NotValidYetContext { .. } => Turned::ExpiredCertificate,
            Wrong::Revoked => Turned::RevokedCertificate,
            Wrong::UnknownRevocationStatus
            | Wrong::ExpiredRevocationList
            | Wrong::ExpiredRevocationListContext { .. } => Turned::UnknownRevocation,
            Wrong::ApplicationVerificationFailure => Turned::NameNotAllowed,
            _ => Turned::BadCertificate,
        },
        _ => Turned::Handshake,
    }
}

/// The certificate that the handshake has verified.
fn certificate(
    tls: &TlsStream<TcpStream>,
) -> Result<Option<Arc<ClientCertificate>>, Option<Turned>> {
    let shown = tls.get_ref().1.peer_certificates();
    let Some(first) = shown.and_then(|chain| chain.first()) else {
        return Ok(None);
    };
    match ClientCertificate::from_der(first) {
        Ok(certificate) => Ok(Some(Arc::new(certificate))),
        Err(_) => Err(Some(Turned::BadCertificate)),
    }
}

/// Waits for the first bytes of a request, and counts the connection from before them. It is counted first and then looks
/// whether the service stops: so either it sees that, or whoever has told it so sees the connection.
async fn asked<'g>(
    gate: &'g Gate,
    place: &Place,
    tls: &mut (impl AsyncRead + Unpin),
    stop: &mut watch::Receiver<bool>,
) -> Result<(Fresh<'g>, Vec<u8>), Option<Turned>> {
    let fresh = Fresh::new(gate);
    let first = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => return Err(None),
        () = place.displaced() => return Err(Some(Turned::Displaced)),
        first = first_bytes(gate, tls) => first?,
    };
    Ok((fresh, first))
}

async fn first_bytes(
    gate: &Gate,
    tls: &mut (impl AsyncRead + Unpin),
) -> Result<Vec<u8>, Option<Turned>> {
    let mut first = Vec::with_capacity(FIRST_BYTES);
    match timeout(gate.limits.first_byte_time, tls.read_buf(&mut first)).await {
        Ok(Ok(1..)) => Ok(first),
        // It went of its own accord.
        Ok(_) => Err(None),
        Err(_) => Err(Some(Turned::Silent)),
    }
}

/// Connects to the HTTP server from an address that is this caller's alone.
async fn dial(gate: &Gate, peer: Peer) -> io::Result<Upstream> {
    let _turn = gate.dials.acquire().await.map_err(io::Error::other)?;
    let (socket, own) = loopback::socket()?;
    let registered = gate.peers.register(own, peer);
    let registered = registered.ok_or(io::ErrorKind::AddrInUse)?;
    Ok(Upstream {
        socket: loopback::connect(socket, gate.upstream).await?,
        _registered: registered,
    })
}

/// Counts a connection that the HTTP server has not answered yet, until it is dropped.
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
        let gate = Gate::without_a_certificate(([127, 0, 0, 1], 0).into());
        let fresh = || gate.fresh.load(Ordering::Relaxed);
        let place = gate.admit().unwrap();
        let (tell, mut stop) = watch::channel(false);
        let (mut caller, mut tls) = duplex(64);
        let ask = async {
            assert_eq!(fresh(), 1, "before its first byte");
            caller.write_all(b"GET /").await.unwrap();
        };
        let asked_for = asked(&gate, &place, &mut tls, &mut stop);
        let (asked_for, ()) = tokio::join!(biased; asked_for, ask);
        let (counted, first) = asked_for.unwrap();
        assert_eq!((first.as_slice(), fresh()), (b"GET /".as_slice(), 1));
        drop(counted);
        assert_eq!(fresh(), 0);
        // Whoever saw nobody counted waits for nobody.
        tell.send_replace(true);
        caller.write_all(b"GET /").await.unwrap();
        let turned = asked(&gate, &place, &mut tls, &mut stop).await.err();
        assert_eq!((turned, fresh()), (Some(None), 0));
        let mut left = [0; 5];
        tls.read_exact(&mut left).await.unwrap();
        assert_eq!(&left, b"GET /");
    }
}
