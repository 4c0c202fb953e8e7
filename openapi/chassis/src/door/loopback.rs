//! A loopback address of its own for each connection to the HTTP server.
//!
//! By it a handler knows whose request it has. Were addresses reused, a request that is still
//! buffered when its caller is gone could find the next caller's certificate; so could one after a
//! port's reuse. All of 127.0.0.0/8 is this machine's on Linux, and there are 16 million addresses
//! until the first comes again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::{TcpSocket, TcpStream};

/// 127.1.0.0 to 127.254.255.255: what other programs use of loopback is none of them.
const FIRST: u32 = 0x7f01_0000;
const COUNT: u32 = 254 << 16;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A socket with an address of its own, not connected yet.
pub(super) fn socket() -> io::Result<(TcpSocket, SocketAddr)> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
    let address = Ipv4Addr::from_bits(FIRST + number);
    let socket = TcpSocket::new_v4()?;
    // Dropshot sets none, and each small write would wait for the one before to be acknowledged.
    socket.set_nodelay(true)?;
    socket.bind(SocketAddr::from((address, 0)))?;
    let own = socket.local_addr()?;
    Ok((socket, own))
}

/// Connects it.
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
