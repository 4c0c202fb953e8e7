//! A proxy between the service and its database, which imitates faults of networks.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Passes them on.
    Good,
    /// Passes them on after this time.
    Slow(Duration),
    /// Reads them and passes nothing on.
    Swallows,
    /// Closes the direction from the database and leaves the other open.
    HalfClosed,
    /// Closes every connection, new ones too.
    Cut,
}

/// A running proxy. It ends on drop.
pub struct Proxy {
    pub address: SocketAddr,
    network: watch::Sender<Network>,
    server: watch::Sender<SocketAddr>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, state) = watch::channel(Network::Good);
        let (leads, now) = watch::channel(server);
        let task = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let server = *now.borrow();
                if let Ok(server) = TcpStream::connect(server).await {
                    join(caller, server, &state);
                }
            }
        });
        Self {
            address,
            network,
            server: leads,
            task,
        }
    }

    /// Connects new connections to another server.
    pub fn lead_to(&self, server: SocketAddr) {
        self.server.send(server).unwrap();
    }

    pub fn set(&self, network: Network) {
        self.network.send(network).unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn join(caller: TcpStream, server: TcpStream, state: &watch::Receiver<Network>) {
    let ((from_caller, to_caller), (from_server, to_server)) =
        (caller.into_split(), server.into_split());
    tokio::spawn(pass(from_caller, to_server, state.clone(), false));
    tokio::spawn(pass(from_server, to_caller, state.clone(), true));
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<Network>,
    is_answer: bool,
) {
    let seen = state.clone();
    let ends = move |network: Network| {
        network == Network::Cut || (is_answer && network == Network::HalfClosed)
    };
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            changed = state.changed() => {
                // The proxy is gone, or the network ends this direction.
                if changed.is_err() || ends(*seen.borrow()) {
                    return;
                }
                continue;
            }
        };
        let Ok(read @ 1..) = read else { return };
        let network = *seen.borrow();
        match network {
            Network::Good => {}
            Network::Slow(time) => tokio::time::sleep(time).await,
            Network::Swallows => continue,
            Network::HalfClosed | Network::Cut if ends(network) => return,
            Network::HalfClosed | Network::Cut => {}
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
