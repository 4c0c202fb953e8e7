//! Writes the values of a declared response as an HTTP response.
//!
//! A value that can't be written (a header value with a line break, a body that doesn't serialize)
//! is this server's fault. It becomes a 500, and the log says what it was.

use std::fmt::Display;

use dropshot::{Body, HttpError};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::failure::Failure;
use crate::{Response, media};

/// A type with a variant for each declared response.
pub trait Reply {
    /// Writes the response.
    fn into_response(self) -> Response;
}

impl Reply for Response {
    fn into_response(self) -> Response {
        self
    }
}

/// Writes the response for a handler's result.
pub fn respond<R: Reply>(result: Result<R, Failure>) -> Response {
    match result {
        Ok(reply) => reply.into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// A status code in generated code.
pub trait IntoStatus {
    /// The status. 500 for a number that is no status.
    fn into_status(self) -> StatusCode;
}

impl IntoStatus for u16 {
    fn into_status(self) -> StatusCode {
        StatusCode::from_u16(self).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoStatus for StatusCode {
    fn into_status(self) -> StatusCode {
        self
    }
}

/// `status`, if its first digit is `class`. Otherwise 500, since the handler chose a status that
/// the document doesn't declare.
#[must_use]
pub fn within(status: StatusCode, class: u16) -> StatusCode {
    if status.as_u16() / 100 == class {
        status
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// A response with a JSON body. `media_type` is `application/json` or similar.
pub fn json<T: Serialize + ?Sized>(
    status: impl IntoStatus,
    media_type: &'static str,
    body: &T,
) -> Response {
    // Most bodies fit, so the buffer doesn't grow.
    let mut json = Vec::with_capacity(1024);
    let body = serde_json::to_writer(&mut json, body).map(|()| json);
    written(status.into_status(), media_type, body)
}

fn written(
    status: StatusCode,
    media_type: &'static str,
    body: serde_json::Result<Vec<u8>>,
) -> Response {
    match body {
        Ok(body) => with_body(status, media_type, Body::from(body)),
        Err(error) => broken(format!("a reply did not serialize: {error}")),
    }
}

/// A response with a body of text.
pub fn text(status: impl IntoStatus, media_type: &'static str, body: String) -> Response {
    with_body(status.into_status(), media_type, Body::from(body))
}

/// A response with a body of bytes, or a stream. If the document declares a range (`image/*`), the
/// payload names its own type, and for `multipart/…` its boundary. If the payload names none, it is
/// `application/octet-stream`.
pub fn bytes(
    status: impl IntoStatus,
    media_type: &'static str,
    body: impl Into<Payload>,
) -> Response {
    let Payload {
        body,
        media_type: own,
    } = body.into();
    let open = media_type.contains('*') || media_type.starts_with("multipart/");
    if !open {
        return with_body(status.into_status(), media_type, body);
    }
    let own = own.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    if !own
        .to_str()
        .is_ok_and(|own| media::is_one_of(own, media_type))
    {
        return broken(format!(
            "a reply is {own:?} and not {media_type}: Payload::of_type says what it is"
        ));
    }
    let mut response = with_body(status.into_status(), "application/octet-stream", body);
    response.headers_mut().insert(CONTENT_TYPE, own);
    response
}

/// A response without a body.
pub fn empty(status: impl IntoStatus) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status.into_status();
    response
}

fn with_body(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    // `HeaderValue::from_static`, which copies nothing, would panic at other bytes.
    if !media_type
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
    {
        return broken(format!("{media_type:?} can't be a Content-Type"));
    }
    let media_type = HeaderValue::from_static(media_type);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

fn broken(message: String) -> Response {
    Failure::from(HttpError::for_internal_error(message)).into_response()
}

/// A body of bytes.
#[derive(Debug)]
pub struct Payload {
    body: Body,
    media_type: Option<HeaderValue>,
}

impl Payload {
    /// Names the media type, for a response that the document declares with a range.
    #[must_use]
    pub fn of_type(self, media_type: HeaderValue) -> Self {
        Self {
            media_type: Some(media_type),
            ..self
        }
    }
}

impl<T: Into<Body>> From<T> for Payload {
    fn from(body: T) -> Self {
        Self {
            body: body.into(),
            media_type: None,
        }
    }
}

/// Adds the headers that a response declares.
pub trait WithHeaders {
    /// Adds a header.
    #[must_use]
    fn header(self, name: &'static str, value: &dyn Display) -> Self;

    /// Adds a header, if it has a value.
    #[must_use]
    fn optional_header<V: Display>(self, name: &'static str, value: Option<&V>) -> Self;
}

impl WithHeaders for Response {
    fn header(mut self, name: &'static str, value: &dyn Display) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes());
        // A line break in a value would let an attacker add headers. `HeaderValue` refuses it.
        match (name, HeaderValue::try_from(value.to_string())) {
            (Ok(name), Ok(value)) => {
                self.headers_mut().append(name, value);
                self
            }
            _ => broken("a reply has a header with a value that no header can have".to_owned()),
        }
    }

    fn optional_header<V: Display>(self, name: &'static str, value: Option<&V>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }
}
