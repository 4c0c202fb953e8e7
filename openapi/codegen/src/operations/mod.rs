//! The operations of a document: their requests, their replies, and the trait that handlers
//! implement.
//!
//! [`lower`] decides names and types. [`request`], [`reply`], [`security`], [`statics`] and
//! [`traits`] each write one part of the generated code from them. [`crate::types`] owns the types.

mod echo;
mod lower;
mod reply;
mod request;
mod security;
mod shape;
mod statics;
mod traits;

pub use security::Credentials;
pub use traits::Group;

use crate::model::{self, MediaKind};
use crate::types::TypeExpr;

/// An operation with its Rust names and types.
pub struct Operation<'d> {
    /// The operation in the document.
    pub source: &'d model::Operation,
    /// The trait's method: `get_pet`.
    pub method: String,
    /// The static that describes it: `GET_PET`.
    pub constant: String,
    /// `GetPetRequest`
    pub request: String,
    /// `GetPetReply`
    pub reply: String,
    /// The request's parameters, in the document's order.
    pub parameters: Vec<Parameter<'d>>,
    /// The request's body.
    pub body: Option<Body<'d>>,
    /// The index of its credentials in [`Operations::credentials`].
    pub credentials: Option<usize>,
    /// Its replies, in the document's order.
    pub variants: Vec<Variant<'d>>,
}

/// All operations of a document.
pub struct Operations<'d> {
    /// In the document's order.
    pub all: Vec<Operation<'d>>,
    /// Each distinct set of alternatives that operations require.
    pub credentials: Vec<Credentials>,
}

/// A parameter as a field of the request.
pub struct Parameter<'d> {
    /// The parameter in the document.
    pub source: &'d model::Parameter,
    /// The field's name.
    pub field: String,
    /// Its type if it is present.
    pub ty: TypeExpr,
    /// `default`, as JSON text.
    pub default: Option<String>,
    /// Whether it must be present.
    pub required: bool,
    /// Whether it is the header parameter called `authorization`. Its value must not be printed.
    pub secret: bool,
}

/// A body as a field of the request.
pub struct Body<'d> {
    /// The body in the document.
    pub source: &'d model::RequestBody,
    /// The enum of its media types. `None` if it has only one.
    pub choice: Option<String>,
    /// One form for each media type.
    pub forms: Vec<Form<'d>>,
}

/// A body in one media type.
pub struct Form<'d> {
    /// The media type in the document.
    pub source: &'d model::Media,
    /// How it is read or written.
    pub kind: MediaKind,
    /// The variant in the enum of media types.
    pub variant: String,
    /// The type of its content. `None` for bytes.
    pub ty: Option<TypeExpr>,
}

/// The reply of an operation with one status, or with a range of statuses.
pub struct Variant<'d> {
    /// The response in the document.
    pub source: &'d model::Response,
    /// The enum's variant: `NotFound`.
    pub name: String,
    /// The enum of its media types. `None` if it has only one.
    pub choice: Option<String>,
    /// One form for each media type. Empty for a reply without a body.
    pub forms: Vec<Form<'d>>,
    /// The headers: the document's header, the field's name, and the type if `Display` can write
    /// it. A header without a type is text.
    pub headers: Vec<(&'d model::Header, String, Option<TypeExpr>)>,
}

/// A Rust string literal.
fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// `Some("…")` or `None`.
fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "None".to_owned(), |text| format!("Some({text:?})"))
}
