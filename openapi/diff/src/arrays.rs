//! Compares arrays and their items.

use crate::Kind;
use crate::bounds::count;
use crate::flat::{At, Flat};
use crate::walk::{Pair, Walk};
use crate::way::Shift;

/// Compares arrays.
pub fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    count(walk, pair, "minItems", (old, new), true, |part| {
        part.min_items
    });
    count(walk, pair, "maxItems", (old, new), false, |part| {
        part.max_items
    });
    let unique = |flat: &Flat<'d>| flat.parts.iter().any(|part| part.unique_items);
    let places = (Some(old.pointer), Some(new.pointer));
    match (unique(old), unique(new)) {
        (false, true) => walk.note(
            pair.way,
            Kind::BoundNarrowed,
            Shift::Narrowed,
            places,
            format!("no item of {} may come twice", pair.label),
        ),
        (true, false) => walk.note(
            pair.way,
            Kind::BoundWidened,
            Shift::Widened,
            places,
            format!("items of {} may come twice", pair.label),
        ),
        _ => {}
    }
    let items = |flat: &Flat<'d>| {
        let schemas: Vec<_> = flat
            .parts
            .iter()
            .filter_map(|part| part.items.as_ref())
            .collect();
        let pointer = schemas
            .first()
            .map_or(flat.pointer, |schema| schema.pointer());
        At { pointer, schemas }
    };
    walk.schemas(Pair {
        way: pair.way,
        old: items(old),
        new: items(new),
        label: format!("an item of {}", pair.label),
    });
}
