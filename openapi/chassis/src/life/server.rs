//! A running service: from its first request to its drain and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dropshot::{HttpServer, ServerContext};
use slog::{Logger, info};
use tokio::task::JoinHandle;

use super::error::ServeError;
use super::stop::StopSignal;
use crate::admission::Admission;
use crate::door::OpenDoor;
use crate::ops::Ops;
use crate::service::Service;

/// How long requests may still take after the service was told to stop. It is longer than a body
/// may take, and well within the 30 seconds after which Kubernetes kills the process.
const GRACE: Duration = Duration::from_secs(20);

/// A service that answers requests.
///
/// ```
/// # use std::sync::Arc;
/// use dropshot_chassis::{Server, Service, ServeError, StopSignal};
/// use dropshot_contract::dropshot::ServerContext;
///
/// /// Serves until SIGTERM or SIGINT.
/// async fn run<C: ServerContext, S: Service>(
///     server: Server<C, S>,
///     stop: StopSignal,
/// ) -> Result<(), ServeError> {
///     println!("https://{}", server.addresses().api);
///     server.run(stop).await
/// }
/// ```
pub struct Server<C: ServerContext, S: Service> {
    pub(super) api: HttpServer<C>,
    /// The door in front of the API. `None` if callers connect to the API directly.
    pub(super) door: Option<OpenDoor>,
    pub(super) ops: HttpServer<Ops<S>>,
    pub(super) service: Arc<S>,
    pub(super) admission: Admission,
    /// The tasks beside the requests.
    pub(super) beside: Vec<JoinHandle<()>>,
    pub(super) drain_time: Duration,
    pub(super) log: Logger,
}

/// The addresses at which the service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// For callers.
    pub api: SocketAddr,
    /// For operators.
    pub ops: SocketAddr,
}

impl<C: ServerContext, S: Service> Server<C, S> {
    /// The addresses at which the service answers, with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses {
            api: match &self.door {
                Some(door) => door.address(),
                None => self.api.local_addr(),
            },
            ops: self.ops.local_addr(),
        }
    }

    /// Answers requests until it is told to stop. Then it drains: `/readyz` says so, and requests
    /// are answered for `limits.drain_time` or until a second signal. Then it answers the requests
    /// that are under way, and no others.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn run(self, mut stop: StopSignal) -> Result<(), ServeError> {
        tokio::select! {
            () = stop.wait() => {}
            ended = self.api.wait_for_shutdown() => return Err(ended_by_itself(ended)),
            ended = self.ops.wait_for_shutdown() => return Err(ended_by_itself(ended)),
        }
        self.admission.draining.store(true, Ordering::Relaxed);
        if !self.drain_time.is_zero() {
            info!(self.log, "draining"; "drain_s" => self.drain_time.as_secs());
            tokio::select! {
                () = stop.wait() => {}
                () = tokio::time::sleep(self.drain_time) => {}
            }
        }
        info!(self.log, "stopping"; "grace_s" => GRACE.as_secs());
        let closing = async {
            let ended = close(self.door, self.api).await;
            // Requests are handled to their end even if their callers hang up.
            while self.admission.requests.under_way() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            ended
        };
        // Without this limit, Dropshot waits for the last connection for ever.
        let closed = tokio::time::timeout(GRACE, closing).await;
        self.beside.iter().for_each(JoinHandle::abort);
        let written = self.service.stopped().await;
        // A scrape of the metrics that takes longer is cut off.
        let _closed = tokio::time::timeout(Duration::from_secs(1), close(None, self.ops)).await;
        written?;
        match closed {
            Ok(ended) => ended.map_err(ServeError::Stopped)?,
            Err(_) => {
                let seconds = GRACE.as_secs();
                return Err(ServeError::Unfinished { seconds });
            }
        }
        info!(self.log, "stopped");
        Ok(())
    }
}

/// Answers the requests that are under way, and closes the server.
async fn close<C: ServerContext>(
    door: Option<OpenDoor>,
    server: HttpServer<C>,
) -> Result<(), String> {
    // The door closes first. The server loses a connection that it has not accepted when it stops.
    if let Some(door) = &door {
        door.shut().await;
    }
    let ended = server.close().await;
    if let Some(door) = door {
        door.empty().await;
    }
    ended
}

fn ended_by_itself(ended: Result<(), String>) -> ServeError {
    ServeError::Stopped(ended.err().unwrap_or_else(|| "without a reason".to_owned()))
}
