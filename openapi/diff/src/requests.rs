//! Compares what callers send: parameters and bodies.

use crate::flat::At;
use crate::media::content;
use crate::walk::{Pair, Walk};
use crate::way::{Shift, Way};
use crate::{Kind, documentation};
use dropshot_codegen::model::{Location, Operation, Parameter};

/// Compares the parameters of two operations.
pub fn parameters<'d>(walk: &mut Walk<'d>, old: &'d Operation, new: &'d Operation) {
    let mut kept = Vec::new();
    for after in &new.parameters {
        let before = before(old, new, after);
        if let Some(before) = before {
            kept.push(before.pointer.as_str());
            parameter(walk, before, after);
            continue;
        }
        let (shift, must) = if after.required {
            (Shift::Narrowed, "must be sent")
        } else {
            (Shift::Widened, "may be sent")
        };
        let message = format!("{} is new and {must}", named(after));
        let places = (None, Some(after.pointer.as_str()));
        walk.note(Way::SENDS, Kind::ParameterAdded, shift, places, message);
    }
    for before in &old.parameters {
        if !kept.contains(&before.pointer.as_str()) {
            let message = format!("{} is not taken any more", named(before));
            let places = (Some(before.pointer.as_str()), None);
            walk.note(
                Way::SENDS,
                Kind::ParameterRemoved,
                Shift::Unknown,
                places,
                message,
            );
        }
    }
}

/// The old parameter that corresponds to a new one. In a path it is the one at the same place,
/// elsewhere the one with the same name.
fn before<'d>(old: &'d Operation, new: &Operation, after: &Parameter) -> Option<&'d Parameter> {
    let mut name = after.name.as_str();
    if after.location == Location::Path {
        let (were, are) = (template_names(&old.path), template_names(&new.path));
        let place = are.iter().position(|is| *is == name);
        if let Some(place) = place.filter(|_| were.len() == are.len()) {
            name = were[place];
        }
    }
    old.parameters.iter().find(|before| {
        before.location == after.location
            && match after.location {
                Location::Header => before.name.eq_ignore_ascii_case(name),
                _ => before.name == name,
            }
    })
}

fn template_names(path: &str) -> Vec<&str> {
    let parts = path.split('{').skip(1);
    parts
        .filter_map(|part| part.split_once('}').map(|(name, _)| name))
        .collect()
}

fn parameter<'d>(walk: &mut Walk<'d>, old: &'d Parameter, new: &'d Parameter) {
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    let label = named(new);
    if old.location == Location::Path && old.name != new.name {
        let message = format!("{} is called `{}`", named(old), new.name);
        walk.note(
            Way::SENDS,
            Kind::ParameterRenamed,
            Shift::Tolerated,
            places,
            message,
        );
    }
    required(
        walk,
        Way::SENDS,
        (old.required, new.required),
        places,
        &label,
    );
    let writing = |p: &Parameter| match &p.media_type {
        Some(media_type) => media_type.clone(),
        None => format!("{:?}, explode: {}", p.style, p.explode),
    };
    if writing(old) != writing(new) {
        let message = format!(
            "{label} is written another way: {}, no longer {}",
            writing(new),
            writing(old)
        );
        walk.note(
            Way::SENDS,
            Kind::ParameterWriting,
            Shift::Moved,
            places,
            message,
        );
    }
    for (what, before, after) in [
        (
            "an empty value",
            old.allow_empty_value,
            new.allow_empty_value,
        ),
        (
            "reserved characters",
            old.allow_reserved,
            new.allow_reserved,
        ),
    ] {
        if before != after {
            let (shift, now) = if after {
                (Shift::Widened, "may now have")
            } else {
                (Shift::Narrowed, "may not have any more")
            };
            let message = format!("{label}: {now}: {what}");
            walk.note(Way::SENDS, Kind::ParameterWriting, shift, places, message);
        }
    }
    if old.deprecated != new.deprecated {
        documentation::deprecation(walk, new.deprecated, places, &label);
    }
    documentation::texts(
        walk,
        places,
        &label,
        &[("description", &old.description, &new.description)],
    );
    documentation::unmodelled(walk, places, &label, documentation::PARAMETER);
    walk.schemas(Pair {
        way: Way::SENDS,
        old: At::one(&old.schema),
        new: At::one(&new.schema),
        label,
    });
}

fn named(parameter: &Parameter) -> String {
    format!("the {} parameter `{}`", parameter.location, parameter.name)
}

/// Compares whether something is required.
pub fn required(
    walk: &mut Walk<'_>,
    way: Way,
    (old, new): (bool, bool),
    places: (Option<&str>, Option<&str>),
    label: &str,
) {
    match (old, new) {
        (false, true) => walk.note(
            way,
            Kind::BecameRequired,
            Shift::Narrowed,
            places,
            format!("{label} was optional and is required"),
        ),
        (true, false) => walk.note(
            way,
            Kind::BecameOptional,
            Shift::Widened,
            places,
            format!("{label} was required and is optional"),
        ),
        _ => {}
    }
}

/// Compares the request bodies of two operations.
pub fn body<'d>(walk: &mut Walk<'d>, old: &'d Operation, new: &'d Operation) {
    match (&old.body, &new.body) {
        (None, None) => {}
        (None, Some(body)) => {
            let (shift, must) = if body.required {
                (Shift::Narrowed, "must be sent")
            } else {
                (Shift::Widened, "may be sent")
            };
            let places = (None, Some(body.pointer.as_str()));
            let message = format!("`{}` takes a body, which {must}", new.id);
            walk.note(Way::SENDS, Kind::BodyAdded, shift, places, message);
        }
        (Some(body), None) => {
            let places = (Some(body.pointer.as_str()), None);
            let message = format!("`{}` takes no body any more", new.id);
            walk.note(Way::SENDS, Kind::BodyRemoved, Shift::Moved, places, message);
        }
        (Some(before), Some(after)) => {
            let places = (Some(before.pointer.as_str()), Some(after.pointer.as_str()));
            let label = "the request's body";
            required(
                walk,
                Way::SENDS,
                (before.required, after.required),
                places,
                label,
            );
            let described = [("description", &before.description, &after.description)];
            documentation::texts(walk, places, label, &described);
            documentation::unmodelled(walk, places, label, documentation::BODY);
            content(
                walk,
                Way::SENDS,
                (&before.content, &after.content),
                places,
                label,
            );
        }
    }
}
