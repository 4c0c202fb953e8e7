//! The interface that a service implements for the chassis.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use slog::Logger;

use crate::readiness::Readiness;

/// Why a service can't start or end.
pub type ServiceError = Box<dyn Error + Send + Sync>;

/// A service, apart from its API. Each method has a default, for a service that does nothing of the
/// kind.
///
/// ```
/// use dropshot_chassis::{Problem, Readiness, Service};
///
/// #[derive(Debug)]
/// struct Pets { is_open: bool }
///
/// impl Service for Pets {
///     const METRICS_PREFIX: &'static str = "pets";
///     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
///
///     fn readiness(&self) -> Readiness {
///         let closed = Problem { part: "shop", message: "it is closed".to_owned() };
///         Readiness {
///             ready: self.is_open,
///             problems: if self.is_open { Vec::new() } else { vec![closed] },
///         }
///     }
/// }
///
/// assert!(!Pets { is_open: false }.readiness().ready);
/// ```
pub trait Service: Debug + Send + Sync + 'static {
    /// The prefix of all metrics' names.
    const METRICS_PREFIX: &'static str;
    /// The version that the metric `build_info` shows.
    const VERSION: &'static str;
    /// The help text of the metric `ready`.
    const READY: &'static str = "Whether a good request would be answered";

    /// Whether the service may take traffic.
    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    /// Registers the service's own metrics.
    fn register(self: &Arc<Self>, registry: &mut Registry) {
        let _ = registry;
    }

    /// Called when both addresses are taken, before the first request is answered.
    ///
    /// # Errors
    /// The service does not start after an error.
    fn started(&self) -> impl Future<Output = Result<(), ServiceError>> + Send {
        async { Ok(()) }
    }

    /// Runs beside the requests. It is dropped when the last one is answered.
    fn beside(self: Arc<Self>, log: Logger) -> impl Future<Output = ()> + Send + 'static {
        let _ = log;
        std::future::pending()
    }

    /// Called when the last request is answered.
    ///
    /// # Errors
    /// After an error, [`crate::Server::run`] returns it.
    fn stopped(&self) -> impl Future<Output = Result<(), ServiceError>> + Send {
        async { Ok(()) }
    }
}
