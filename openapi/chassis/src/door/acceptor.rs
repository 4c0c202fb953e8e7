//! Takes connections off the listener, and lets each go its own way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use super::connection::{self, Served, canonical};
use super::gate::Gate;
use super::plain::ListenError;
use super::tally::TurnedAway;

/// Connections that the kernel keeps until they are accepted: a burst is no reason to lose one.
/// Linux gives no more than `net.core.somaxconn`, which is 4096 as well.
const BACKLOG: u32 = 4096;
/// How long to wait when the system has no descriptor left, before asking it again.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    let bound = || -> io::Result<TcpListener> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // As the standard library does: connections of the process before linger, and are no reason
        // not to start.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error| ListenError::new(key, address, &error))
}

/// Accepts until it is told to stop.
pub(super) async fn accept(listener: TcpListener, gate: Arc<Gate>, mut served: Served) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = served.stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((socket, address)) => {
                if let Some(visit) = gate.knock(canonical(address)) {
                    tokio::spawn(connection::serve(socket, visit, served.clone()));
                }
            }
            Err(error) => match error.kind() {
                // The caller's, gone before it was accepted.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {}
                _ => {
                    gate.tally.count(TurnedAway::NoDescriptor, None);
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
}
