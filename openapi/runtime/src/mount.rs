//! From generated routes to Dropshot's [`ApiDescription`].
//!
//! What names the context is compiled in the user's crate, so it is little: the work is done by
//! functions that don't.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dropshot::{ApiDescription, RequestContext, RequestInfo, ServerContext};

use crate::operation::Operation;
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
    /// The most bytes of header fields, names and values together. A request with more is refused
    /// with 431.
    pub header_bytes: usize,
    /// The most bytes of a body that are read.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
    /// Whether a form field with an empty value counts as absent (OAuth 2.0 says so: RFC 6749,
    /// 3.2).
    pub empty_form_fields_are_absent: bool,
    /// The full path template of an operation, or `None` if it is not served; by default its base
    /// path and its path.
    pub path: Option<FullPath>,
    /// Whether a request is read at all; by default each is.
    pub admit: Option<Admit>,
    /// Set while the service ends: from then on each answer of HTTP/1 asks its caller to come back
    /// by another connection.
    pub draining: Arc<AtomicBool>,
}

/// The full path template of an operation, or `None` if it is not served.
pub type FullPath = Box<dyn Fn(&Operation) -> Option<String>>;

/// Asked when the head of a request is there, and nothing of its body was read. What it gives is
/// held until the request is answered; for none, the request is refused as one too many
/// ([`crate::Reason::Overloaded`]).
pub type Admit = Box<dyn Fn(&RequestInfo) -> Option<Admitted> + Send + Sync>;

/// A request that is under way; it is over when this is dropped.
pub type Admitted = Box<dyn Send>;

impl Default for Options {
    fn default() -> Self {
        Self {
            header_bytes: 32 * 1024,
            body_bytes: 1024 * 1024,
            body_deadline: Duration::from_secs(10),
            empty_form_fields_are_absent: false,
            path: None,
            admit: None,
            draining: Arc::default(),
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

/// Registers all routes. `base_path` goes before the path of each operation that has none of its
/// own.
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
    let full_path = |operation: &Operation| match &options.path {
        Some(path) => path(operation),
        None => {
            let base_path = operation.base_path.unwrap_or(base_path);
            Some(format!("{base_path}{}", operation.path))
        }
    };
    let (routes, paths): (Vec<_>, Vec<_>) = routes
        .into_iter()
        .filter_map(|route| {
            let path = full_path(route.operation)?;
            let method = route.operation.method.clone();
            Some((route, (method, path)))
        })
        .unzip();
    let table =
        Table::new(&paths).map_err(|Ambiguous { first, second }| MountError::Ambiguous {
            first: routes[first].operation.pointer,
            second: routes[second].operation.pointer,
            path: paths[second].1.clone(),
        })?;
    let limits = Limits::from(&options);
    let service = Arc::new(Service {
        routes,
        table,
        limits,
        header_bytes: options.header_bytes,
        admit: options.admit,
        draining: options.draining,
        rejected,
    });
    let mut api = ApiDescription::new();
    for method in endpoint::METHODS {
        let endpoint = endpoint(&service, &method);
        api.register(endpoint::wildcard(endpoint))
            .map_err(|error| MountError::Refused {
                path: endpoint::PATH.to_owned(),
                message: error.to_string(),
            })?;
    }
    Ok(api)
}
