//! The operators' listener: whether the service lives, and whether it may take traffic. No part of the served document.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dropshot::{ApiDescription, ApiDescriptionRegisterError, Body, HttpError, RequestContext};
use dropshot_contract::reply::{self, WithHeaders as _};
use http::{Response, StatusCode};
use serde_json::json;

use crate::issuer::{Issuer, Problem};

/// What the operators' endpoints look at.
#[derive(Debug)]
pub(super) struct Ops {
    pub(super) issuer: Arc<Issuer>,
    /// Whether the service is ending, so that no new caller should be sent to it.
    pub(super) stopping: Arc<AtomicBool>,
}

pub(super) fn api_description() -> Result<ApiDescription<Ops>, ApiDescriptionRegisterError> {
    let mut api = ApiDescription::new();
    api.register(healthz)?;
    api.register(readyz)?;
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
    let ops = rqctx.context();
    let mut readiness = ops.issuer.readiness();
    if ops.stopping.load(Ordering::Relaxed) {
        readiness.ready = false;
        readiness.problems.push(Problem {
            part: "service",
            message: "it is stopping".to_owned(),
        });
    }
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(answer(status, &readiness))
}

fn answer(status: StatusCode, body: &impl serde::Serialize) -> Response<Body> {
    reply::json(status, "application/json", body).header("cache-control", &"no-store")
}
