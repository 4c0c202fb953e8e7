//! Finds schemas that consist of themselves: cycles of references, and cycles of `allOf`, `oneOf`,
//! `anyOf`, `not`, `if` and other keywords about the same value. Recursion through properties and
//! items is allowed.

use super::{At, Reader};
use crate::codes;
use crate::model::{Additional, Schema, SchemaObject};
use indexmap::IndexMap;
use std::collections::HashSet;

type Schemas = IndexMap<String, Schema>;

impl Reader<'_> {
    /// Reports each schema on such a cycle.
    pub fn check_cycles(&self, schemas: &Schemas) {
        let grounded = grounded(schemas);
        let on_cycle = on_cycle(schemas);
        for (name, schema) in schemas {
            let at = At::Pointer(schema.pointer());
            if let Schema::Ref { .. } = schema {
                if !grounded.contains(name.as_str()) {
                    let message = format!(
                        "the schema `{name}` is a reference that leads in a cycle of references"
                    );
                    self.error(
                        codes::REFERENCE_CYCLE,
                        &at,
                        message,
                        "let one of them be a schema",
                    );
                }
            } else if on_cycle.contains(name.as_str()) || !grounded.contains(name.as_str()) {
                let message = format!(
                    "the schema `{name}` is composed of itself: `allOf`, `oneOf`, `anyOf`, `not` or `if` in a cycle"
                );
                self.error(
                    codes::COMPOSITION_CYCLE,
                    &at,
                    message,
                    "recursion goes through `properties` or `items`",
                );
            }
        }
    }
}

/// The schemas that have a constraint of their own, or get one from a schema that has.
fn grounded(schemas: &Schemas) -> HashSet<&str> {
    let mut grounded: HashSet<&str> = HashSet::new();
    // Maps a schema to the schemas that depend on it, so that each reference is followed once.
    let mut waiting: IndexMap<&str, Vec<&str>> = IndexMap::new();
    let mut found = Vec::new();
    for (name, schema) in schemas {
        let mut references = Vec::new();
        if says_something(schema, &mut references) {
            found.push(name.as_str());
        }
        for reference in references {
            waiting.entry(reference).or_default().push(name);
        }
    }
    while let Some(name) = found.pop() {
        if grounded.insert(name) {
            found.extend(waiting.get(name).into_iter().flatten());
        }
    }
    grounded
}

/// Whether a schema has more than a composition of others. Collects the references of the
/// composition.
fn says_something<'s>(schema: &'s Schema, references: &mut Vec<&'s str>) -> bool {
    match schema {
        Schema::Ref { target, .. } => {
            references.push(target);
            false
        }
        Schema::Inline(object) => {
            let mut parts = object
                .all_of
                .iter()
                .chain(&object.one_of)
                .chain(&object.any_of)
                .peekable();
            if parts.peek().is_none() || has_keywords(object) {
                return true;
            }
            // This must not stop at the first match, because all references are needed.
            let says: Vec<bool> = parts.map(|part| says_something(part, references)).collect();
            says.contains(&true)
        }
    }
}

fn has_keywords(object: &SchemaObject) -> bool {
    object.ty.is_some()
        || object.enumeration.is_some()
        || object.items.is_some()
        || object.not.is_some()
        || !object.properties.is_empty()
        || !object.required.is_empty()
        || !matches!(object.additional, Additional::Unspecified)
}

/// The schemas to which a chain of compositions leads back. A value of such a schema would be
/// checked without end.
fn on_cycle(schemas: &Schemas) -> HashSet<&str> {
    let edges: Vec<Vec<usize>> = schemas
        .values()
        .map(|schema| {
            let mut targets = Vec::new();
            targets_in_place(schema, &mut targets);
            targets
                .into_iter()
                .filter_map(|target| schemas.get_index_of(target))
                .collect()
        })
        .collect();
    let names: Vec<&str> = schemas.keys().map(String::as_str).collect();
    components(&edges)
        .into_iter()
        .map(|node| names[node])
        .collect()
}

fn targets_in_place<'s>(schema: &'s Schema, targets: &mut Vec<&'s str>) {
    if let Schema::Inline(object) = schema {
        let parts = object
            .all_of
            .iter()
            .chain(&object.one_of)
            .chain(&object.any_of)
            .chain(&object.not)
            .chain(&object.in_place);
        for part in parts {
            match part {
                Schema::Ref { target, .. } => targets.push(target),
                Schema::Inline(_) => targets_in_place(part, targets),
            }
        }
    }
}

/// The nodes of a graph that lie on a cycle. It removes nodes without incoming or outgoing edges
/// until none is left. A node between two cycles stays too, because it is composed of one of them.
fn components(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut backwards = vec![Vec::new(); edges.len()];
    for (node, targets) in edges.iter().enumerate() {
        targets
            .iter()
            .for_each(|target| backwards[*target].push(node));
    }
    let mut left = vec![true; edges.len()];
    for (forward, backward) in [(edges, backwards.as_slice()), (backwards.as_slice(), edges)] {
        let mut degree: Vec<usize> = forward
            .iter()
            .map(|targets| targets.iter().filter(|target| left[**target]).count())
            .collect();
        let mut free: Vec<usize> = (0..edges.len())
            .filter(|node| left[*node] && degree[*node] == 0)
            .collect();
        while let Some(node) = free.pop() {
            left[node] = false;
            for &source in backward[node].iter().filter(|source| left[**source]) {
                degree[source] -= 1;
                if degree[source] == 0 {
                    free.push(source);
                }
            }
        }
    }
    (0..edges.len()).filter(|node| left[*node]).collect()
}
