//! Both listeners, from start to stop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dropshot::{HttpServer, ServerContext};
use dropshot_contract::MountError;
use slog::{Logger, info};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use super::front_door::{self, FrontDoor, FrontDoorError, Listener, OpenDoor, descriptors};
use super::listen::{ListenError, listen};
use super::load::Load;
use super::ops::{self, Ops, Standing};
use super::origin::GatewaySecretError;
use super::service::Service;
use super::watch;
use crate::admin::{Installation, StartError};
use crate::audit::AuditError;
use crate::config::Config;
use crate::issuer::Issuer;

/// How long requests may still take when the service was told to stop: longer than a body may, and
/// well within the 30 seconds after which Kubernetes kills.
const GRACE: Duration = Duration::from_secs(20);

/// Where an HTTP server listens when it has a front door before it; for nobody else.
const BEHIND_THE_DOOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The service, answering requests.
pub struct Server {
    api: HttpServer<Service>,
    /// What stands before it, unless callers connect to it directly.
    door: Option<OpenDoor>,
    ops: HttpServer<Ops>,
    issuer: Arc<Issuer>,
    load: Arc<Load>,
    following: JoinHandle<()>,
    watching: Vec<JoinHandle<()>>,
    draining: Arc<AtomicBool>,
    drain_time: Duration,
    log: Logger,
}

/// Where the service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Callers.
    pub api: SocketAddr,
    /// Operators.
    pub ops: SocketAddr,
}

/// Why the service didn't start, or didn't end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What it is made of.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its operations, or the operators'.
    #[error("the operations can't be served: {0}")]
    Mount(#[from] MountError),
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// TLS at the service's own address.
    #[error(transparent)]
    FrontDoor(#[from] FrontDoorError),
    /// What the gateway proves itself by.
    #[error(transparent)]
    GatewaySecret(#[from] GatewaySecretError),
    /// The audit trail.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A listener ended by itself.
    #[error("a listener stopped by itself: {0}")]
    Stopped(String),
    /// Requests outlived the grace period.
    #[error("requests were still running {} s after the stop; they were cut off", GRACE.as_secs())]
    Unfinished,
}

impl Server {
    /// Opens the audit trail, starts both listeners, and follows the store's changes.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn start(
        config: &Config,
        installation: &Installation,
        log: Logger,
    ) -> Result<Self, ServeError> {
        let issuer = Arc::new(Issuer::open(installation, config).await?);
        let limits = &config.limits;
        let doors = config.tls.is_some() || !limits.proxy_protocol.is_empty();
        provide_descriptors(config, doors)?;
        let callers = doors.then(|| {
            FrontDoor::bind(&Listener {
                key: "listen.api",
                address: config.listen.api,
                limits: limits.connections,
                tls: config.tls.as_ref(),
                gateway: config.gateway.as_ref(),
                balancers: &limits.proxy_protocol,
            })
        });
        let door = callers.transpose()?;
        let peers = door.as_ref().map(FrontDoor::peers);
        // Without a door, callers connect to the HTTP server itself.
        let watchman = match &door {
            Some(_) => None,
            None => {
                let gateway = config.gateway.as_ref();
                Some(front_door::watchman(
                    "listen.api",
                    limits.connections,
                    gateway,
                ))
            }
        };
        let gate = door.as_ref().map(FrontDoor::gate);
        let gate = gate.or_else(|| watchman.as_ref().map(|it| it.gate()));
        let of_operators = limits.connections.of_operators();
        let ops_watchman = front_door::watchman("listen.ops", of_operators, None);
        let mut service = Service::new(config, issuer.clone(), peers)?;
        service.watchman = watchman.clone();
        let description = service.description(&config.issuer)?;
        let (document, load) = (service.document.clone(), service.load.clone());
        let entrance = service.entrance.clone();
        let draining = service.draining.clone();
        let api = listen(
            "listen.api",
            if door.is_some() {
                BEHIND_THE_DOOR
            } else {
                config.listen.api
            },
            description,
            service,
            gate.as_deref(),
        )?;
        let standing = Standing {
            issuer: issuer.clone(),
            load: load.clone(),
            strangers: entrance.strangers.clone(),
            draining: draining.clone(),
        };
        let ops = listen(
            "listen.ops",
            config.listen.ops,
            ops::api_description(ops_watchman.clone())?,
            Ops::new(standing, gate, &document),
            Some(&ops_watchman.gate()),
        )?;
        // Both addresses are ours by now, and no request is taken before the trail says that the
        // service runs.
        issuer.started().await?;
        let following = tokio::spawn(watch::watch(issuer.clone(), entrance, log.clone()));
        let api = api.start();
        let ops = ops.start();
        let mut watching = vec![tokio::spawn(
            ops_watchman.watch(ops.local_addr(), log.clone()),
        )];
        if let Some(watchman) = watchman {
            watching.push(tokio::spawn(watchman.watch(api.local_addr(), log.clone())));
        }
        let door = door.map(|door| door.open(api.local_addr(), &log));
        Ok(Self {
            api,
            door,
            ops,
            issuer,
            load,
            following,
            watching,
            draining,
            drain_time: config.limits.drain_time,
            log,
        })
    }

    /// Where it answers, the ports that the system chose among it.
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
    /// are answered for `limits.drain_time` or until a second signal. Then it answers those that
    /// are under way, and no others.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn run(self, mut stop: StopSignal) -> Result<(), ServeError> {
        tokio::select! {
            () = stop.wait() => {}
            ended = self.api.wait_for_shutdown() => return Err(ended_by_itself(ended)),
            ended = self.ops.wait_for_shutdown() => return Err(ended_by_itself(ended)),
        }
        self.draining.store(true, Ordering::Relaxed);
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
            // Requests whose callers have hung up are handled to their ends.
            while self.load.under_way() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            ended
        };
        // Dropshot itself waits for the last connection for ever.
        let closed = tokio::time::timeout(GRACE, closing).await;
        self.following.abort();
        self.watching.iter().for_each(JoinHandle::abort);
        let written = self.issuer.stopped().await;
        let _ops_has_nothing_to_lose =
            tokio::time::timeout(Duration::from_secs(1), close(None, self.ops)).await;
        written?;
        match closed {
            Ok(ended) => ended.map_err(ServeError::Stopped)?,
            Err(_) => return Err(ServeError::Unfinished),
        }
        info!(self.log, "stopped");
        Ok(())
    }
}

