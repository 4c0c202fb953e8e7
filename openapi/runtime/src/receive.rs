//! Reads the body of a request. It looks at the headers first, and reads no byte of a body that
//! isn't used.
//!
//! Dropshot's own extractors read a body to its end before they look at its type or length, and
//! wait for it for ever. Here the order is content type, length, bytes. The size limit and the
//! deadline also hold while the body is read.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dropshot::Body;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;

use crate::operation::{Location, MediaKind, Operation, RequestBody};
use crate::received::Content;
use crate::{Reason, Rejection, media, multipart};

/// The limits on a body, and how a form is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) deadline: Duration,
    pub(crate) empty_is_absent: bool,
}

/// Reads the body, if the operation declares one.
pub(crate) async fn receive(
    operation: &'static Operation,
    headers: &HeaderMap,
    body: &mut Body,
    limits: Limits,
) -> Result<Content, Rejection> {
    let Some(declared) = &operation.body else {
        return Ok(Content::None);
    };
    let content_type = content_type(operation, headers)?;
    if body.is_end_stream() {
        return absent_or_empty(operation, declared, content_type);
    }
    let media = match content_type {
        Some(content_type) => media::select(declared.content, content_type),
        // RFC 9110, 8.3: a body without a type is bytes.
        None => media::select(declared.content, "application/octet-stream"),
    };
    let Some(media) = media else {
        return Err(unsupported(operation, declared, content_type));
    };
    // hyper has checked that there is one length, and that it is a number.
    let announced = body.size_hint().exact().unwrap_or(0);
    if announced > limits.bytes as u64 {
        return Err(too_large(operation, limits));
    }
    let bytes = in_time(operation, collect(operation, body, limits), limits).await?;
    if bytes.is_empty() {
        return absent_or_empty(operation, declared, content_type);
    }
    match declared.content[media].kind {
        MediaKind::Multipart => {
            // The future is on the heap. Otherwise every request would carry the room for its
            // state.
            let parts = Box::pin(multipart::parts(bytes, content_type.unwrap_or_default()));
            match parts.await {
                Ok(parts) => Ok(Content::Parts { media, parts }),
                Err(invalid) => Err(Rejection::invalid(operation, Location::Body, "", &invalid)),
            }
        }
        _ => Ok(Content::Bytes { media, bytes }),
    }
}

/// The `Content-Type`. Several of them are refused.
fn content_type<'h>(
    operation: &Operation,
    headers: &'h HeaderMap,
) -> Result<Option<&'h str>, Rejection> {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(Rejection::body(
            operation,
            Reason::UnsupportedMediaType,
            "has several Content-Type headers",
        ));
    }
    line.to_str().map(Some).map_err(|_| {
        Rejection::body(
            operation,
            Reason::UnsupportedMediaType,
            "has a Content-Type header that isn't ASCII",
        )
    })
}

/// Decides what an empty body means. It is an empty text, file or form if its type is named.
/// Otherwise there is no body.
fn absent_or_empty(
    operation: &Operation,
    declared: &RequestBody,
    content_type: Option<&str>,
) -> Result<Content, Rejection> {
    let media = content_type.and_then(|content_type| media::select(declared.content, content_type));
    match media {
        Some(media)
            if matches!(
                declared.content[media].kind,
                MediaKind::Text | MediaKind::Bytes | MediaKind::Form
            ) =>
        {
            Ok(Content::Bytes {
                media,
                bytes: Bytes::new(),
            })
        }
        _ if declared.required => Err(Rejection::body(
            operation,
            Reason::MissingBody,
            "is missing",
        )),
        _ => Ok(Content::None),
    }
}

/// Waits for `reading`, up to the deadline. Nearly every body arrives with its head, and then no
/// timer is needed.
async fn in_time(
    operation: &Operation,
    reading: impl Future<Output = Result<Bytes, Rejection>>,
    limits: Limits,
) -> Result<Bytes, Rejection> {
    let mut reading = pin!(reading);
    if let Poll::Ready(read) = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await
    {
        return read;
    }
    tokio::time::timeout(limits.deadline, reading)
        .await
        .unwrap_or_else(|_| {
            let message = format!("did not arrive within {} s", limits.deadline.as_secs_f32());
            Err(Rejection::body(operation, Reason::BodyTimeout, message))
        })
}

async fn collect(
    operation: &Operation,
    body: &mut Body,
    limits: Limits,
) -> Result<Bytes, Rejection> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    // Asking for the end first saves a wait for a frame that never comes.
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let Ok(frame) = frame else {
            return Err(Rejection::body(
                operation,
                Reason::BodyAborted,
                "ended before its end",
            ));
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + rest.len() + data.len() > limits.bytes {
            return Err(too_large(operation, limits));
        }
        if first.is_empty() && rest.is_empty() {
            // Nearly every body has a single frame, which needs no copy.
            first = data;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

fn too_large(operation: &Operation, limits: Limits) -> Rejection {
    Rejection::body(
        operation,
        Reason::BodyTooLarge,
        format!("is larger than {} bytes", limits.bytes),
    )
}

fn unsupported(
    operation: &Operation,
    declared: &RequestBody,
    content_type: Option<&str>,
) -> Rejection {
    let taken: Vec<&str> = declared
        .content
        .iter()
        .map(|media| media.media_type)
        .collect();
    let message = match content_type {
        Some(_) => format!("must have one of the media types {}", taken.join(", ")),
        None => format!(
            "has no Content-Type header, which must be one of {}",
            taken.join(", ")
        ),
    };
    Rejection::body(operation, Reason::UnsupportedMediaType, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every request moves the state of its handler several times.
    #[test]
    fn the_state_of_reading_a_body_is_small() {
        static OPERATION: Operation = Operation::get("", "/");
        let (headers, mut body) = (HeaderMap::new(), Body::empty());
        let limits = Limits {
            bytes: 1,
            deadline: Duration::from_secs(1),
            empty_is_absent: false,
        };
        let size = std::mem::size_of_val(&receive(&OPERATION, &headers, &mut body, limits));
        assert!(size < 900, "{size} bytes");
    }
}
