//! The listener of an HTTP server: one that callers connect to, or the one behind a door.

use std::io;
use std::net::SocketAddr;

use dropshot::{
    ApiDescription, BuildError, ConfigDropshot, HandlerTaskMode, HttpServerStarter, ServerBuilder,
    ServerContext,
};
use slog::{Logger, o};

use super::gate::Gate;
use super::watchman::NotAccepted;

/// Why an address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{key} = {address}: {cause}")]
pub struct ListenError {
    /// The key of the configuration.
    pub key: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// What is wrong, and what to do.
    pub cause: String,
}

impl ListenError {
    pub(super) fn new(key: &'static str, address: SocketAddr, error: &io::Error) -> Self {
        Self {
            key,
            address,
            cause: in_words(error),
        }
    }
}

/// Takes the address. Requests are answered once the server is started. `gate` counts the
/// connections that can't be accepted, where callers connect to the server directly.
pub(crate) fn listen<C: ServerContext>(
    key: &'static str,
    address: SocketAddr,
    api: ApiDescription<C>,
    context: C,
    gate: Option<&Gate>,
) -> Result<HttpServerStarter<C>, ListenError> {
    let config = ConfigDropshot {
        bind_address: address,
        // A task for each request costs more than a token does. The endpoints themselves make sure
        // that a request is handled to its end even if its caller hangs up.
        default_handler_task_mode: HandlerTaskMode::CancelOnDisconnect,
        ..ConfigDropshot::default()
    };
    // Dropshot's own log has two lines for each request, with the URI. `NotAccepted` keeps nothing
    // of it but a count.
    ServerBuilder::new(api, context, Logger::root(NotAccepted::at(gate), o!()))
        .config(config)
        .build_starter()
        .map_err(|error| ListenError {
            key,
            address,
            cause: match error {
                BuildError::BindError { error, .. } => in_words(&error),
                other => other.to_string(),
            },
        })
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is in use; stop what uses it, or choose another".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "this user may not listen there; choose a port above 1023".to_owned()
        }
        _ => error.to_string(),
    }
}
