//! What the chassis asks of the service that stands on it.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use slog::Logger;

use crate::readiness::Readiness;

/// Why a service can't start or end.
pub type ServiceError = Box<dyn Error + Send + Sync>;

/// A service, apart from its API. Each method has a default, for a service without a life of its
/// own.
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
    /// What the names of all metrics begin with.
    const METRICS_PREFIX: &'static str;
    /// The version that the metric `build_info` tells.
    const VERSION: &'static str;
    /// What the metric `ready` tells.
    const READY: &'static str = "Whether a good request would be answered";

    /// Whether the service may take traffic.
    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    /// Registers the service's own metrics.
    fn register(self: &Arc<Self>, registry: &mut Registry) {
        let _ = registry;
    }

    /// Called when both addresses are taken, before a request is.
    ///
    /// # Errors
    /// With any, the service does not start.
    fn started(&self) -> impl Future<Output = Result<(), ServiceError>> + Send {
        async { Ok(()) }
    }

    /// Runs beside the requests, and is dropped when the last one is answered.
    fn beside(self: Arc<Self>, log: Logger) -> impl Future<Output = ()> + Send + 'static {
        let _ = log;
        std::future::pending()
    }

    /// Called when the last request is answered.
    ///
    /// # Errors
    /// With any, the service does not end as it should.
    fn stopped(&self) -> impl Future<Output = Result<(), ServiceError>> + Send {
        async { Ok(()) }
    }
}
