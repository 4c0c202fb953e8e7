//! The token service on its chassis: its API, and what the chassis asks of a service.

use std::sync::Arc;
use std::time::Duration;

use dropshot::ApiDescription;
use dropshot_chassis::{
    Admission, Chassis, Page, Readiness, Sections, ServeError, Server, ServiceError,
};
use dropshot_contract::{MountError, Options};
use prometheus_client::registry::Registry;
use slog::Logger;

use super::context::Context;
use super::document;
use super::handlers::Handlers;
use super::watch;
use crate::api as generated;
use crate::config::{Config, IssuerUrl};
use crate::issuer::Issuer;

/// The largest body in bytes. A token request has a few hundred bytes, and a token not many more.
const BODY_BYTES: usize = 16 * 1024;
/// How long the body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

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

/// The API by itself, for a service that has its own Dropshot server. The callers are those that
/// connect to that server, or those that the configured gateway speaks for.
///
/// # Errors
/// [`ServeError`]: the operations can't be served together.
pub fn api(
    config: &Config,
    issuer: Arc<Issuer>,
) -> Result<(ApiDescription<Context>, Context), ServeError> {
    let admission = Admission::new(config.gateway.as_ref(), config.throttle.requests)?;
    let api = description(&config.issuer, admission.options(reading()))?;
    Ok((api, Context::new(config, issuer)))
}

/// The document's operations, below the path of `issuer`.
fn description(
    issuer: &IssuerUrl,
    options: Options,
) -> Result<ApiDescription<Context>, MountError> {
    let name = issuer.clone();
    generated::api_description::<Handlers>(Options {
        path: Some(Box::new(move |operation| document::path(operation, &name))),
        ..options
    })
}

/// Which parts of a request are read, and within which limits.
pub(super) fn reading() -> Options {
    Options {
        body_bytes: BODY_BYTES,
        body_deadline: BODY_DEADLINE,
        empty_form_fields_are_absent: true,
        ..Options::default()
    }
}
