//! Gives each connection to the HTTP server its own loopback address.
//!
//! By this address a handler knows which caller sent its request. If addresses were reused, a
//! request that is still buffered after its caller left could get the next caller's certificate.
//! Reused ports have the same fault. On Linux all of 127.0.0.0/8 belongs to this machine, so an
//! address comes again only after 16 million connections.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::{TcpSocket, TcpStream};

/// The range is 127.1.0.0 to 127.254.255.255. Other programs use loopback addresses outside of it.
const FIRST: u32 = 0x7f01_0000;
const COUNT: u32 = 254 << 16;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A socket with its own address, not connected yet.
pub(super) fn socket() -> io::Result<(TcpSocket, SocketAddr)> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
    let address = Ipv4Addr::from_bits(FIRST + number);
    let socket = TcpSocket::new_v4()?;
    // Dropshot doesn't set it. Each small write would wait until the one before is acknowledged.
    socket.set_nodelay(true)?;
    socket.bind(SocketAddr::from((address, 0)))?;
    let own = socket.local_addr()?;
    Ok((socket, own))
}

/// Connects the socket to the HTTP server.
pub(super) async fn connect(socket: TcpSocket, upstream: SocketAddr) -> io::Result<TcpStream> {
    socket.connect(upstream).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_two_have_the_same_and_the_server_sees_it() {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = server.local_addr().unwrap();
        let (one, first) = socket().unwrap();
        let (_two, second) = socket().unwrap();
        assert_ne!(first.ip(), second.ip());
        assert!(first.ip().is_loopback() && first.port() > 0);
        let _connected = connect(one, upstream).await.unwrap();
        assert_eq!(server.accept().await.unwrap().1, first);
    }
}
