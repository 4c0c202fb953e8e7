//! Accepts connections from the listener, and serves each in a task of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use super::connection::{self, Served, canonical};
use super::gate::Gate;
use super::plain::ListenError;
use super::tally::TurnedAway;

/// How many connections the kernel keeps until they are accepted. None is lost in a burst of this
/// size. Linux allows at most `net.core.somaxconn`, which is 4096 too by default.
const BACKLOG: u32 = 4096;
/// How long to wait before the next try if the system has no descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, ListenError> {
    let bound = || -> io::Result<TcpListener> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // The standard library does the same. The connections of an earlier process linger, and
        // must not keep this one from starting.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error| ListenError::new(key, address, &error))
}

/// Accepts connections until the service stops.
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
                // The caller left before its connection was accepted.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {}
                _ => {
                    gate.tally.count(TurnedAway::NoDescriptor, None);
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
}
