//! Two documents compared by what they mean to callers.
//!
//! A caller was written against the old document and meets a service that follows the new one. What
//! it sends must still be taken, so a request may only become wider; what it receives must still be
//! what it expects, so a reply may only become narrower. [`walk`] carries that rule to every pair
//! of schemas that both documents reach, each pair once, so that recursive schemas end and a large
//! document takes time in proportion to its size. The modules around it know one part of a document
//! each.
//!
//! What can't be decided (whether two patterns accept the same, say) is [`Effect::Unclear`], never
//! passed over. Oxide's `drift` compares without an overlay and without security, and leaves most
//! changes of a schema unjudged, which is why this compares the generator's own model.

mod alternatives;
mod arrays;
mod bounds;
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

use crate::model::Document;
use serde::{Serialize, Serializer};

pub use kinds::Kind;

/// What a change means to a caller that was written against the old document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It may stop working.
    Breaking,
    /// It can't be told whether it stops working; to be treated as breaking.
    Unclear,
    /// It works as before.
    Compatible,
    /// Nothing that is sent or received differs: descriptions, examples, names of components.
    Documentation,
}

/// Which way what changed travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// In a request.
    CallerSends,
    /// In a reply.
    CallerReceives,
}

/// One change from the old document to the new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What sort of change.
    pub kind: Kind,
    /// What it means to callers.
    pub effect: Effect,
    /// Which way what changed travels; `None` where it is not a part of a request or a reply.
    pub side: Option<Side>,
    /// Where it stands in the old document (RFC 6901); `None` where the old document has nothing of
    /// it.
    pub old: Option<String>,
    /// Where it stands in the new document.
    pub new: Option<String>,
    /// What changed, in a sentence with the old and the new values.
    pub message: String,
    /// Who is affected, and why; for an unclear change, what could not be decided.
    pub affects: String,
    /// What to do about it.
    pub advice: String,
    /// The operations that it reaches, by `operationId` in the new document (or the old, when
    /// removed), in the order of the document; empty for what concerns the document as a whole.
    pub operations: Vec<String>,
}

impl Change {
    /// Whether it must not pass unseen: breaking, or unclear.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        matches!(self.effect, Effect::Breaking | Effect::Unclear)
    }
}

/// Every change from the old document to the new: breaking ones first, then in the document's
/// order.
#[must_use]
pub fn compare(old: &Document, new: &Document) -> Vec<Change> {
    let mut walk = walk::Walk::new(old, new);
    operations::compare(&mut walk);
    walk.run();
    documentation::of_document(&mut walk);
    walk.finish()
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
