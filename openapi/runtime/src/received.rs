//! A request whose body was read, and from which generated types are decoded.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::form;
use crate::multipart::{self, Part};
use crate::operation::{Location, MediaKind, Operation, RequestBody};
use crate::pairs::Pairs;
use crate::template::Template;
use crate::{Invalid, Node, Reason, Rejection, union};

/// A request to an operation. Every refusal names the parameter or the place in the body.
#[derive(Debug)]
pub struct Received {
    pub(crate) operation: &'static Operation,
    pub(crate) parts: Parts,
    pub(crate) path: Path,
    pub(crate) query: Option<Pairs>,
    pub(crate) cookies: Option<Cookies>,
    /// The index of the parameter after the last one that was read.
    pub(crate) asked: usize,
    /// `WWW-Authenticate`: a challenge for each scheme that the operation asked for.
    pub(crate) challenges: Vec<Cow<'static, str>>,
    content: Content,
    empty_is_absent: bool,
}

/// The values of a path template's variables in one request.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) template: Arc<Template>,
    /// The byte range in the raw path for each variable, in the template's order.
    pub(crate) captures: Vec<Range<usize>>,
}

/// The text of all `Cookie` headers, and its pairs.
#[derive(Debug)]
pub(crate) struct Cookies {
    pub(crate) text: String,
    pub(crate) pairs: Pairs,
}

/// The body that was read.
#[derive(Debug)]
pub(crate) enum Content {
    /// The request has no body, or the operation accepts none.
    None,
    Bytes {
        media: usize,
        bytes: Bytes,
    },
    Parts {
        media: usize,
        parts: Vec<Part>,
    },
}

impl Received {
    pub(crate) fn new(
        operation: &'static Operation,
        path: Path,
        parts: Parts,
        content: Content,
        empty_is_absent: bool,
    ) -> Self {
        Self {
            operation,
            parts,
            path,
            query: None,
            cookies: None,
            asked: 0,
            challenges: Vec::new(),
            content,
            empty_is_absent,
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The URI as the caller sent it.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Reads a required parameter.
    ///
    /// # Errors
    /// [`Reason::MissingParameter`], [`Reason::RepeatedParameter`], [`Reason::MalformedEncoding`],
    /// and those of `decode`
    pub fn required<T>(
        &mut self,
        location: Location,
        name: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<T, Rejection> {
        match self.value(location, name)? {
            Some(node) => decode(node).map_err(|invalid| self.refuse(location, name, &invalid)),
            None => Err(Rejection::new(
                self.operation,
                Reason::MissingParameter,
                Some(location),
                name,
                "is missing",
            )),
        }
    }

    /// Reads a parameter that may be left out.
    ///
    /// # Errors
    /// [`Reason::RepeatedParameter`], [`Reason::MalformedEncoding`], and those of `decode`
    pub fn optional<T>(
        &mut self,
        location: Location,
        name: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Rejection> {
        let node = self.value(location, name)?;
        node.map(decode)
            .transpose()
            .map_err(|invalid| self.refuse(location, name, &invalid))
    }

    /// Reads a parameter with a default, which is given as JSON text.
    ///
    /// # Errors
    /// [`Reason::RepeatedParameter`], [`Reason::MalformedEncoding`], and those of `decode`
    pub fn or_default<T>(
        &mut self,
        location: Location,
        name: &str,
        default: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<T, Rejection> {
        let node = match self.value(location, name)? {
            Some(node) => Ok(node),
            None => Node::from_json(default.as_bytes()),
        };
        node.and_then(decode)
            .map_err(|invalid| self.refuse(location, name, &invalid))
    }

    fn value(&mut self, location: Location, name: &str) -> Result<Option<Node>, Rejection> {
        union::refill();
        self.parameter(location, name)
            .map_err(|invalid| self.refuse(location, name, &invalid))
    }

    pub(crate) fn refuse(&self, location: Location, name: &str, invalid: &Invalid) -> Rejection {
        Rejection::invalid(self.operation, location, name, invalid)
    }

    /// The index of the body's media type among the operation's. `None` without a body.
    #[must_use]
    pub fn media(&self) -> Option<usize> {
        match self.content {
            Content::None => None,
            Content::Bytes { media, .. } | Content::Parts { media, .. } => Some(media),
        }
    }

    /// Reads a required body.
    ///
    /// # Errors
    /// [`Reason::MissingBody`], [`Reason::MalformedBody`], and those of `decode`
    pub fn body<T>(&mut self, decode: fn(Node) -> Result<T, Invalid>) -> Result<T, Rejection> {
        match self.optional_body(decode)? {
            Some(body) => Ok(body),
            None => Err(self.missing_body()),
        }
    }

    /// Reads a body that may be left out.
    ///
    /// # Errors
    /// [`Reason::MalformedBody`], and those of `decode`
    pub fn optional_body<T>(
        &mut self,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Rejection> {
        let node = self.body_node()?;
        node.map(decode)
            .transpose()
            .map_err(|invalid| self.refuse(Location::Body, "", &invalid))
    }

    /// The refusal of a request without a required body.
    #[must_use]
    pub fn missing_body(&self) -> Rejection {
        Rejection::body(self.operation, Reason::MissingBody, "is missing")
    }

    fn body_node(&mut self) -> Result<Option<Node>, Rejection> {
        union::refill();
        let content = std::mem::replace(&mut self.content, Content::None);
        let Some(body) = &self.operation.body else {
            return Ok(None);
        };
        let node = match content {
            Content::None => return Ok(None),
            Content::Parts { media, parts } => multipart::read(
                parts,
                body.content.get(media).map_or(&[], |media| media.fields),
            ),
            Content::Bytes { media, bytes } => node(body, media, bytes, self.empty_is_absent),
        };
        node.map(Some)
            .map_err(|invalid| self.refuse(Location::Body, "", &invalid))
    }
}

fn node(
    body: &RequestBody,
    media: usize,
    bytes: Bytes,
    empty_is_absent: bool,
) -> Result<Node, Invalid> {
    let Some(media) = body.content.get(media) else {
        return Ok(Node::Bytes(bytes));
    };
    match media.kind {
        MediaKind::Json => Node::from_json(&bytes),
        MediaKind::Form => form::read(&bytes, media.fields, empty_is_absent),
        MediaKind::Text | MediaKind::Xml => crate::node::utf8(&bytes).map(Node::Text),
        MediaKind::Bytes | MediaKind::Multipart => Ok(Node::Bytes(bytes)),
    }
}
