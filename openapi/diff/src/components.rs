//! Compares components by name: new ones, removed ones, and ones whose change no operation shows.

use crate::documentation::differing;
use crate::walk::Walk;
use crate::{Effect, Kind};
use dropshot_vocabulary::pointer::join;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Compares components by name. Their meaning is compared where operations use them.
pub fn compare(walk: &mut Walk<'_>) {
    let (old, new) = (&walk.old.value, &walk.new.value);
    let empty = Map::new();
    let of = |document: &'_ Value| {
        document
            .get("components")
            .and_then(Value::as_object)
            .cloned()
    };
    let (was, is) = (of(old).unwrap_or_default(), of(new).unwrap_or_default());
    let noted: HashSet<String> = walk.noted().filter_map(component_of).collect();
    let sections: Vec<&String> = was
        .keys()
        .chain(is.keys().filter(|name| !was.contains_key(*name)))
        .collect();
    for section in sections {
        let entries = |components: &Map<String, Value>| {
            components.get(section).and_then(Value::as_object).cloned()
        };
        let (was, is) = (
            entries(&was).unwrap_or_else(|| empty.clone()),
            entries(&is).unwrap_or_else(|| empty.clone()),
        );
        for name in differing(&was, &is, &[]) {
            let pointer = join(&format!("/components/{section}"), name);
            let place = |entries: &Map<String, Value>| {
                entries.contains_key(name).then_some(pointer.as_str())
            };
            let (kind, how) = match (place(&was), place(&is)) {
                (Some(_), None) => (Kind::ComponentRemoved, "is gone"),
                (None, _) => (Kind::ComponentAdded, "is new"),
                _ if noted.contains(&pointer) => continue,
                _ => (
                    Kind::ComponentChanged,
                    "changed; no operation shows more of it",
                ),
            };
            let message = format!("`{name}` of components.{section} {how}");
            walk.note_plain(
                kind,
                Effect::Documentation,
                (place(&was), place(&is)),
                message,
            );
        }
    }
}

/// The component that a pointer leads into.
fn component_of(pointer: &str) -> Option<String> {
    let rest = pointer.strip_prefix("/components/")?;
    let mut tokens = rest.splitn(3, '/');
    Some(format!("/components/{}/{}", tokens.next()?, tokens.next()?))
}