/// Answers the requests under way, and ends.
async fn close<C: ServerContext>(
    door: Option<OpenDoor>,
    server: HttpServer<C>,
) -> Result<(), String> {
    // The door first: a connection that the server has not accepted when it stops is lost.
    if let Some(door) = &door {
        door.shut().await;
    }
    let ended = server.close().await;
    if let Some(door) = door {
        door.empty().await;
    }
    ended
}

/// Makes room for the descriptors of connections: with a door, the caller's socket and both ends of
/// the one to the HTTP server. Without one, it is well to have some for connections that were not
/// seen yet.
fn provide_descriptors(config: &Config, has_door: bool) -> Result<(), FrontDoorError> {
    let limits = config.limits.connections;
    let wanted = limits.descriptors();
    let needed = match has_door {
        true => wanted,
        false => limits.connections.into(),
    };
    let section = if config.tls.is_some() {
        "tls"
    } else {
        "limits"
    };
    Ok(descriptors::provide(section, needed, wanted)?)
}

fn ended_by_itself(ended: Result<(), String>) -> ServeError {
    ServeError::Stopped(ended.err().unwrap_or_else(|| "without a reason".to_owned()))
}

/// What tells the process to stop: SIGTERM or SIGINT.
#[derive(Debug)]
pub struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Takes over both signals now. SIGHUP as well, which asks for the files of `[tls]` to be read
    /// again: it is no reason to end where there are none.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> io::Result<Self> {
        drop(signal(SignalKind::hangup())?);
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns at the next of them.
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
