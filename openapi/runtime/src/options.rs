//! How operations are served: what is called for each, and what a request is held against before
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
    /// Called with each answer, before it is sent.
    pub observe: Option<Observe>,
    /// Set while the service ends: from then on each answer of HTTP/1 asks its caller to come back
    /// by another connection.
    pub draining: Arc<AtomicBool>,
}

/// The full path template of an operation, or `None` if it is not served.
pub type FullPath = Box<dyn Fn(&Operation) -> Option<String>>;

/// Asked when the head of a request is there, and nothing of its body was read. Its result is held
/// until the request is answered, and handlers find it by [`RequestContext::admitted`]. With an
/// error, the request is refused as one too many ([`crate::Reason::Overloaded`]).
pub type Admit = Box<dyn Fn(&RequestInfo) -> Result<Admitted, Admitted> + Send + Sync>;

/// Called with each answer, before it is sent. The caller waits for it.
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
