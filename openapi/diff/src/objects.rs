//! Compares objects and their properties.

use crate::bounds::count;
use crate::flat::{At, Flat};
use crate::requests::required;
use crate::walk::{Pair, Walk};
use crate::way::{Shift, Way};
use crate::{Kind, Side};
use indexmap::IndexMap;

/// Compares objects.
pub fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    count(walk, pair, "minProperties", (old, new), true, |part| {
        part.min_properties
    });
    count(walk, pair, "maxProperties", (old, new), false, |part| {
        part.max_properties
    });
    let (was, is) = (
        Object::new(walk, pair.way, true, old),
        Object::new(walk, pair.way, false, new),
    );
    for (name, before) in &was.properties {
        match is.properties.get(name) {
            Some(after) => {
                let label = label(name, pair);
                let places = (Some(before.pointer), Some(after.pointer));
                required(
                    walk,
                    pair.way,
                    (was.needs(name), is.needs(name)),
                    places,
                    &label,
                );
                walk.schemas(Pair {
                    way: pair.way,
                    old: before.clone(),
                    new: after.clone(),
                    label,
                });
            }
            None => removed(walk, pair, name, before, (&is, new)),
        }
    }
    for (name, after) in &is.properties {
        if !was.properties.contains_key(name) {
            added(walk, pair, name, after, (&was, &is, old));
        }
    }
    // Names that are required, but not described.
    for (name, at) in is
        .required
        .iter()
        .filter(|(name, _)| !is.all.contains_key(*name))
    {
        let before = was.needs(name);
        required(
            walk,
            pair.way,
            (before, true),
            (Some(old.pointer), Some(at)),
            &label(name, pair),
        );
    }
    for (name, at) in was
        .required
        .iter()
        .filter(|(name, _)| !was.all.contains_key(*name))
    {
        let after = is.needs(name);
        required(
            walk,
            pair.way,
            (true, after),
            (Some(at), Some(new.pointer)),
            &label(name, pair),
        );
    }
    others(walk, pair, old, new);
}

/// The properties of an object as they travel in one direction.
struct Object<'d> {
    all: IndexMap<&'d str, At<'d>>,
    /// The properties that travel in this direction: without `readOnly` ones in requests, and
    /// without `writeOnly` ones in replies.
    properties: IndexMap<&'d str, At<'d>>,
    required: IndexMap<&'d str, &'d str>,
    closed: bool,
}

impl<'d> Object<'d> {
    fn new(walk: &Walk<'d>, way: Way, is_old: bool, flat: &Flat<'d>) -> Self {
        let document = if is_old { walk.old } else { walk.new };
        let all = flat.properties();
        let mut properties = all.clone();
        properties.retain(|_, at| {
            let parts = Flat::new(document, at).parts;
            !parts.iter().any(|part| match way.side {
                Side::CallerSends => part.read_only,
                Side::CallerReceives => part.write_only,
            })
        });
        Self {
            all,
            properties,
            required: flat.required(),
            closed: flat.others().is_none(),
        }
    }

    fn needs(&self, name: &str) -> bool {
        self.required.contains_key(name)
    }

    /// Whether a property is described, but does not travel in this direction.
    fn hides(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }
}

fn label(name: &str, pair: &Pair<'_>) -> String {
    format!("the property `{name}` of {}", pair.label)
}

fn removed<'d>(
    walk: &mut Walk<'d>,
    pair: &Pair<'d>,
    name: &str,
    before: &At<'d>,
    (is, new): (&Object<'d>, &Flat<'d>),
) {
    let label = label(name, pair);
    let only = if pair.way.sends() {
        "readOnly"
    } else {
        "writeOnly"
    };
    let (message, shift) = if is.hides(name) {
        (format!("{label} is {only}"), Shift::Moved)
    } else if !pair.way.sends() {
        (format!("{label} is gone"), Shift::Moved)
    } else if is.closed {
        (
            format!("{label} is gone, and unknown properties are forbidden"),
            Shift::Narrowed,
        )
    } else {
        (
            format!("{label} is gone; it is ignored if it is sent"),
            Shift::Unknown,
        )
    };
    let at = is.all.get(name).map_or(new.pointer, |at| at.pointer);
    let places = (Some(before.pointer), Some(at));
    walk.note(pair.way, Kind::PropertyRemoved, shift, places, message);
}

fn added<'d>(
    walk: &mut Walk<'d>,
    pair: &Pair<'d>,
    name: &str,
    after: &At<'d>,
    (was, is, old): (&Object<'d>, &Object<'d>, &Flat<'d>),
) {
    let label = label(name, pair);
    let (message, shift) = match (pair.way.sends(), is.needs(name) && !was.needs(name)) {
        (true, true) => (format!("{label} is new and must be sent"), Shift::Narrowed),
        (true, false) => (format!("{label} is new and may be sent"), Shift::Tolerated),
        (false, _) if was.closed => (
            format!("{label} is new, where the old document forbids others"),
            Shift::Unknown,
        ),
        (false, _) => (format!("{label} is new"), Shift::Tolerated),
    };
    let at = was.all.get(name).map_or(old.pointer, |at| at.pointer);
    walk.note(
        pair.way,
        Kind::PropertyAdded,
        shift,
        (Some(at), Some(after.pointer)),
        message,
    );
}

/// Compares the rules for undeclared properties.
fn others<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let label = &pair.label;
    match (old.others(), new.others()) {
        (None, None) => {}
        (Some(was), None) => {
            let places = (Some(was.pointer), Some(new.pointer));
            let message = format!("{label} may have no other properties any more");
            walk.note(
                pair.way,
                Kind::OtherPropertiesForbidden,
                Shift::Narrowed,
                places,
                message,
            );
        }
        (None, Some(is)) => {
            let shift = if pair.way.sends() {
                Shift::Widened
            } else {
                Shift::Unknown
            };
            let places = (Some(old.pointer), Some(is.pointer));
            let message = format!("{label} may have other properties");
            walk.note(
                pair.way,
                Kind::OtherPropertiesAllowed,
                shift,
                places,
                message,
            );
        }
        (Some(old), Some(new)) => {
            if old.schemas.is_empty() && new.schemas.is_empty() {
                return;
            }
            let label = format!("another property of {label}");
            walk.schemas(Pair {
                way: pair.way,
                old,
                new,
                label,
            });
        }
    }
}
