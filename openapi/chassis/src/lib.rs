//! The parts of a Dropshot service that don't depend on its document.
//!
//! `dropshot-codegen` makes an API from an OpenAPI document, and `dropshot-contract` serves it.
//! This crate turns the API into a service that operators can run.
//!
//! # Features
//!
//! - HTTP/1.1 and HTTP/2, plain or with TLS and mutual TLS. The service reads certificates and
//!   revocation lists again when their files change, and on SIGHUP.
//! - The caller of each request ([`Caller`]): its address and its certificate, by the connection,
//!   by the PROXY protocol, or by the headers of a gateway that proves itself.
//! - Limits on handshakes, connections and requests, shared fairly between sources: one greedy
//!   source leaves room for others. Silent and idle connections end after a time.
//! - A listener for operators with `/healthz`, `/readyz`, `/metrics` and the API's reference at
//!   `/docs/`.
//! - A start that checks all that it needs, a drain, and an end that loses no request.
//! - A configuration of a TOML file and environment variables ([`config::Reader`]). All mistakes
//!   are reported at once, each with its line.
//! - A log of one JSON object a line, or of text for people on a terminal. Each answer that is a
//!   fault of the service is in it, with its cause.
//! - Counts of requests by operation and status, and their times by operation.
//! - Confinement of the process to the files of its configuration by Landlock
//!   ([`life::confinement`]).
//!
//! # Non-features
//!
//! - Checks of credentials: a handler makes them.
//! - Rate limits and compression.
//! - Windows: the crate uses Linux' signals, descriptors and Landlock.
//!
//! # Design
//!
//! A service gives its API, its context, and a value that implements [`Service`]: its readiness,
//! its metrics, and what it does at its start and its end. [`Chassis::new`] takes the
//! configuration's [`Sections`] and makes the doors and the guards. The service mounts its API with
//! [`Chassis::options`]. [`Admission`] then looks at each request before anything of its body is
//! read: it finds the caller, and refuses a request that is one too many. [`Chassis::start`] opens
//! both listeners, and [`Server::run`] serves until a [`StopSignal`]. If the service ends TLS or
//! reads PROXY headers, a door stands in front of Dropshot's HTTP server. The door copies bytes
//! only, so a single server reads HTTP. Otherwise callers connect to that server directly.
//!
//! [`CommandLine`] does all of this for a service without other commands. Its `main` only says how
//! to make the state.
//!
//! | Module | Owns |
//! |---|---|
//! | [`CommandLine`] | the commands of a service that uses the chassis as it is |
//! | [`life`] | the life of a process: start, drain, end, log, confinement |
//! | `ops` | the operators' listener: health, readiness, metrics, the reference |
//! | [`Admission`] | the checks of each request: who sent it, and whether there is room for it |
//! | [`caller`] | the caller of a request: by the connection, PROXY, or a gateway's headers |
//! | [`door`] | the listeners: TLS, PROXY, limits of connections |
//! | `guard` | the shares by which no source can take all places |
//! | [`config`] | the reader of configurations, and the sections that every service has |
//! | [`identity`] | the types that identify a caller: source, certificate, names |
//! | [`private_file`] | files that hold a secret |
//!
//! # Example
//!
//! A whole service. Generated code gives the routes; here is one by hand:
//!
//! ```standalone_crate
//! use std::sync::Arc;
//!
//! use dropshot_chassis::config::{LimitsConfig, ListenConfig};
//! use dropshot_chassis::{Chassis, Sections, Service, StopSignal};
//! use dropshot_contract::{Operation, Options, Route, mount, reply};
//!
//! /// What operators see of the service. It has no metrics of its own, and is always ready.
//! #[derive(Debug)]
//! struct Greetings;
//!
//! impl Service for Greetings {
//!     const METRICS_PREFIX: &'static str = "greetings";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//! }
//!
//! static GREET: Operation = Operation::get("greet", "/greet");
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let stop = StopSignal::listen()?;
//!     let sections = Sections {
//!         listen: &ListenConfig {
//!             api: "127.0.0.1:0".parse()?,
//!             ops: "127.0.0.1:0".parse()?,
//!             ops_public: false,
//!         },
//!         limits: &LimitsConfig::without_drain(),
//!         tls: None,
//!         gateway: None,
//!         requests: 100,
//!     };
//!     let log = slog::Logger::root(slog::Discard, slog::o!());
//!     let chassis = Chassis::new(sections, log)?;
//!     let greet = Route {
//!         operation: &GREET,
//!         call: |_, _| Box::pin(async { reply::text(200, "text/plain", "Hello!".to_owned()) }),
//!     };
//!     let options = chassis.options(Options::default());
//!     let api = mount(vec![greet], "", options, |rqctx, rejection| {
//!         Box::pin(async move { rejection.into_response(&rqctx.request_id) })
//!     })?;
//!     let server = chassis.start(api, (), Arc::new(Greetings)).await?;
//!     println!("{:?}", server.addresses());
//! #   let at = server.addresses();
//! #   let asking = tokio::spawn(async move {
//! #       assert!(ask(at.api, "/greet").await.ends_with("Hello!"));
//! #       assert!(ask(at.ops, "/readyz").await.starts_with("HTTP/1.1 200 "));
//! #       let metrics = ask(at.ops, "/metrics").await;
//! #       assert!(metrics.contains("greetings_ready 1"), "{metrics}");
//! #       let own = std::process::id().to_string();
//! #       std::process::Command::new("kill").arg(own).status().unwrap();
//! #   });
//!     // Until SIGTERM or SIGINT, and then until the last request is answered.
//!     server.run(stop).await?;
//! #   asking.await?;
//!     Ok(())
//! }
//! #
//! # async fn ask(at: std::net::SocketAddr, path: &str) -> String {
//! #     use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! #     let mut connection = tokio::net::TcpStream::connect(at).await.unwrap();
//! #     let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
//! #     connection.write_all(request.as_bytes()).await.unwrap();
//! #     let mut answer = String::new();
//! #     connection.read_to_string(&mut answer).await.unwrap();
//! #     answer
//! # }
//! ```

mod admission;
pub mod caller;
mod command_line;
pub mod config;
pub mod door;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
pub mod identity;
pub mod life;
mod ops;
pub mod private_file;
mod readiness;
mod service;

pub use admission::Admission;
pub use caller::Caller;
pub use command_line::CommandLine;
pub use life::{Addresses, Chassis, Sections, ServeError, Server, StopSignal};
pub use ops::Page;
pub use readiness::{Problem, Readiness};
pub use service::{Service, ServiceError};
