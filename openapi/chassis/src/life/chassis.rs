//! A service's start: its doors, its guards, both listeners.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use dropshot::{ApiDescription, ServerContext};
use dropshot_contract::Options;
use slog::Logger;

use super::error::ServeError;
use super::server::Server;
use crate::admission::Admission;
use crate::config::{
    GatewayConfig, LimitsConfig, ListenConfig, RequestLimits, StandardConfig, TlsConfig,
};
use crate::door::{self, FrontDoor, FrontDoorError, Gate, Listener, Watchman, descriptors};
use crate::ops::{self, Answers, Ops, Page, Standing};
use crate::service::Service;

/// Where an HTTP server listens behind a front door. Callers on the network can't reach it there.
const BEHIND_THE_DOOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The sections of a configuration that the chassis reads.
///
/// ```
/// use dropshot_chassis::Sections;
/// use dropshot_chassis::config::{LimitsConfig, ListenConfig};
///
/// let listen = ListenConfig {
///     api: "127.0.0.1:8080".parse()?,
///     ops: ListenConfig::DEFAULT_OPS,
///     ops_public: false,
/// };
/// let sections = Sections {
///     listen: &listen,
///     limits: &LimitsConfig::default(),
///     // Plain HTTP, and no gateway in front.
///     tls: None,
///     gateway: None,
///     requests: 1000,
/// };
/// # let _ = sections;
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sections<'a> {
    /// `[listen]`
    pub listen: &'a ListenConfig,
    /// `[limits]`
    pub limits: &'a LimitsConfig,
    /// `[tls]`
    pub tls: Option<&'a TlsConfig>,
    /// `[gateway]`
    pub gateway: Option<&'a GatewayConfig>,
    /// How many requests may be under way at a time.
    pub requests: u32,
}

/// A service before its start. If it has a door, the door has taken its address. No caller is let
/// in yet.
///
/// ```
/// use std::net::SocketAddr;
/// use std::sync::Arc;
///
/// use dropshot_chassis::config::{LimitsConfig, ListenConfig};
/// use dropshot_chassis::{Chassis, Sections, Service, StopSignal};
/// use dropshot_contract::Options;
///
/// #[derive(Debug)]
/// struct Pets;
///
/// impl Service for Pets {
///     const METRICS_PREFIX: &'static str = "pets";
///     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let anywhere: SocketAddr = "127.0.0.1:0".parse()?;
/// let sections = Sections {
///     listen: &ListenConfig { api: anywhere, ops: anywhere, ops_public: false },
///     limits: &LimitsConfig::without_drain(),
///     tls: None,
///     gateway: None,
///     requests: 100,
/// };
/// let log = slog::Logger::root(slog::Discard, slog::o!());
/// let chassis = Chassis::new(sections, log)?;
/// // Generated code gives this: `api::api_description::<Handlers>(options)?`.
/// let options = chassis.options(Options::default());
/// let api = dropshot_contract::mount(Vec::new(), "", options, |rqctx, rejection| {
///     let response = rejection.into_response(&rqctx.request_id);
///     Box::pin(async { response })
/// })?;
/// let server = chassis.start(api, (), Arc::new(Pets)).await?;
/// assert_ne!(server.addresses().ops.port(), 0);
/// let stop = StopSignal::listen()?;
/// // Until SIGTERM or SIGINT: server.run(stop).await?;
/// # drop(stop);
/// # Ok(())
/// # }
/// ```
pub struct Chassis {
    listen: ListenConfig,
    drain_time: Duration,
    door: Option<FrontDoor>,
    gate: Arc<Gate>,
    admission: Admission,
    answers: Arc<Answers>,
    ops_watchman: Arc<Watchman>,
    docs: Option<Page>,
    /// The limits on requests, if the configuration sets them.
    reads: Option<RequestLimits>,
    log: Logger,
}

impl Chassis {
    /// Makes the doors and the guards.
    ///
    /// # Errors
    /// [`ServeError`]: a file that the sections name can't be used, an address can't be taken, or
    /// there are too few descriptors.
    pub fn new(sections: Sections<'_>, log: Logger) -> Result<Self, ServeError> {
        let limits = sections.limits;
        let has_door = sections.tls.is_some() || !limits.proxy_protocol.is_empty();
        provide_descriptors(&sections, has_door)?;
        let door = has_door.then(|| {
            FrontDoor::bind(&Listener {
                key: "listen.api",
                address: sections.listen.api,
                limits: limits.connections,
                tls: sections.tls,
                gateway: sections.gateway,
                balancers: &limits.proxy_protocol,
            })
        });
        let door = door.transpose()?;
        let (gate, watchman) = match &door {
            Some(door) => (door.gate(), None),
            // Without a door, callers connect to the HTTP server itself.
            None => {
                let watchman = door::watchman("listen.api", limits.connections, sections.gateway);
                (watchman.gate(), Some(watchman))
            }
        };
        let peers = door.as_ref().map(FrontDoor::peers);
        let of_operators = limits.connections.of_operators();
        Ok(Self {
            listen: *sections.listen,
            drain_time: limits.drain_time,
            gate,
            admission: Admission::behind(sections.gateway, sections.requests, peers, watchman)?,
            door,
            answers: Arc::default(),
            ops_watchman: door::watchman("listen.ops", of_operators, None),
            docs: None,
            reads: None,
            log,
        })
    }

