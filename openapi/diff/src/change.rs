//! What the comparison finds: one change, and what it means to a caller.

use crate::kinds::Kind;
use serde::Serialize;

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
