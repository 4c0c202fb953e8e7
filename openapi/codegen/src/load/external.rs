//! Parts of other files in the document's folder, brought into the document.

use super::{Remark, Sources};
use serde_json::Value;

/// Brings in what the document's references to other files lead to, and rewrites the references.
pub(crate) fn bring_in(_document: &mut Value, _sources: &mut Sources) -> Vec<Remark> {
    Vec::new()
}