    /// Makes the doors and the guards from all sections of a configuration.
    ///
    /// # Errors
    /// [`ServeError`], as for [`Chassis::new`].
    pub fn of(config: &StandardConfig, log: Logger) -> Result<Self, ServeError> {
        let sections = Sections {
            listen: &config.listen,
            limits: &config.limits,
            tls: config.tls.as_ref(),
            gateway: config.gateway.as_ref(),
            requests: config.requests.requests,
        };
        Ok(Self {
            reads: Some(config.requests),
            ..Self::new(sections, log)?
        })
    }

    /// The options that the API must be mounted with, added to the service's own. With
    /// [`Chassis::of`], the configuration sets how large and how slow a body may be.
    #[must_use]
    pub fn options(&self, options: Options) -> Options {
        let (body_bytes, body_deadline) = match self.reads {
            Some(limits) => (limits.body_bytes, limits.body_time),
            None => (options.body_bytes, options.body_deadline),
        };
        Options {
            body_bytes,
            body_deadline,
            observe: Some(self.answers.observe(self.log.clone())),
            ..self.admission.options(options)
        }
    }

    /// Sets the page at `/docs/` of the operators' listener. Without it there is no such page.
    #[must_use]
    pub fn docs(mut self, page: Page) -> Self {
        self.docs = Some(page);
        self
    }

    /// Starts both listeners, and the tasks beside them.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn start<C: ServerContext, S: Service>(
        self,
        api: ApiDescription<C>,
        context: C,
        service: Arc<S>,
    ) -> Result<Server<C, S>, ServeError> {
        let Self {
            listen,
            drain_time,
            door,
            gate,
            admission,
            answers,
            ops_watchman,
            docs,
            reads: _,
            log,
        } = self;
        let address = match door {
            Some(_) => BEHIND_THE_DOOR,
            None => listen.api,
        };
        let counting = door.is_none().then_some(&*gate);
        let api = door::listen("listen.api", address, api, context, counting)?;
        let standing = Standing {
            service: service.clone(),
            admission: admission.clone(),
            answers,
        };
        let ops = door::listen(
            "listen.ops",
            listen.ops,
            ops::api_description(ops_watchman.clone(), docs.is_some())?,
            Ops::new(standing, gate, docs),
            Some(&ops_watchman.gate()),
        )?;
        // Both addresses are taken by now. No request is answered before the service says that it
        // runs.
        service.started().await?;
        let (api, ops) = (api.start(), ops.start());
        let (entrance, telling) = (admission.entrance.clone(), log.clone());
        let mut beside = vec![
            tokio::spawn(service.clone().beside(log.clone())),
            tokio::spawn(async move { entrance.watch(&telling).await }),
            tokio::spawn(ops_watchman.watch(ops.local_addr(), log.clone())),
        ];
        if let Some(watchman) = &admission.watchman {
            let watching = watchman.clone().watch(api.local_addr(), log.clone());
            beside.push(tokio::spawn(watching));
        }
        let door = door.map(|door| door.open(api.local_addr(), &log));
        Ok(Server {
            api,
            door,
            ops,
            service,
            admission,
            beside,
            drain_time,
            log,
        })
    }
}

/// Makes room for the descriptors of connections. With a door, each connection takes the caller's
/// socket and both ends of the connection to the HTTP server. Without a door, each takes one
/// descriptor, and some more are wanted for connections that the watchman has not seen yet.
fn provide_descriptors(sections: &Sections<'_>, has_door: bool) -> Result<(), FrontDoorError> {
    let limits = sections.limits.connections;
    let wanted = limits.descriptors();
    let needed = match has_door {
        true => wanted,
        false => limits.connections.into(),
    };
    let section = match sections.tls {
        Some(_) => "tls",
        None => "limits",
    };
    Ok(descriptors::provide(section, needed, wanted)?)
}
