//! What became of a request, for those who count and log.

use std::time::Duration;

use http::StatusCode;

use crate::operation::Operation;

/// A request that is answered, and its answer.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The operation. `None` if no operation has the request's path.
    pub operation: Option<&'static Operation>,
    /// The status of the answer.
    pub status: StatusCode,
    /// Why the handler failed, in words for operators. `None` if the answer is a reply of the
    /// handler, or a refusal.
    pub cause: Option<&'a str>,
    /// Whether the request was refused unread, as one too many.
    pub is_one_too_many: bool,
    /// The time from the head of the request to the answer.
    pub elapsed: Duration,
    /// The id of the request, which a failure tells its caller.
    pub request_id: &'a str,
}
