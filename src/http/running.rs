//! Puts the token service on its chassis: implements what the chassis asks of a service.

use std::sync::Arc;

use dropshot_chassis::{Chassis, Page, Readiness, Sections, ServeError, Server, ServiceError};
use prometheus_client::registry::Registry;
use slog::Logger;

use super::context::Context;
use super::service::{description, reading};
use super::watch;
use crate::config::Config;
use crate::issuer::Issuer;

/// The token service, apart from its API.
#[derive(Debug)]
pub struct Running(Arc<Issuer>);

/// Opens the audit trail, starts both listeners, and follows the store's changes.
///
/// # Errors
/// [`ServeError`]
pub async fn start(
    config: &Config,
    issuer: Arc<Issuer>,
    log: Logger,
) -> Result<Server<Context, Running>, ServeError> {
    let sections = Sections {
        listen: &config.listen,
        limits: &config.limits,
        tls: config.tls.as_ref(),
        gateway: config.gateway.as_ref(),
        requests: config.throttle.requests,
    };
    let chassis = Chassis::new(sections, log)?;
    let api = description(&config.issuer, chassis.options(reading()))?;
    let context = Context::new(config, issuer.clone());
    let docs = Page::of(&context.document.value());
    let running = Arc::new(Running(issuer));
    chassis.docs(docs).start(api, context, running).await
}

impl dropshot_chassis::Service for Running {
    const METRICS_PREFIX: &'static str = "d1_authz";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const READY: &'static str = "Whether a good request would get a token";

    fn readiness(&self) -> Readiness {
        self.0.readiness()
    }

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.register_collector(Box::new(self.0.clone()));
    }

    async fn started(&self) -> Result<(), ServiceError> {
        Ok(self.0.started().await?)
    }

    fn beside(self: Arc<Self>, log: Logger) -> impl Future<Output = ()> + Send + 'static {
        watch::watch(self.0.clone(), log)
    }

    async fn stopped(&self) -> Result<(), ServiceError> {
        Ok(self.0.stopped().await?)
    }
}
