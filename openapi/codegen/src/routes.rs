//! Finds paths that a router can't tell apart.

use crate::Refusals;
use crate::codes;
use crate::model::Operation;
use std::collections::HashMap;

/// Refuses two operations of one method whose templates match the same paths, such as `/x/{a}` and
/// `/x/{b}`. OpenAPI calls such templates identical, and any choice between them would be wrong.
pub fn check(operations: &[Operation], refusals: &mut Refusals<'_>) {
    let mut seen: HashMap<(&str, String), &Operation> = HashMap::new();
    for operation in operations {
        let base = operation.base_path.as_deref().unwrap_or_default();
        let shape = format!("{base}{}", shape(&operation.path));
        if let Some(first) = seen.insert((&operation.method, shape), operation) {
            refusals.error(
                codes::INDISTINGUISHABLE,
                &operation.pointer,
                &format!(
                    "`{} {}` can't be told from `{} {}` at {}: their paths differ only in the names of variables",
                    operation.method, operation.path, first.method, first.path, first.pointer
                ),
                "give one of them a literal segment of its own, or make them one operation",
            );
        }
    }
}

/// The template without the names of its variables.
fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    let mut variable = false;
    for c in path.chars() {
        match c {
            '{' => {
                variable = true;
                shape.push_str("{}");
            }
            '}' => variable = false,
            _ if variable => {}
            c => shape.push(c),
        }
    }
    shape
}
