//! The operators' listener: whether the service lives, whether it may take traffic, its metrics,
//! and the API's reference. None of it is part of the served document.

mod answers;
mod metrics;
mod reference;

use std::sync::Arc;

use dropshot::ApiDescription;
use dropshot_contract::reply::{self, WithHeaders as _};
use dropshot_contract::{BoxFuture, MountError, Operation, Options, Response, Route};
use http::StatusCode;
use serde_json::json;

use crate::door::{Gate, Watchman};
use crate::service::Service;
pub(crate) use answers::Answers;
pub(crate) use metrics::Standing;
use metrics::{CONTENT_TYPE, Metrics};
pub use reference::Page;

/// What the operators' endpoints read.
#[derive(Debug)]
pub(crate) struct Ops<S: Service> {
    standing: Standing<S>,
    metrics: Metrics,
    docs: Option<Page>,
}

impl<S: Service> Ops<S> {
    /// `gate` belongs to the callers' listener.
    pub(crate) fn new(standing: Standing<S>, gate: Arc<Gate>, docs: Option<Page>) -> Self {
        Self {
            metrics: Metrics::of(&standing, gate),
            standing,
            docs,
        }
    }
}

static HEALTHZ: Operation = Operation::get("healthz", "/healthz");
static READYZ: Operation = Operation::get("readyz", "/readyz");
static METRICS: Operation = Operation::get("metrics", "/metrics");
static DOCS: Operation = Operation::get("docs", "/docs");

/// The operators' endpoints. The run time serves them like a document's operations, so both
/// listeners treat HTTP the same. `watchman` enforces the limits on connections.
pub(crate) fn api_description<S: Service>(
    watchman: Arc<Watchman>,
    has_docs: bool,
) -> Result<ApiDescription<Ops<S>>, MountError> {
    let route = |operation, call| Route { operation, call };
    let mut routes: Vec<Route<Ops<S>>> = vec![
        route(&HEALTHZ, |rqctx, _| answered(healthz(rqctx.context()))),
        route(&READYZ, |rqctx, _| answered(readyz(rqctx.context()))),
        route(&METRICS, |rqctx, _| answered(metrics(rqctx.context()))),
    ];
    if has_docs {
        routes.push(route(&DOCS, |rqctx, _| answered(docs(rqctx.context()))));
    }
    let options = Options {
        admit: Some(Box::new(move |request| {
            Ok(Box::new(watchman.asks(request.remote_addr())))
        })),
        ..Options::default()
    };
    dropshot_contract::mount(routes, "", options, |rqctx, rejection| {
        answered(rejection.into_response(&rqctx.request_id))
    })
}

fn answered(response: Response) -> BoxFuture<Response> {
    Box::pin(std::future::ready(response))
}

/// Says that the process lives and its executor runs. It doesn't check what the service depends on,
/// since a restart would not mend that.
fn healthz<S: Service>(_ops: &Ops<S>) -> Response {
    answer(StatusCode::OK, &json!({ "alive": true }))
}

/// Says whether a good request would be answered. If not: 503, and the reasons.
fn readyz<S: Service>(ops: &Ops<S>) -> Response {
    let readiness = ops.standing.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    answer(status, &readiness)
}

/// The metrics, for Prometheus.
fn metrics<S: Service>(ops: &Ops<S>) -> Response {
    match ops.metrics.text() {
        Ok(text) => {
            reply::text(StatusCode::OK, CONTENT_TYPE, text).header("cache-control", &"no-store")
        }
        Err(error) => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({ "message": error.to_string() }),
        ),
    }
}

/// The API reference, for people.
fn docs<S: Service>(ops: &Ops<S>) -> Response {
    let page = ops.docs.clone().unwrap_or_default();
    let policy = page.content_security_policy;
    reply::text(StatusCode::OK, "text/html; charset=utf-8", page.html)
        .header("content-security-policy", &policy)
        .header("x-content-type-options", &"nosniff")
        .header("cache-control", &"no-store")
}

fn answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    reply::json(status, "application/json", body).header("cache-control", &"no-store")
}
