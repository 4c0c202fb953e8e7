//! Compares `oneOf`, `anyOf` and `not`.

use crate::flat::{At, Flat};
use crate::likeness::{like, matched};
use crate::types::Types;
use crate::walk::{Pair, Walk};
use crate::way::{Shift, Way};
use crate::{Kind, discriminators};
use dropshot_codegen::model::{Schema, SchemaObject};

/// The alternatives of one `oneOf` or `anyOf`.
#[derive(Clone, Copy)]
struct Group<'d> {
    keyword: &'static str,
    pointer: &'d str,
    schemas: &'d [Schema],
}

fn groups<'d>(flat: &Flat<'d>) -> Vec<Group<'d>> {
    let of = |part: &&'d SchemaObject| {
        let part: &'d SchemaObject = part;
        let group = |keyword, schemas: &'d [Schema]| Group {
            keyword,
            pointer: &part.pointer,
            schemas,
        };
        [group("oneOf", &part.one_of), group("anyOf", &part.any_of)]
    };
    let all = flat.parts.iter().flat_map(of);
    all.filter(|group| !group.schemas.is_empty()).collect()
}

/// Compares a plain schema of one document with alternatives of the other: the plain schema may
/// have become one of them, or the reverse. Returns true if this is such a case, and nothing is
/// left to compare.
pub fn one_sided<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) -> bool {
    let (was, is) = (groups(old), groups(new));
    let (group, plain, came) = match (was.as_slice(), is.as_slice()) {
        ([], [group]) if new.only_alternatives() => (group, old, true),
        ([group], []) if old.only_alternatives() => (group, new, false),
        _ => return false,
    };
    // Any value became a choice, or a choice became any value. The comparison of types reports
    // that.
    if plain.types() == Types::ALL && plain.enumeration().is_none() {
        return false;
    }
    let (document, other, plain_at) = if came {
        (walk.new, walk.old, &pair.old)
    } else {
        (walk.old, walk.new, &pair.new)
    };
    let likeness = |schema: &&'d Schema| {
        if plain_at.target().is_some() && plain_at.target() == At::one(schema).target() {
            return u32::MAX;
        }
        like(
            &Flat::new(document, &At::one(schema)),
            &Flat::new(other, plain_at),
        )
    };
    let places = (Some(old.pointer), Some(new.pointer));
    let Some(best) = group
        .schemas
        .iter()
        .max_by_key(likeness)
        .filter(|best| likeness(best) > 0)
    else {
        let message = format!(
            "{} {} a {}",
            pair.label,
            if came { "is now" } else { "is no longer" },
            group.keyword
        );
        walk.note(
            pair.way,
            Kind::AlternativesChanged,
            Shift::Unknown,
            places,
            message,
        );
        return true;
    };
    for schema in group
        .schemas
        .iter()
        .filter(|schema| !std::ptr::eq(*schema, best))
    {
        alternative(walk, pair, schema, group, came, places);
    }
    let best = At::one(best);
    let (old, new) = if came {
        (pair.old.clone(), best)
    } else {
        (best, pair.new.clone())
    };
    walk.schemas(Pair {
        old,
        new,
        ..pair.clone()
    });
    true
}

/// Compares alternatives with alternatives.
pub fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let (was, is) = (groups(old), groups(new));
    let alike = was.len() == is.len()
        && was
            .iter()
            .zip(&is)
            .all(|(was, is)| was.keyword == is.keyword);
    if !alike {
        let keywords = |groups: &[Group<'_>]| match groups {
            [] => "no alternatives".to_owned(),
            groups => groups
                .iter()
                .map(|group| group.keyword)
                .collect::<Vec<_>>()
                .join(" and "),
        };
        let message = format!(
            "{} has {}, no longer {}",
            pair.label,
            keywords(&is),
            keywords(&was)
        );
        let shift = match (was.is_empty(), is.is_empty()) {
            (true, _) => Shift::Narrowed,
            (_, true) => Shift::Widened,
            _ => Shift::Unknown,
        };
        let places = (Some(old.pointer), Some(new.pointer));
        walk.note(pair.way, Kind::AlternativesChanged, shift, places, message);
        return;
    }
    for (was, is) in was.iter().zip(&is) {
        let places = (Some(was.pointer), Some(is.pointer));
        let matched = matched(walk, was.schemas, is.schemas);
        for (before, after) in &matched {
            let label = format!("an alternative of {}", pair.label);
            walk.schemas(Pair {
                way: pair.way,
                old: At::one(before),
                new: At::one(after),
                label,
            });
        }
        let left = |schema: &&Schema, by: fn(&(&'d Schema, &'d Schema)) -> &'d Schema| {
            !matched.iter().any(|pair| std::ptr::eq(by(pair), *schema))
        };
        for schema in was
            .schemas
            .iter()
            .filter(|schema| left(schema, |pair| pair.0))
        {
            alternative(walk, pair, schema, was, false, places);
        }
        for schema in is
            .schemas
            .iter()
            .filter(|schema| left(schema, |pair| pair.1))
        {
            alternative(walk, pair, schema, is, true, places);
        }
    }
    discriminators::compare(walk, pair, old, new);
}

fn alternative<'d>(
    walk: &mut Walk<'d>,
    pair: &Pair<'d>,
    schema: &'d Schema,
    group: &Group<'d>,
    came: bool,
    (old, new): (Option<&str>, Option<&str>),
) {
    let name = match schema {
        Schema::Ref { target, .. } => format!("`{target}`"),
        Schema::Inline(object) => match &object.title {
            Some(title) => format!("`{title}`"),
            None => Flat {
                pointer: &object.pointer,
                parts: vec![object],
            }
            .types()
            .to_string(),
        },
    };
    let pointer = Some(schema.pointer());
    let (kind, shift, places, now) = if came {
        (
            Kind::AlternativeAdded,
            Shift::Widened,
            (old, pointer),
            "may also be",
        )
    } else {
        (
            Kind::AlternativeRemoved,
            Shift::Narrowed,
            (pointer, new),
            "may not be any more:",
        )
    };
    let message = format!("{} {now} {name} ({})", pair.label, group.keyword);
    walk.note(pair.way, kind, shift, places, message);
}

/// Compares what values must not meet. Inside `not`, narrower and wider change places, so every
/// change there is unclear.
pub fn negations<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let of = |flat: &Flat<'d>| {
        flat.all(|part| part.not.as_ref())
            .map(|(schema, _)| schema)
            .collect::<Vec<_>>()
    };
    let (was, is) = (of(old), of(new));
    if was.len() != is.len() {
        let shift = match (was.is_empty(), is.is_empty()) {
            (true, _) => Shift::Narrowed,
            (_, true) => Shift::Widened,
            _ => Shift::Unknown,
        };
        let places = (Some(old.pointer), Some(new.pointer));
        let message = format!("what {} must not be (`not`) changed", pair.label);
        walk.note(pair.way, Kind::NotChanged, shift, places, message);
        return;
    }
    for (was, is) in was.into_iter().zip(is) {
        walk.schemas(Pair {
            way: Way {
                negated: true,
                ..pair.way
            },
            old: At::one(was),
            new: At::one(is),
            label: format!("what {} must not be", pair.label),
        });
    }
}
