//! What a handler returns if none of the declared replies fits.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use dropshot::{Body, HttpError};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::Response;

/// A failure of a handler. `?` turns Dropshot's [`HttpError`] into one.
pub struct Failure(Box<Kind>);

enum Kind {
    NotImplemented(&'static str),
    Http(HttpError),
    Response(Response),
}

impl Failure {
    /// 501: the operation has no handler yet.
    #[must_use]
    pub fn not_implemented(operation: &'static str) -> Self {
        Self(Box::new(Kind::NotImplemented(operation)))
    }

    /// 500. The message goes to the log only.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        HttpError::for_internal_error(message.into()).into()
    }

    /// A response that [`finish`] completes, since it knows the request's id.
    pub(crate) fn into_response(self) -> Response {
        let pending = match *self.0 {
            Kind::Response(response) => return response,
            Kind::NotImplemented(operation) => Pending::NotImplemented(operation),
            Kind::Http(error) => Pending::Http(Arc::new(Mutex::new(Some(error)))),
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(pending);
        response
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self(Box::new(Kind::Http(error)))
    }
}

impl From<Response> for Failure {
    fn from(response: Response) -> Self {
        Self(Box::new(Kind::Response(response)))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::NotImplemented(operation) => write!(f, "{operation} is not implemented"),
            Kind::Http(error) => write!(f, "{}: {}", error.status_code, error.internal_message),
            Kind::Response(response) => write!(f, "{}", response.status()),
        }
    }
}

impl std::error::Error for Failure {}

/// A failure inside a [`Response`], whose extensions must be `Clone`.
#[derive(Clone)]
enum Pending {
    NotImplemented(&'static str),
    Http(Arc<Mutex<Option<HttpError>>>),
}

/// Completes a response. Returns an error if Dropshot must log the failure and answer itself.
pub(crate) fn finish(mut response: Response, request_id: &str) -> Result<Response, HttpError> {
    match response.extensions_mut().remove::<Pending>() {
        None => Ok(response),
        Some(Pending::NotImplemented(operation)) => Ok(not_implemented(operation, request_id)),
        Some(Pending::Http(error)) => {
            match error.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(error) => Err(error),
                None => Ok(response),
            }
        }
    }
}

fn not_implemented(operation: &str, request_id: &str) -> Response {
    #[derive(Serialize)]
    struct Answer<'a> {
        request_id: &'a str,
        error_code: &'static str,
        message: String,
        operation: &'a str,
    }
    let message = format!("{operation} has no handler yet");
    let answer = Answer {
        request_id,
        error_code: "not_implemented",
        message,
        operation,
    };
    let mut response = Response::new(Body::from(serde_json::to_vec(&answer).unwrap_or_default()));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
