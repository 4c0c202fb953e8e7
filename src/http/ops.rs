//! The operators' listener: whether the service lives, whether it may take traffic, its figures, and the reference of its API.
//! No part of the served document.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dropshot::{ApiDescription, ApiDescriptionRegisterError, Body, HttpError, RequestContext};
use dropshot_contract::reply::{self, WithHeaders as _};
use http::{Response, StatusCode};
use serde_json::json;

use super::Document;
use super::front_door::Peers;
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
    pub stopping: Arc<AtomicBool>,
}

impl Ops {
    /// `peers` are those of the front door, if there is one; `document` is the served one.
    pub(super) fn new(standing: Standing, peers: Option<Arc<Peers>>, document: &Document) -> Self {
        let metrics = Metrics::of(&standing, peers);
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
        if self.stopping.load(Ordering::Relaxed) {
            readiness.ready = false;
            readiness.problems.push(Problem {
                part: "service",
                message: "it is stopping".to_owned(),
            });
        }
        readiness
    }
}

pub(super) fn api_description() -> Result<ApiDescription<Ops>, ApiDescriptionRegisterError> {
    let mut api = ApiDescription::new();
    api.register(healthz)?;
    api.register(readyz)?;
    api.register(figures)?;
    api.register(docs)?;
    Ok(api)
}

/// The process lives and its executor turns; says nothing of what it needs, since a restart would not help that.
#[dropshot::endpoint { method = GET, path = "/healthz" }]
async fn healthz(_rqctx: RequestContext<Ops>) -> Result<Response<Body>, HttpError> {
    Ok(answer(StatusCode::OK, &json!({ "alive": true })))
}

/// Whether a good request would get a token; 503 and why not.
#[dropshot::endpoint { method = GET, path = "/readyz" }]
async fn readyz(rqctx: RequestContext<Ops>) -> Result<Response<Body>, HttpError> {
    let readiness = rqctx.context().standing.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(answer(status, &readiness))
}

/// The figures, for Prometheus.
#[dropshot::endpoint { method = GET, path = "/metrics" }]
async fn figures(rqctx: RequestContext<Ops>) -> Result<Response<Body>, HttpError> {
    let text = rqctx.context().metrics.text();
    let text = text.map_err(|error| HttpError::for_internal_error(error.to_string()))?;
    let response = reply::text(StatusCode::OK, CONTENT_TYPE, text);
    Ok(response.header("cache-control", &"no-store"))
}

/// The API reference, for people.
#[dropshot::endpoint { method = GET, path = "/docs" }]
async fn docs(rqctx: RequestContext<Ops>) -> Result<Response<Body>, HttpError> {
    let reference = &rqctx.context().reference;
    let html = reference.html.clone();
    let response = reply::text(StatusCode::OK, "text/html; charset=utf-8", html);
    Ok(response
        .header(
            "content-security-policy",
            &reference.content_security_policy,
        )
        .header("x-content-type-options", &"nosniff")
        .header("cache-control", &"no-store"))
}

fn answer(status: StatusCode, body: &impl serde::Serialize) -> Response<Body> {
    reply::json(status, "application/json", body).header("cache-control", &"no-store")
}
