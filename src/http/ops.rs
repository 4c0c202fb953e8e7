//! The operators' listener: whether the service lives, whether it may take traffic, its figures,
//! and the reference of its API. No part of the served document.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dropshot::ApiDescription;
use dropshot_contract::reply::{self, WithHeaders as _};
use dropshot_contract::{BoxFuture, MountError, Operation, Options, Response, Route};
use http::{Method, StatusCode};
use serde_json::json;

use super::Document;
use super::front_door::{Gate, Watchman};
use super::load::Load;
use super::metrics::{CONTENT_TYPE, Metrics};
use super::origin::Strangers;
use super::reference::Reference;
use crate::issuer::{Issuer, Problem, Readiness};

/// What the operators' endpoints look at.
#[derive(Debug)]
pub(super) struct Ops {
    standing: Standing,
    metrics: Metrics,
    reference: Reference,
}

/// How the service stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub issuer: Arc<Issuer>,
    /// What it has to do at the moment.
    pub load: Arc<Load>,
    /// Whom it did not answer, since it can't be told who they are.
    pub strangers: Arc<Strangers>,
    /// Whether the service is ending, so that no new caller should be sent to it.
    pub draining: Arc<AtomicBool>,
}

impl Ops {
    /// `gate` is that of the callers' listener; `document` is the served one.
    pub(super) fn new(standing: Standing, gate: Option<Arc<Gate>>, document: &Document) -> Self {
        let metrics = Metrics::of(&standing, gate);
        let reference = Reference::of(document);
        Self {
            standing,
            metrics,
            reference,
        }
    }
}

impl Standing {
    /// Whether a good request would get a token, and may be sent here.
    pub(super) fn readiness(&self) -> Readiness {
        let mut readiness = self.issuer.readiness();
        if self.draining.load(Ordering::Relaxed) {
            readiness.ready = false;
            readiness.problems.push(Problem {
                part: "service",
                message: "it is draining, and ends soon".to_owned(),
            });
        }
        readiness
    }
}

/// A part of the operators' API: a path, and what answers a GET of it.
const fn get(id: &'static str, path: &'static str) -> Operation {
    Operation {
        id,
        method: Method::GET,
        path,
        base_path: None,
        pointer: "",
        tags: &[],
        summary: None,
        description: None,
        deprecated: false,
        parameters: &[],
        body: None,
        responses: &[],
        security: &[],
    }
}

static HEALTHZ: Operation = get("healthz", "/healthz");
static READYZ: Operation = get("readyz", "/readyz");
static METRICS: Operation = get("metrics", "/metrics");
static DOCS: Operation = get("docs", "/docs");

/// The run time serves them as it serves a document's operations, so that HTTP is the same at both
/// listeners. `watchman` sees to the connections.
pub(super) fn api_description(watchman: Arc<Watchman>) -> Result<ApiDescription<Ops>, MountError> {
    let route = |operation, call| Route { operation, call };
    let routes: Vec<Route<Ops>> = vec![
        route(&HEALTHZ, |rqctx, _| answered(healthz(rqctx.context()))),
        route(&READYZ, |rqctx, _| answered(readyz(rqctx.context()))),
        route(&METRICS, |rqctx, _| answered(metrics(rqctx.context()))),
        route(&DOCS, |rqctx, _| answered(docs(rqctx.context()))),
    ];
    let options = Options {
        admit: Some(Box::new(move |request| {
            Some(Box::new(watchman.asks(request.remote_addr())))
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

/// The process lives and its executor turns; says nothing of what it needs, since a restart would
/// not help that.
fn healthz(_ops: &Ops) -> Response {
    answer(StatusCode::OK, &json!({ "alive": true }))
}

/// Whether a good request would get a token; 503 and why not.
fn readyz(ops: &Ops) -> Response {
    let readiness = ops.standing.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    answer(status, &readiness)
}

/// The figures, for Prometheus.
fn metrics(ops: &Ops) -> Response {
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
fn docs(ops: &Ops) -> Response {
    let reference = &ops.reference;
    let html = reference.html.clone();
    reply::text(StatusCode::OK, "text/html; charset=utf-8", html)
        .header(
            "content-security-policy",
            &reference.content_security_policy,
        )
        .header("x-content-type-options", &"nosniff")
        .header("cache-control", &"no-store")
}

fn answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    reply::json(status, "application/json", body).header("cache-control", &"no-store")
}
