//! The operations of a document: what each takes, what it may answer, and the trait that handlers
//! implement.
//!
//! [`lower`] decides names and types once; [`request`], [`reply`], [`security`], [`statics`] and
//! [`traits`] each write one part of the generated code from it. The types themselves are
//! [`crate::types`]' affair.

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
    /// As the document has it.
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
    /// What it may answer, in the document's order.
    pub variants: Vec<Variant<'d>>,
}

/// All operations of a document.
pub struct Operations<'d> {
    /// In the document's order.
    pub all: Vec<Operation<'d>>,
    /// Each distinct set of alternatives that operations ask for.
    pub credentials: Vec<Credentials>,
}

/// A parameter as a field of the request.
pub struct Parameter<'d> {
    /// As the document has it.
    pub source: &'d model::Parameter,
    /// The field.
    pub field: String,
    /// Its type when it is there.
    pub ty: TypeExpr,
    /// `default`, as JSON text.
    pub default: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// The header parameter called `authorization`: its value must not print.
    pub secret: bool,
}

/// A body as a field of the request.
pub struct Body<'d> {
    /// As the document has it.
    pub source: &'d model::RequestBody,
    /// The enum of its media types where it has several.
    pub choice: Option<String>,
    /// One a media type.
    pub forms: Vec<Form<'d>>,
}

/// A body in one media type.
pub struct Form<'d> {
    /// As the document has it.
    pub source: &'d model::Media,
    /// How it is read or written.
    pub kind: MediaKind,
    /// The variant in an enum of several media types.
    pub variant: String,
    /// What it holds; `None`: bytes.
    pub ty: Option<TypeExpr>,
}

/// What an operation answers with one status, or a range of them.
pub struct Variant<'d> {
    /// As the document has it.
    pub source: &'d model::Response,
    /// The enum's variant: `NotFound`.
    pub name: String,
    /// The enum of its media types where it has several.
    pub choice: Option<String>,
    /// One a media type; empty for a reply without a body.
    pub forms: Vec<Form<'d>>,
    /// The headers: the source, the field, the type, if `Display` can write it, else text.
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
