//! A change that the comparison finds, and what it means to a caller.

use crate::kinds::Kind;
use serde::Serialize;

/// What a change means to a caller that was written against the old document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The caller may stop working.
    Breaking,
    /// The comparison can't tell whether the caller stops working. Treat this as breaking.
    Unclear,
    /// The caller works as before.
    Compatible,
    /// Nothing that is sent or received differs: the change is in descriptions, examples or names
    /// of components.
    Documentation,
}

/// The direction in which the changed part travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It is part of a request.
    CallerSends,
    /// It is part of a reply.
    CallerReceives,
}

/// One change from the old document to the new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The kind of the change.
    pub kind: Kind,
    /// What the change means to callers.
    pub effect: Effect,
    /// The direction in which the changed part travels. `None` if it is no part of a request or a
    /// reply.
    pub side: Option<Side>,
    /// The pointer of the changed part in the old document (RFC 6901). `None` if the old document
    /// doesn't have it.
    pub old: Option<String>,
    /// The pointer of the changed part in the new document. `None` if the new document doesn't have
    /// it.
    pub new: Option<String>,
    /// What changed, as a sentence with the old and the new value.
    pub message: String,
    /// Which callers are affected, and why. For an unclear change, what the comparison could not
    /// decide.
    pub affects: String,
    /// What the author of the document can do about it.
    pub advice: String,
    /// The operations that the change reaches, in the order of the document: the `operationId` in
    /// the new document, or in the old one if the operation is removed. Empty for a change of the
    /// document as a whole.
    pub operations: Vec<String>,
}

impl Change {
    /// Whether the change needs the author's consent: it is breaking, or unclear.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        matches!(self.effect, Effect::Breaking | Effect::Unclear)
    }
}
