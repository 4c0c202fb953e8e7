//! Addresses for servers that must be told where to listen.

use std::net::{SocketAddr, TcpListener};

/// An address that no process listens on. The port is below the range that Linux gives to outgoing
/// connections. A connection of another test could take a port of that range before the server
/// binds it.
pub fn free_address() -> SocketAddr {
    for _ in 0..100 {
        let [one, other, ..] = uuid::Uuid::new_v4().into_bytes();
        let port = 20_000 + u16::from_ne_bytes([one, other]) % 12_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("all ports are taken");
}
