//! How operations are served: the function for each operation, and the limits on a request before
//! it is decoded.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dropshot::{RequestInfo, ServerContext};

use crate::answered::Answered;
use crate::context::{Admitted, RequestContext};
use crate::operation::Operation;
use crate::receive::Limits;
use crate::received::Received;
use crate::{BoxFuture, Rejection, Response};

/// An operation and its function.
pub struct Route<C: ServerContext> {
    /// The operation.
    pub operation: &'static Operation,
    /// Decodes the request, calls the handler and writes its reply.
    pub call: fn(RequestContext<C>, Box<Received>) -> BoxFuture<Response>,
}

/// Makes the answer to a request that is refused before it can be decoded.
pub type Rejected<C> = fn(RequestContext<C>, Rejection) -> BoxFuture<Response>;

/// How operations are served.
pub struct Options {
    /// The most bytes of header fields, with names and values together. The service refuses a
    /// larger head with 431.
    pub header_bytes: usize,
    /// The largest body, in bytes. The service refuses a larger one with 413.
    pub body_bytes: usize,
    /// How long a body may take to arrive. The service refuses a slower one with 408.
    pub body_deadline: Duration,
    /// Whether a form field with an empty value counts as absent, as in OAuth 2.0 (RFC 6749, 3.2).
    pub empty_form_fields_are_absent: bool,
    /// The full path template of an operation, or `None` if it is not served. The default is its
    /// base path followed by its path.
    pub path: Option<FullPath>,
    /// Decides whether a request is read at all. By default each request is read.
    pub admit: Option<Admit>,
    /// Called with each answer before it is sent.
    pub observe: Option<Observe>,
    /// True while the service ends. Each answer over HTTP/1 then asks its caller to use another
    /// connection for the next request.
    pub draining: Arc<AtomicBool>,
}

/// The full path template of an operation, or `None` if it is not served.
pub type FullPath = Box<dyn Fn(&Operation) -> Option<String>>;

/// Called when the head of a request was read, and nothing of its body. The result is held until
/// the request is answered. Handlers find it by [`RequestContext::admitted`]. After an error, the
/// request is refused as one too many ([`crate::Reason::Overloaded`]).
pub type Admit = Box<dyn Fn(&RequestInfo) -> Result<Admitted, Admitted> + Send + Sync>;

/// Called with each answer before it is sent. The caller waits meanwhile, so it must be fast.
pub type Observe = Box<dyn Fn(&Answered<'_>) + Send + Sync>;

impl Default for Options {
    fn default() -> Self {
        Self {
            header_bytes: 32 * 1024,
            body_bytes: 1024 * 1024,
            body_deadline: Duration::from_secs(10),
            empty_form_fields_are_absent: false,
            path: None,
            admit: None,
            observe: None,
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
