//! Compares two schemas: first the types of the values, and then the rules for these types.

use crate::flat::Flat;
use crate::types::Types;
use crate::walk::{Pair, Walk};
use crate::way::{Shift, Way};
use crate::{Kind, alternatives, arrays, bounds, documentation, objects, values};
use dropshot_codegen::model::SchemaObject;

/// Compares two schemas now. The schemas inside them are compared later.
pub fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>) {
    let (old, new) = (
        Flat::new(walk.old, &pair.old),
        Flat::new(walk.new, &pair.new),
    );
    documentation::of_schemas(walk, &old, &new, &pair.label);
    defaults(walk, pair, &old, &new);
    if alternatives::one_sided(walk, pair, &old, &new) {
        return;
    }
    if !types(walk, pair, &old, &new) {
        return;
    }
    let shared = |types: Types| old.types().meets(types) && new.types().meets(types);
    values::enumeration(walk, pair, &old, &new);
    if shared(Types::NUMBERS) {
        bounds::numbers(walk, pair, &old, &new);
    }
    if shared(Types::STRING) {
        bounds::lengths(walk, pair, &old, &new);
        values::patterns(walk, pair, &old, &new);
    }
    values::format(walk, pair, &old, &new);
    if shared(Types::ARRAY) {
        arrays::compare(walk, pair, &old, &new);
    }
    if shared(Types::OBJECT) {
        objects::compare(walk, pair, &old, &new);
    }
    alternatives::compare(walk, pair, &old, &new);
    alternatives::negations(walk, pair, &old, &new);
}

/// Compares the types. Returns true if the schemas have a type in common whose rules can be
/// compared.
fn types<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) -> bool {
    let (was, is) = (old.types(), new.types());
    let label = &pair.label;
    let says = |part: &SchemaObject| part.ty.is_some();
    let places = (Some(old.place(says)), Some(new.place(says)));
    let message = format!("{label} is {is}, no longer {was}");
    let (kind, shift) = match (is.within(was), was.within(is)) {
        (true, true) => {
            null(walk, pair, old, new);
            return true;
        }
        (true, false) => (Kind::TypeNarrowed, Shift::Narrowed),
        (false, true) => (Kind::TypeWidened, Shift::Widened),
        (false, false) => (Kind::TypeChanged, Shift::Moved),
    };
    walk.note(pair.way, kind, shift, places, message);
    // If one schema allows any type, everything that the other says belongs to this one change.
    if was == Types::ALL || is == Types::ALL || !was.meets(is) {
        return false;
    }
    null(walk, pair, old, new);
    true
}

fn null<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let says = |part: &SchemaObject| part.nullable;
    let places = (Some(old.place(says)), Some(new.place(says)));
    let label = &pair.label;
    match (old.null(), new.null()) {
        (true, false) => walk.note(
            pair.way,
            Kind::NullForbidden,
            Shift::Narrowed,
            places,
            format!("{label} may not be null any more"),
        ),
        (false, true) => walk.note(
            pair.way,
            Kind::NullAllowed,
            Shift::Widened,
            places,
            format!("{label} may be null"),
        ),
        _ => {}
    }
}

/// Compares defaults. In a request, a default replaces a value that the caller leaves out. In a
/// reply, it changes nothing.
fn defaults(walk: &mut Walk<'_>, pair: &Pair<'_>, old: &Flat<'_>, new: &Flat<'_>) {
    let was = old.first(|part| part.default.as_ref());
    let is = new.first(|part| part.default.as_ref());
    if was.map(|(value, _)| value) == is.map(|(value, _)| value) {
        return;
    }
    let shift = match (pair.way, was) {
        (Way::RECEIVES, _) | (_, None) => Shift::Tolerated,
        _ => Shift::Unknown,
    };
    let places = (
        Some(was.map_or(old.pointer, |(_, at)| at)),
        Some(is.map_or(new.pointer, |(_, at)| at)),
    );
    let shown = |said: Option<(&serde_json::Value, &str)>| {
        said.map_or_else(|| "none".to_owned(), |(value, _)| values::shown(value))
    };
    let message = format!(
        "the default of {} is {}, no longer {}",
        pair.label,
        shown(is),
        shown(was)
    );
    walk.note(pair.way, Kind::DefaultChanged, shift, places, message);
}
