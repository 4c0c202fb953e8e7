//! What handlers share, how it is made from the configuration, and what operators see of it.

use std::sync::Arc;

use dropshot_chassis::config::Reader;
use dropshot_chassis::{Service, ServiceError};

/// How a handler gets the state: `rqctx.context()`.
pub type Context = Arc<State>;

/// What handlers share, for instance the connections to a database.
#[derive(Debug)]
pub struct State {}

/// The service's own keys of the configuration, beside those of `__NAME__.toml`.
#[derive(Debug)]
pub struct Settings {}

impl Settings {
    /// Reads the keys. `reader.required("store.url", str::parse)` reads one that must be there. The
    /// reader keeps all mistakes, and the service then doesn't start.
    pub fn read(_reader: &mut Reader) -> Option<Self> {
        Some(Self {})
    }
}

impl State {
    /// Makes the state when the service starts. An error ends the start.
    pub async fn open(_settings: Settings) -> Result<Self, ServiceError> {
        Ok(Self {})
    }
}

/// `readiness` says whether the service may take traffic, and `register` adds metrics. Both have
/// defaults, as have `started`, `beside` and `stopped`.
impl Service for State {
    const METRICS_PREFIX: &'static str = "__CRATE__";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
}
