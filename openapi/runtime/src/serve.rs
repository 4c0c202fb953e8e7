//! A server for one API, for services that need nothing else: a log to standard error, a graceful
//! end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use dropshot::{
    ApiDescription, BuildError, ConfigDropshot, ConfigLogging, ConfigLoggingLevel, HandlerTaskMode,
    ServerBuilder, ServerContext,
};
use slog::{Drain as _, Level, LevelFilter, Logger, o};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the server runs.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Whether a handler runs on when its caller hangs up.
    pub task_mode: HandlerTaskMode,
    /// How long requests may still run once the server was told to stop.
    pub grace: Duration,
    /// What is logged.
    pub log_level: ConfigLoggingLevel,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            task_mode: HandlerTaskMode::Detached,
            grace: Duration::from_secs(10),
            log_level: ConfigLoggingLevel::Warn,
        }
    }
}

/// Why the server didn't start or end as it should.
#[derive(Debug)]
pub enum ServeError {
    /// The log couldn't be opened, or no signal handler set.
    Setup(io::Error),
    /// Dropshot couldn't start.
    Start(BuildError),
    /// The server stopped by itself.
    Stopped(String),
    /// Requests were still running when the grace period ended.
    Unfinished(Duration),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(error) => write!(f, "can't set up logging and signals: {error}"),
            Self::Start(error) => write!(f, "can't start: {error}"),
            Self::Stopped(message) => write!(f, "stopped by itself: {message}"),
            Self::Unfinished(grace) => write!(
                f,
                "requests were still running {} s after the end",
                grace.as_secs()
            ),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves until SIGTERM or SIGINT. Prints `listening on http://ADDR` to standard error once it
/// does.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve<C: ServerContext>(
    api: ApiDescription<C>,
    context: C,
    address: SocketAddr,
    options: ServeOptions,
) -> Result<(), ServeError> {
    let log = logger(options.log_level).map_err(ServeError::Setup)?;
    let signals = (
        signal_of(SignalKind::terminate())?,
        signal_of(SignalKind::interrupt())?,
    );
    let config = ConfigDropshot {
        bind_address: address,
        default_handler_task_mode: options.task_mode,
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api, context, log)
        .config(config)
        .start()
        .map_err(ServeError::Start)?;
    eprintln!("listening on http://{}", server.local_addr());
    tokio::select! {
        () = any(signals) => (),
        ended = server.wait_for_shutdown() => return ended.map_err(ServeError::Stopped),
    }
    // Dropshot itself waits for ever for the last connection.
    match tokio::time::timeout(options.grace, server.close()).await {
        Ok(ended) => ended.map_err(ServeError::Stopped),
        Err(_) => Err(ServeError::Unfinished(options.grace)),
    }
}

/// Dropshot's own logger hands every record to the thread that writes, and only there are those
/// below the level dropped. They are dropped here, before their text is made.
fn logger(level: ConfigLoggingLevel) -> io::Result<Logger> {
    let least = Level::from(&level);
    let log = ConfigLogging::StderrTerminal { level }.to_logger("api")?;
    Ok(Logger::root(LevelFilter::new(log, least).fuse(), o!()))
}

fn signal_of(kind: SignalKind) -> Result<Signal, ServeError> {
    signal(kind).map_err(ServeError::Setup)
}

async fn any((mut terminate, mut interrupt): (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
}
