//! The API as Dropshot serves it: the document's operations below the issuer's path.

use std::sync::Arc;
use std::time::Duration;

use dropshot::ApiDescription;
use dropshot_chassis::{Admission, ServeError};
use dropshot_contract::{MountError, Options};

use super::context::Context;
use super::document;
use super::handlers::Handlers;
use crate::api as generated;
use crate::config::{Config, IssuerUrl};
use crate::issuer::Issuer;

/// The largest body in bytes. A token request has a few hundred bytes, and a token not many more.
const BODY_BYTES: usize = 16 * 1024;
/// How long the body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

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
pub(super) fn description(
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
