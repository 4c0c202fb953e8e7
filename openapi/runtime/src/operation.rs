//! What the generator knows about an operation, as static data.
//!
//! Owns the vocabulary: one [`Operation`] for each operation of the document, read by the router,
//! by the decoding of requests and by the export. Decides nothing.

use http::Method;

/// One operation of the document.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`, or the name that the generator made for it.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path template as the document writes it, without a base path.
    pub path: &'static str,
    /// The base path where the path item or the operation has `servers` of its own.
    pub base_path: Option<&'static str>,
    /// JSON pointer of the operation in the document.
    pub pointer: &'static str,
    /// `tags`
    pub tags: &'static [&'static str],
    /// `summary`
    pub summary: Option<&'static str>,
    /// `description`
    pub description: Option<&'static str>,
    /// `deprecated`
    pub deprecated: bool,
    /// The path item's and the operation's own parameters.
    pub parameters: &'static [Parameter],
    /// `requestBody`; without one, a request's body is never read.
    pub body: Option<RequestBody>,
    /// `responses`
    pub responses: &'static [Declared],
    /// Alternatives, each a set of names of security schemes. Empty: nothing is asked.
    pub security: &'static [&'static [&'static str]],
}

/// Which part of a request something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// A variable of the path template.
    Path,
    /// The query string.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The body. Never the location of a [`Parameter`].
    Body,
}

impl Location {
    /// As the document writes it: `path`, `query`, `header`, `cookie`, `body`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }
}

/// How a parameter's value is written (OpenAPI 3.0.3, Style Values).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
}

/// As much of a schema as is needed to take a value off the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Scalar,
    /// Values of one shape.
    Array(&'static Shape),
    /// The declared properties and their shapes; none for a free-form object.
    Object(&'static [(&'static str, Shape)]),
    /// No shape is declared: taken as one value.
    Any,
}

/// A parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// As on the wire.
    pub name: &'static str,
    /// Where it stands.
    pub location: Location,
    /// `required`; always true in a path.
    pub required: bool,
    /// `style`, the default filled in.
    pub style: Style,
    /// `explode`, the default filled in.
    pub explode: bool,
    /// The shape of its schema.
    pub shape: Shape,
    /// Whether it is declared by `content: application/json` instead of `schema`: its text is a
    /// JSON document.
    pub json: bool,
    /// `description`
    pub description: Option<&'static str>,
    /// JSON pointer of its declaration.
    pub pointer: &'static str,
    /// `deprecated`
    pub deprecated: bool,
}

/// What an operation takes as its body.
#[derive(Debug)]
pub struct RequestBody {
    /// `required`
    pub required: bool,
    /// In the document's order; never empty.
    pub content: &'static [Media],
}

/// A body in one media type.
#[derive(Debug)]
pub struct Media {
    /// As written: `application/json`, `text/*`, `application/json; charset=utf-8`.
    pub media_type: &'static str,
    /// How it is read.
    pub kind: MediaKind,
    /// The properties of a form or multipart body; empty for every other kind.
    pub fields: &'static [Field],
}

/// How the bytes of a body become values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// RFC 8259.
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
    /// UTF-8 text, handed over as it is.
    Text,
    /// XML, handed over as UTF-8 text.
    Xml,
    /// Handed over as it is.
    Bytes,
}

/// One property of a form or multipart body.
#[derive(Debug)]
pub struct Field {
    /// As on the wire.
    pub name: &'static str,
    /// The shape of its schema.
    pub shape: Shape,
    /// `encoding.style`, the default filled in.
    pub style: Style,
    /// `encoding.explode`, the default filled in.
    pub explode: bool,
    /// `encoding.contentType`, or the default that its schema implies; `None`: text.
    pub content_type: Option<&'static str>,
}

/// Which status codes a response stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// `200`
    Code(u16),
    /// `4XX`, by its first digit.
    Range(u8),
    /// `default`
    Default,
}

/// A response that the document declares.
#[derive(Debug)]
pub struct Declared {
    /// The key under `responses`.
    pub status: Status,
    /// `description`
    pub description: &'static str,
    /// The keys of `content`; empty for a response without a body.
    pub media_types: &'static [&'static str],
    /// `headers`
    pub headers: &'static [DeclaredHeader],
}

/// A header of a declared response.
#[derive(Debug)]
pub struct DeclaredHeader {
    /// As written.
    pub name: &'static str,
    /// `required`
    pub required: bool,
}

impl Operation {
    /// The declared parameter of that name.
    #[must_use]
    pub fn parameter(&self, location: Location, name: &str) -> Option<&'static Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.is(location, name))
    }
}

impl Parameter {
    /// Whether it is the one of that place and name; header names are compared without case (RFC
    /// 9110, 5.1).
    pub(crate) fn is(&self, location: Location, name: &str) -> bool {
        self.location == location
            && match location {
                Location::Header => self.name.eq_ignore_ascii_case(name),
                _ => self.name == name,
            }
    }
}
