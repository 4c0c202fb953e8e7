//! Addresses for servers that must be told where to listen.

use std::net::{SocketAddr, TcpListener};

/// An address that nobody listens on. Its port is below those that Linux gives to connections: one
/// of another test could have such a port by the time that the server asks for it.
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
