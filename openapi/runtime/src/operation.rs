//! What the generator knows about an operation, as static data.
//!
//! One [`Operation`] for each operation of the document, read by the router, by the decoding of
//! requests and by the export. Its words are those of `dropshot-vocabulary`, which the generator
//! reads from the document. Decides nothing.

use http::Method;

pub use dropshot_vocabulary::{Location, MediaKind, Status, Style};

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
    /// An operation that takes nothing: no parameter, no body, no credentials.
    ///
    /// ```
    /// use dropshot_contract::{Operation, http::Method};
    ///
    /// static PING: Operation = Operation::new(Method::POST, "ping", "/ping");
    /// ```
    #[must_use]
    pub const fn new(method: Method, id: &'static str, path: &'static str) -> Self {
        Self {
            id,
            method,
            path,
            base_path: None,
            pointer: "",
            tags: &[],
            summary: None,
            description: None,
            deprecated: false,
            parameters: &[],
            body: None,
            responses: &[],
            security: &[],
        }
    }

    /// A GET that takes nothing.
    #[must_use]
    pub const fn get(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::GET, id, path)
    }

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
