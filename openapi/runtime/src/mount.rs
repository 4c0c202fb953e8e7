//! From generated routes to Dropshot's [`ApiDescription`]: one handler for all of them.
//!
//! Whatever a route's operation, its handler is the same code: choose the operation, read the request, call. Only the
//! functions here that name the context are compiled in a user's crate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dropshot::{
    ApiDescription, ApiEndpoint, ApiEndpointVersions, HttpError, RawRequest, RequestContext,
    ServerContext,
};
use http::header::{ALLOW, CONNECTION};
use http::{HeaderValue, Method, Version};

use crate::failure::finish;
use crate::operation::Operation;
use crate::parameters::Path;
use crate::plan::{Registration, plan};
use crate::receive::{Limits, receive};
use crate::received::Received;
use crate::route::{Ambiguous, Found, Table};
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
    /// The full path template of an operation; by default its base path and its path.
    pub path: Option<Box<dyn Fn(&Operation) -> String>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_deadline: Duration::from_secs(10),
            path: None,
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
    let limits = Limits {
        bytes: options.body_bytes,
        deadline: options.body_deadline,
    };
    let service = Arc::new(Service {
        routes,
        table,
        limits,
        rejected,
    });
    let mut api = ApiDescription::new();
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
                register(
                    &mut api,
                    endpoint::published(endpoint, operation, &variables),
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
                    register(&mut api, endpoint::wildcard(endpoint, &variables, &rest))?;
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

/// What all handlers share.
struct Service<C: ServerContext> {
    routes: Vec<Route<C>>,
    table: Arc<Table>,
    limits: Limits,
    rejected: Rejected<C>,
}

/// The one kind of endpoint. Without a route, the table chooses.
fn endpoint<C: ServerContext>(
    service: &Arc<Service<C>>,
    route: Option<usize>,
    id: &str,
    method: &Method,
    path: &str,
) -> ApiEndpoint<C> {
    let service = Arc::clone(service);
    let handler = move |rqctx: RequestContext<C>, request: RawRequest| {
        let service = Arc::clone(&service);
        async move { service.serve(route, rqctx, request).await }
    };
    ApiEndpoint::new(
        id.to_owned(),
        handler,
        method.clone(),
        "application/json",
        path,
        ApiEndpointVersions::All,
    )
}

impl<C: ServerContext> Service<C> {
    async fn serve(
        &self,
        route: Option<usize>,
        mut rqctx: RequestContext<C>,
        request: RawRequest,
    ) -> Result<Response, HttpError> {
        let (parts, body) = request.into_inner().into_parts();
        let (index, path) = choose(&self.table, route, &parts)?;
        let Route { operation, call } = &self.routes[index];
        if route.is_none() {
            rqctx.endpoint.operation_id = operation.id.to_owned();
        }
        let request_id = rqctx.request_id.clone();
        let version = parts.version;
        match receive(operation, path, parts, body, self.limits).await {
            Ok(received) => finish(call(rqctx, received).await, &request_id),
            Err(rejection) => {
                let close = rejection.leaves_body_unread() && version <= Version::HTTP_11;
                let mut response = (self.rejected)(rqctx, rejection).await;
                if close {
                    response
                        .headers_mut()
                        .insert(CONNECTION, HeaderValue::from_static("close"));
                }
                finish(response, &request_id)
            }
        }
    }
}

/// The route and what its variables stand for.
fn choose(
    table: &Table,
    route: Option<usize>,
    parts: &http::request::Parts,
) -> Result<(usize, Path), HttpError> {
    let raw_path = parts.uri.path();
    let (index, captures) = match route {
        Some(index) => (index, table.templates[index].capture(raw_path)),
        None => match table.find(&parts.method, raw_path) {
            Found::Route { index, captures } => (index, Some(captures)),
            Found::NotFound => (0, None),
            Found::MethodNotAllowed(allow) => return Err(method_not_allowed(&allow)),
        },
    };
    match captures {
        Some(captures) => Ok((
            index,
            Path {
                template: Arc::clone(&table.templates[index]),
                captures,
            },
        )),
        None => Err(HttpError::for_not_found(
            None,
            "no operation has this path".to_owned(),
        )),
    }
}

fn method_not_allowed(allow: &str) -> HttpError {
    let status = dropshot::ClientErrorStatusCode::METHOD_NOT_ALLOWED;
    let mut error = HttpError::for_client_error_with_status(None, status);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        error.headers_mut().insert(ALLOW, allow);
    }
    error
}
