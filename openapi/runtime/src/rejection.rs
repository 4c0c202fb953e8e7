//! A request that breaks the document's rules: what is wrong, where, and which status answers it.
//!
//! The body of [`Rejection::into_response`] is Dropshot's error object with the place added. A
//! service with its own error format uses the accessors instead.

use dropshot::Body;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{Invalid, Location, Operation, Reason, Response};

/// Why a request was refused before its handler saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    operation: &'static str,
    reason: Reason,
    location: Option<Location>,
    name: String,
    pointer: String,
    message: String,
    /// The value of the header that belongs to the status: `WWW-Authenticate` for 401, `Allow` for
    /// 405.
    header: Option<String>,
}

impl Rejection {
    /// A refusal of a request to `operation`. `name` is the parameter's name, or empty for the
    /// body. The message completes "query parameter \"limit\" …".
    #[must_use]
    pub fn new(
        operation: &Operation,
        reason: Reason,
        location: Option<Location>,
        name: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            operation: operation.id,
            reason,
            location,
            name: name.to_owned(),
            pointer: String::new(),
            message: message.into(),
            header: None,
        }
    }

    pub(crate) fn invalid(
        operation: &Operation,
        location: Location,
        name: &str,
        invalid: &Invalid,
    ) -> Self {
        let mut rejection = Self::new(
            operation,
            invalid.reason(),
            Some(location),
            name,
            invalid.message(),
        );
        rejection.pointer = invalid.pointer();
        rejection
    }

    pub(crate) fn body(operation: &Operation, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(operation, reason, Some(Location::Body), "", message)
    }

    pub(crate) fn overloaded(operation: &Operation) -> Self {
        let message = "too many requests are under way; try again later";
        Self::new(operation, Reason::Overloaded, None, "", message)
    }

    /// `operation` is one of the path's operations. `allow` has their methods.
    pub(crate) fn method_not_allowed(operation: &Operation, allow: String) -> Self {
        let message = format!("this path takes {allow} only");
        let mut rejection = Self::new(operation, Reason::MethodNotAllowed, None, "", message);
        rejection.header = Some(allow);
        rejection
    }

    /// Sets the value of `WWW-Authenticate` (RFC 9110, 11.6.1).
    #[must_use]
    pub(crate) fn challenge(mut self, challenge: String) -> Self {
        self.header = Some(challenge);
        self
    }

    /// The operation's id.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The reason for the refusal.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The part of the request that is wrong. `None` for credentials, and for a request that was
    /// not read.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        self.location
    }

    /// The parameter's name. Empty for the body.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// RFC 6901 pointer into the parameter's value or the body, such as `/items/0/name`. Empty for
    /// the whole of it.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The value of `WWW-Authenticate` that belongs to a 401.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&str> {
        let header = self.header.as_deref();
        header.filter(|_| self.reason == Reason::Credentials)
    }

    /// The value of `Allow` that belongs to a 405 (RFC 9110, 15.5.6).
    #[must_use]
    pub fn allow(&self) -> Option<&str> {
        let header = self.header.as_deref();
        header.filter(|_| self.reason == Reason::MethodNotAllowed)
    }

    /// The status: 401, 405, 408, 413, 415, 431 or 503 for the reasons that have one of these, and
    /// 400 for all others.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.reason {
            Reason::Credentials => StatusCode::UNAUTHORIZED,
            Reason::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Reason::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Reason::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Reason::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Reason::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Reason::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether bytes of the body may still arrive, so that the connection can't carry another
    /// request.
    pub(crate) fn leaves_body_unread(&self) -> bool {
        matches!(
            self.reason,
            Reason::BodyTooLarge
                | Reason::BodyTimeout
                | Reason::BodyAborted
                | Reason::UnsupportedMediaType
        )
    }

    /// What is wrong and where, as a sentence: `query parameter "limit" must be at least 1`.
    #[must_use]
    pub fn message(&self) -> String {
        let Self {
            name,
            pointer,
            message,
            ..
        } = self;
        match self.location {
            None => message.clone(),
            Some(Location::Body) if pointer.is_empty() => format!("the body {message}"),
            Some(Location::Body) => format!("{pointer} in the body {message}"),
            Some(location) if pointer.is_empty() => {
                format!("{} parameter {name:?} {message}", location.as_str())
            }
            Some(location) => format!(
                "{pointer} in {} parameter {name:?} {message}",
                location.as_str()
            ),
        }
    }

    /// The answer: `{request_id, error_code, message}` as Dropshot writes it, with `operation`,
    /// `location`, `name` and `pointer`.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        #[derive(Serialize)]
        struct Answer<'a> {
            request_id: &'a str,
            operation: &'static str,
            error_code: &'static str,
            message: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            location: Option<&'static str>,
            #[serde(skip_serializing_if = "str::is_empty")]
            name: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            pointer: &'a str,
        }
        let answer = Answer {
            request_id,
            operation: self.operation,
            error_code: self.reason.as_str(),
            message: self.message(),
            location: self.location.map(Location::as_str),
            name: &self.name,
            pointer: &self.pointer,
        };
        let mut response =
            http::Response::new(Body::from(serde_json::to_vec(&answer).unwrap_or_default()));
        *response.status_mut() = self.status();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if self.reason == Reason::Overloaded {
            // `Retry-After` (RFC 9110, 10.2.3) is short, since the service answers requests within
            // moments.
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, second);
        }
        let name = match self.reason {
            Reason::MethodNotAllowed => header::ALLOW,
            _ => header::WWW_AUTHENTICATE,
        };
        if let Some(Ok(value)) = self.header.map(HeaderValue::try_from) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Rejection {}
