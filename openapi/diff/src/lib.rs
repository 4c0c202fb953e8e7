//! Compares two OpenAPI 3.0 documents by what they mean to callers.
//!
//! A caller was written against the old document. It now meets a service that follows the new one.
//! The service must still accept what the caller sends, so a request may only become wider. The
//! caller must still understand what it receives, so a reply may only become narrower. [`walk`]
//! applies that rule to every pair of schemas that both documents reach. It visits each pair once.
//! So recursive schemas end, and the time grows in proportion to the size of a document. Each other
//! module knows one part of a document.
//!
//! # Features
//!
//! - Every difference is one [`Change`]. It has a stable code ([`Kind`]), its place in both
//!   documents, its effect, and the operations that it reaches.
//! - Names that are not on the wire make no difference, such as the name of a component. Nor does
//!   it matter whether an `allOf` is written out.
//! - A difference that can't be decided (whether two patterns accept the same texts, for example)
//!   is [`Effect::Unclear`]. It is never left out.
//!
//! # Non-features
//!
//! - The behaviour of a service: only documents are compared.
//! - Reading documents: they come from [`dropshot_codegen::load()`], with their overlays applied.
//!   Oxide's `drift` compares documents without overlays and without security, and leaves most
//!   changes of a schema unjudged. So this crate compares the generator's own model.
//!
//! # Example
//!
//! ```
//! use dropshot_codegen::load::load_bytes;
//! use dropshot_diff::{Effect, compare};
//! use std::path::Path;
//!
//! let document = |limit: u32| {
//!     let text = format!(
//!         "openapi: 3.0.3
//! info: {{title: Pets, version: '1'}}
//! paths:
//!   /pets:
//!     get:
//!       operationId: listPets
//!       parameters:
//!         - {{name: limit, in: query, schema: {{type: integer, maximum: {limit}}}}}
//!       responses: {{'200': {{description: The pets}}}}
//! "
//!     );
//!     load_bytes(Path::new("pets.yaml"), text.as_bytes(), None).map(|loaded| loaded.document)
//! };
//! let changes = compare(&document(100)?, &document(50)?);
//! assert_eq!(changes.len(), 1);
//! assert_eq!(changes[0].kind.code(), "bound-narrowed");
//! assert_eq!(changes[0].effect, Effect::Breaking);
//! assert_eq!(changes[0].operations, ["listPets"]);
//! # Ok::<(), dropshot_codegen::diagnostics::Findings>(())
//! ```

mod alternatives;
mod arrays;
mod bounds;
mod change;
mod components;
mod discriminators;
mod documentation;
mod flat;
mod kinds;
mod likeness;
mod media;
mod objects;
mod operations;
mod replies;
mod requests;
mod schemas;
mod security;
mod types;
mod values;
mod walk;
mod way;
mod words;

pub use change::{Change, Effect, Side};
pub use kinds::Kind;

use dropshot_codegen::model::Document;

/// Every change from the old document to the new: breaking ones first, then in the document's
/// order.
#[must_use]
pub fn compare(old: &Document, new: &Document) -> Vec<Change> {
    let mut walk = walk::Walk::new(old, new);
    operations::compare(&mut walk);
    walk.run(schemas::compare);
    documentation::of_document(&mut walk);
    components::compare(&mut walk);
    walk.finish()
}
