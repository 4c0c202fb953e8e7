//! The generator's description of an operation, as static data.
//!
//! There is one [`Operation`] for each operation of the document. The router, the decoding of
//! requests and the export read it. Its words are those of `dropshot-vocabulary`, which the
//! generator takes from the document. This module decides nothing.

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
    /// The base path, if the path item or the operation has its own `servers`.
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
    /// `requestBody`. Without one, a request's body is never read.
    pub body: Option<RequestBody>,
    /// `responses`
    pub responses: &'static [Declared],
    /// `security`: alternatives, each a set of names of security schemes. If empty, no credentials
    /// are needed.
    pub security: &'static [&'static [&'static str]],
}

/// The part of a schema that is needed to read a value from the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Scalar,
    /// Values of one shape.
    Array(&'static Shape),
    /// The declared properties and their shapes. Empty for a free-form object.
    Object(&'static [(&'static str, Shape)]),
    /// No shape is declared, so it is read as one value.
    Any,
}

/// A parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// The name on the wire.
    pub name: &'static str,
    /// The part of the request that has the parameter.
    pub location: Location,
    /// `required`. Always true in a path.
    pub required: bool,
    /// `style`, or its default.
    pub style: Style,
    /// `explode`, or its default.
    pub explode: bool,
    /// The shape of its schema.
    pub shape: Shape,
    /// Whether the parameter is declared by `content: application/json` instead of `schema`. Then
    /// its text is a JSON document.
    pub json: bool,
    /// `description`
    pub description: Option<&'static str>,
    /// JSON pointer of the declaration in the document.
    pub pointer: &'static str,
    /// `deprecated`
    pub deprecated: bool,
}

/// The body that an operation accepts.
#[derive(Debug)]
pub struct RequestBody {
    /// `required`
    pub required: bool,
    /// The media types in the document's order. Never empty.
    pub content: &'static [Media],
}

/// A body in one media type.
#[derive(Debug)]
pub struct Media {
    /// The media type as the document writes it: `application/json`, `text/*`, `application/json;
    /// charset=utf-8`.
    pub media_type: &'static str,
    /// How the body is read.
    pub kind: MediaKind,
    /// The properties of a form or multipart body. Empty for every other kind.
    pub fields: &'static [Field],
}

/// A property of a form or multipart body.
#[derive(Debug)]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// The shape of its schema.
    pub shape: Shape,
    /// `encoding.style`, or its default.
    pub style: Style,
    /// `encoding.explode`, or its default.
    pub explode: bool,
    /// `encoding.contentType`, or the default that its schema implies. `None` for text.
    pub content_type: Option<&'static str>,
}

/// A response that the document declares.
#[derive(Debug)]
pub struct Declared {
    /// The key under `responses`.
    pub status: Status,
    /// `description`
    pub description: &'static str,
    /// The keys of `content`. Empty for a response without a body.
    pub media_types: &'static [&'static str],
    /// `headers`
    pub headers: &'static [DeclaredHeader],
}

/// A header of a declared response.
#[derive(Debug)]
pub struct DeclaredHeader {
    /// The name as the document writes it.
    pub name: &'static str,
    /// `required`
    pub required: bool,
}

impl Operation {
    /// An operation without parameters, body and credentials.
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

    /// A GET without parameters, body and credentials.
    #[must_use]
    pub const fn get(id: &'static str, path: &'static str) -> Self {
        Self::new(Method::GET, id, path)
    }

    /// The declared parameter of this name.
    #[must_use]
    pub fn parameter(&self, location: Location, name: &str) -> Option<&'static Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.is(location, name))
    }
}

impl Parameter {
    /// Whether the parameter has this place and name. Case makes no difference in header names (RFC
    /// 9110, 5.1).
    pub(crate) fn is(&self, location: Location, name: &str) -> bool {
        self.location == location
            && match location {
                Location::Header => self.name.eq_ignore_ascii_case(name),
                _ => self.name == name,
            }
    }
}
