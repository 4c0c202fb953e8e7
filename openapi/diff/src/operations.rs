//! Pairs old operations with new ones, and compares each pair as a whole.

use crate::walk::Walk;
use crate::{Effect, Kind, documentation, replies, requests, security};
use dropshot_codegen::model::{Document, Operation};
use std::collections::{HashMap, HashSet};

/// Compares every operation.
pub fn compare<'d>(walk: &mut Walk<'d>) {
    let (old, new) = (walk.old, walk.new);
    if old.base_path != new.base_path {
        let message = format!(
            "operations are below `{}/`, no longer `{}/`",
            new.base_path, old.base_path
        );
        walk.note_plain(
            Kind::BasePathChanged,
            Effect::Breaking,
            (Some("/servers"), Some("/servers")),
            message,
        );
    }
    let pairs = pair(old, new);
    for operation in &new.operations {
        walk.enter(&operation.id);
        match pairs.get(operation.pointer.as_str()) {
            Some(before) => one(walk, before, operation),
            None => walk.note_plain(
                Kind::OperationAdded,
                Effect::Compatible,
                (None, Some(&operation.pointer)),
                format!("{} is new", named(operation)),
            ),
        }
    }
    let kept: HashSet<&str> = pairs.values().map(|old| old.pointer.as_str()).collect();
    for operation in &old.operations {
        if !kept.contains(operation.pointer.as_str()) {
            walk.enter(&operation.id);
            walk.note_plain(
                Kind::OperationRemoved,
                Effect::Breaking,
                (Some(&operation.pointer), None),
                format!("{} is gone", named(operation)),
            );
        }
    }
    walk.leave();
}

/// The old operation of each new one, by the new one's pointer. It is the one with the same
/// address, or else the one with the same id.
fn pair<'d>(old: &'d Document, new: &'d Document) -> HashMap<&'d str, &'d Operation> {
    let by_address: HashMap<_, _> = old.operations.iter().map(|o| (address(o), o)).collect();
    let mut pairs: HashMap<&str, &Operation> = HashMap::new();
    let mut taken = HashSet::new();
    for operation in &new.operations {
        if let Some(before) = by_address.get(&address(operation))
            && taken.insert(before.pointer.as_str())
        {
            pairs.insert(&operation.pointer, before);
        }
    }
    let by_id: HashMap<_, _> = old.operations.iter().map(|o| (o.id.as_str(), o)).collect();
    for operation in &new.operations {
        if !pairs.contains_key(operation.pointer.as_str())
            && let Some(before) = by_id.get(operation.id.as_str())
            && taken.insert(before.pointer.as_str())
        {
            pairs.insert(&operation.pointer, before);
        }
    }
    pairs
}

/// An operation's method, base path and path. The names of path parameters are left out, since they
/// are not on the wire.
fn address(operation: &Operation) -> (&str, Option<&str>, String) {
    let mut path = String::with_capacity(operation.path.len());
    for (index, part) in operation.path.split('{').enumerate() {
        match part.split_once('}') {
            Some((_, rest)) if index > 0 => {
                path.push_str("{}");
                path.push_str(rest);
            }
            _ => path.push_str(part),
        }
    }
    (&operation.method, operation.base_path.as_deref(), path)
}

fn one<'d>(walk: &mut Walk<'d>, old: &'d Operation, new: &'d Operation) {
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    if address(old) != address(new) {
        let full = |operation: &Operation| {
            let base = operation.base_path.as_deref().unwrap_or_default();
            format!("{} {base}{}", operation.method, operation.path)
        };
        let message = format!("`{}` is {}, no longer {}", new.id, full(new), full(old));
        walk.note_plain(Kind::OperationMoved, Effect::Breaking, places, message);
    }
    if old.id != new.id {
        let message = format!("`{}` is called `{}`", old.id, new.id);
        walk.note_plain(Kind::OperationRenamed, Effect::Compatible, places, message);
    }
    if old.deprecated != new.deprecated {
        documentation::deprecation(walk, new.deprecated, places, &named(new));
    }
    requests::parameters(walk, old, new);
    requests::body(walk, old, new);
    replies::compare(walk, old, new);
    security::compare(walk, old, new);
    documentation::of_operation(walk, old, new);
}

fn named(operation: &Operation) -> String {
    format!(
        "`{}` ({} {})",
        operation.id, operation.method, operation.path
    )
}
