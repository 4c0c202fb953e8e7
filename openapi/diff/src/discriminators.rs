//! Compares discriminators: the property that tells alternatives apart, and the value of each
//! alternative.

use crate::Kind;
use crate::flat::Flat;
use crate::walk::{Pair, Walk};
use crate::way::Shift;
use dropshot_codegen::model::Discriminator;

/// Compares discriminators.
pub fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let of = |flat: &Flat<'d>| flat.first(|part| part.discriminator.as_ref());
    let (was, is) = (of(old), of(new));
    let places = (
        Some(was.map_or(old.pointer, |(_, at)| at)),
        Some(is.map_or(new.pointer, |(_, at)| at)),
    );
    let property = |said: Option<(&Discriminator, &str)>| {
        said.map_or("no property".to_owned(), |(said, _)| {
            format!("`{}`", said.property)
        })
    };
    let (before, after) = (property(was), property(is));
    if before != after {
        let message = format!(
            "the alternatives of {} are told apart by {after}, no longer {before}",
            pair.label
        );
        walk.note(
            pair.way,
            Kind::DiscriminatorChanged,
            Shift::Unknown,
            places,
            message,
        );
        return;
    }
    let (Some((was, _)), Some((is, _))) = (was, is) else {
        return;
    };
    for (value, target) in &was.mapping {
        match is.mapping.get(value) {
            Some(now) if now == target => {}
            Some(now) => {
                let message = format!(
                    "{after} `{value}` of {} stands for `{now}`, no longer `{target}`",
                    pair.label
                );
                walk.note(
                    pair.way,
                    Kind::DiscriminatorChanged,
                    Shift::Unknown,
                    places,
                    message,
                );
            }
            None => {
                let message = format!("{after} of {} may not be `{value}` any more", pair.label);
                walk.note(
                    pair.way,
                    Kind::DiscriminatorChanged,
                    Shift::Narrowed,
                    places,
                    message,
                );
            }
        }
    }
    for value in is
        .mapping
        .keys()
        .filter(|value| !was.mapping.contains_key(*value))
    {
        let message = format!("{after} of {} may also be `{value}`", pair.label);
        walk.note(
            pair.way,
            Kind::DiscriminatorChanged,
            Shift::Widened,
            places,
            message,
        );
    }
}
