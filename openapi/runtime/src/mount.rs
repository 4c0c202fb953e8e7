//! Turns generated routes into Dropshot's [`ApiDescription`].
//!
//! Code that is generic over the context is compiled in the user's crate, so there is little of it.
//! Other functions do the work.

use std::fmt;
use std::sync::Arc;

use dropshot::{ApiDescription, ServerContext};

use crate::endpoint;
use crate::operation::Operation;
use crate::options::{Options, Rejected, Route};
use crate::receive::Limits;
use crate::route::{Ambiguous, Table};
use crate::service::{Service, endpoint};

/// Why routes can't be served together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountError {
    /// Two operations have the same method and path, so no request can tell them apart.
    Ambiguous {
        /// Pointer of the first operation.
        first: &'static str,
        /// Pointer of the second operation.
        second: &'static str,
        /// The full path of the second operation.
        path: String,
    },
    /// Dropshot refuses an endpoint.
    Refused {
        /// The path that Dropshot was given.
        path: String,
        /// Dropshot's message.
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

/// Registers all routes. `base_path` goes before the path of each operation without a base path of
/// its own.
///
/// # Errors
/// [`MountError`]
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
        observe: options.observe,
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
