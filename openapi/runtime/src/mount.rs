//! From generated routes to Dropshot's [`ApiDescription`].
//!
//! What names the context is compiled in the user's crate, so it is little: the work is done by functions that don't.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dropshot::{ApiDescription, ApiEndpoint, RequestContext, RequestInfo, ServerContext};
use http::Method;

use crate::endpoint::Parameters;
use crate::operation::Operation;
use crate::plan::{Registration, plan};
use crate::receive::Limits;
use crate::received::Received;
use crate::route::{Ambiguous, Table};
use crate::service::{Service, endpoint};
use crate::{BoxFuture, Rejection, Response, endpoint};

/// An operation and what is called for it.
pub struct Route<C: ServerContext> {
    /// The operation.
    pub operation: &'static Operation,
    /// Decodes the request, calls the handler and writes its reply.
    pub call: fn(RequestContext<C>, Received) -> BoxFuture<Response>,
}

/// What a caller gets for a request that is refused before it can be decoded.
pub type Rejected<C> = fn(RequestContext<C>, Rejection) -> BoxFuture<Response>;

/// How operations are served.
pub struct Options {
    /// The most bytes of a body that are read.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
    /// Whether a form field with an empty value counts as absent (OAuth 2.0 says so: RFC 6749, 3.2).
    pub empty_form_fields_are_absent: bool,
    /// The full path template of an operation; by default its base path and its path.
    pub path: Option<FullPath>,
    /// Whether a request is read at all; by default each is.
    pub admit: Option<Admit>,
}

/// The full path template of an operation.
pub type FullPath = Box<dyn Fn(&Operation) -> String>;

/// Asked when the head of a request is there, and nothing of its body was read. What it gives is held until the request is
/// answered; for none, the request is refused as one too many ([`crate::Reason::Overloaded`]).
pub type Admit = Box<dyn Fn(&RequestInfo) -> Option<Admitted> + Send + Sync>;

/// A request that is under way; it is over when this is dropped.
pub type Admitted = Box<dyn Send>;

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_deadline: Duration::from_secs(10),
            empty_form_fields_are_absent: false,
            path: None,
            admit: None,
        }
    }
}

impl From<&Options> for Limits {
    fn from(options: &Options) -> Self {
        Self {
            bytes: options.body_bytes,
            deadline: options.body_deadline,
            empty_is_absent: options.empty_form_fields_are_absent,
        }
    }
}

/// Why routes can't be served together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountError {
    /// No request tells two operations apart.
    Ambiguous {
        /// Pointer of one operation.
        first: &'static str,
        /// Pointer of the other.
        second: &'static str,
        /// The full path of the second.
        path: String,
    },
    /// Dropshot doesn't take an endpoint.
    Refused {
        /// The path given to Dropshot.
        path: String,
        /// Dropshot's words.
        message: String,
    },
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous {
                first,
                second,
                path,
            } => {
                write!(
                    f,
                    "{first} and {second} are the same method of the same path, {path}: remove or rename one"
                )
            }
            Self::Refused { path, message } => write!(f, "{path} can't be registered: {message}"),
        }
    }
}

impl std::error::Error for MountError {}

/// Registers all routes. `base_path` goes before the path of each operation that has none of its own.
///
/// # Errors
/// Two routes that no request tells apart.
#[allow(clippy::needless_pass_by_value)] // options are made for this call
pub fn mount<C: ServerContext>(
    routes: Vec<Route<C>>,
    base_path: &str,
    options: Options,
    rejected: Rejected<C>,
) -> Result<ApiDescription<C>, MountError> {
    let operations: Vec<&'static Operation> = routes.iter().map(|route| route.operation).collect();
    let table = Arc::new(table(&operations, base_path, &options)?);
    let limits = Limits::from(&options);
    let service = Arc::new(Service {
        routes,
        table,
        limits,
        admit: options.admit,
        rejected,
    });
    let mut api = ApiDescription::new();
    let mut parameters = Parameters::default();
    for registration in plan(&service.table) {
        match registration {
            Registration::Route {
                index,
                path,
                variables,
            } => {
                let operation = service.routes[index].operation;
                let endpoint = endpoint(
                    &service,
                    Some(index),
                    operation.id,
                    &operation.method,
                    &path,
                );
                let parameters = parameters.variables(&variables);
                register(
                    &mut api,
                    endpoint::published(endpoint, operation, parameters),
                )?;
            }
            Registration::Wildcard {
                path,
                variables,
                rest,
            } => {
                for method in endpoint::METHODS {
                    let endpoint =
                        endpoint(&service, None, &format!("{method} {path}"), &method, &path);
                    let mut all = parameters.variables(&variables);
                    all.extend(parameters.rest(&rest));
                    register(&mut api, endpoint::wildcard(endpoint, all))?;
                }
            }
        }
    }
    Ok(api)
}

fn table(
    operations: &[&'static Operation],
    base_path: &str,
    options: &Options,
) -> Result<Table, MountError> {
    let paths: Vec<(Method, String)> = operations
        .iter()
        .map(|operation| {
            let path = match &options.path {
                Some(path) => path(operation),
                None => format!(
                    "{}{}",
                    operation.base_path.unwrap_or(base_path),
                    operation.path
                ),
            };
            (operation.method.clone(), path)
        })
        .collect();
    Table::new(&paths).map_err(|Ambiguous { first, second }| MountError::Ambiguous {
        first: operations[first].pointer,
        second: operations[second].pointer,
        path: paths[second].1.clone(),
    })
}

fn register<C: ServerContext>(
    api: &mut ApiDescription<C>,
    endpoint: ApiEndpoint<C>,
) -> Result<(), MountError> {
    let path = endpoint.path.clone();
    api.register(endpoint).map_err(|error| MountError::Refused {
        path,
        message: error.to_string(),
    })
}
