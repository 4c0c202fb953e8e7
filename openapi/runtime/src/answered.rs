//! An answered request, for metrics and logs.

use std::time::Duration;

use http::StatusCode;

use crate::operation::Operation;

/// An answered request and its answer.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The operation. `None` if no operation has the request's path.
    pub operation: Option<&'static Operation>,
    /// The status of the answer.
    pub status: StatusCode,
    /// Why the handler failed, in words for operators. `None` if the answer is the handler's own
    /// reply, or a refusal.
    pub cause: Option<&'a str>,
    /// Whether the request was one too many, and was refused before it was read.
    pub is_one_too_many: bool,
    /// The time from the head of the request to the answer.
    pub elapsed: Duration,
    /// The id of the request. The answer to a failed request has it too.
    pub request_id: &'a str,
}
