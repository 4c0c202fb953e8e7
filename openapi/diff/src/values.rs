//! Compares the rules for plain values: lists of values, patterns, formats.

use crate::Kind;
use crate::flat::Flat;
use crate::walk::{Pair, Walk};
use crate::way::Shift;
use serde_json::Value;

/// Compares lists of allowed values.
pub fn enumeration<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let (was, is) = (old.enumeration(), new.enumeration());
    let places = (
        Some(was.as_ref().map_or(old.pointer, |(_, at)| at)),
        Some(is.as_ref().map_or(new.pointer, |(_, at)| at)),
    );
    let label = &pair.label;
    match (&was, &is) {
        (None, None) => {}
        (None, Some((values, _))) => walk.note(
            pair.way,
            Kind::EnumNarrowed,
            Shift::Narrowed,
            places,
            format!("{label} must be one of {}", list(values)),
        ),
        (Some((values, _)), None) => walk.note(
            pair.way,
            Kind::EnumWidened,
            Shift::Widened,
            places,
            format!("{label} need not be one of {} any more", list(values)),
        ),
        (Some((was, _)), Some((is, _))) => {
            let [gone, come] = [(was, is), (is, was)].map(|(these, those)| {
                let alone = these
                    .iter()
                    .filter(|value| !value.is_null() && !those.contains(value));
                alone.copied().collect::<Vec<&Value>>()
            });
            if !gone.is_empty() {
                let message = format!("{label} may not be {} any more", list(&gone));
                walk.note(
                    pair.way,
                    Kind::EnumNarrowed,
                    Shift::Narrowed,
                    places,
                    message,
                );
            }
            if !come.is_empty() {
                let message = format!("{label} may be {} as well", list(&come));
                walk.note(pair.way, Kind::EnumWidened, Shift::Widened, places, message);
            }
        }
    }
}

fn list(values: &[&Value]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = values
        .iter()
        .take(SHOWN)
        .map(|value| shown(value))
        .collect();
    if values.len() > SHOWN {
        names.push(format!("{} more", values.len() - SHOWN));
    }
    names.join(", ")
}

/// A value for a message. A long one is cut.
pub fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return format!("`{text}`");
    }
    format!("`{}…`", text.chars().take(LONGEST).collect::<String>())
}

/// Compares the patterns of strings.
pub fn patterns<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let all = |flat: &Flat<'d>| {
        let mut patterns: Vec<_> = flat.all(|part| part.pattern.as_deref()).collect();
        patterns.sort_unstable();
        patterns.dedup_by_key(|(pattern, _)| *pattern);
        patterns
    };
    let (was, is) = (all(old), all(new));
    let only = |these: &[(&'d str, &'d str)], those: &[(&'d str, &'d str)]| {
        let alone = these
            .iter()
            .filter(|(pattern, _)| !those.iter().any(|(other, _)| other == pattern));
        alone.copied().next()
    };
    let (gone, come) = (only(&was, &is), only(&is, &was));
    let (kind, shift) = match (gone, come) {
        (None, None) => return,
        (None, Some(_)) => (Kind::PatternNarrowed, Shift::Narrowed),
        (Some(_), None) => (Kind::PatternWidened, Shift::Widened),
        (Some(_), Some(_)) => (Kind::PatternChanged, Shift::Unknown),
    };
    let (places, message) = said(pair, "pattern", (old, gone), (new, come));
    walk.note(pair.way, kind, shift, places, message);
}

/// Compares formats. `password` is left out: it only says how to show a value.
pub fn format<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let of = |flat: &Flat<'d>| {
        flat.first(|part| {
            part.format
                .as_deref()
                .filter(|format| *format != "password")
        })
    };
    let (was, is) = (of(old), of(new));
    let narrower = |a: &str, b: &str| {
        matches!(
            (a, b),
            ("int8", "int16" | "int32" | "int64")
                | ("int16", "int32" | "int64")
                | ("int32", "int64")
                | ("uint8", "uint16" | "uint32" | "uint64")
                | ("uint16", "uint32" | "uint64")
                | ("uint32", "uint64")
                | ("float", "double")
                | ("ipv4" | "ipv6", "ip")
                | ("uri" | "url", "uri-reference")
        )
    };
    let (kind, shift) = match (was, is) {
        (Some((was, _)), Some((is, _))) if was == is => return,
        (None, None) => return,
        (None, Some(_)) => (Kind::FormatNarrowed, Shift::Narrowed),
        (Some(_), None) => (Kind::FormatWidened, Shift::Widened),
        (Some((was, _)), Some((is, _))) if narrower(is, was) => {
            (Kind::FormatNarrowed, Shift::Narrowed)
        }
        (Some((was, _)), Some((is, _))) if narrower(was, is) => {
            (Kind::FormatWidened, Shift::Widened)
        }
        _ => (Kind::FormatChanged, Shift::Unknown),
    };
    let (places, message) = said(pair, "format", (old, was), (new, is));
    walk.note(pair.way, kind, shift, places, message);
}

/// A schema, and what it says by one keyword: the value and its place. `None` if it has no such
/// keyword.
pub type Said<'f, 'd, T> = (&'f Flat<'d>, Option<(T, &'d str)>);

/// The places and the message for a changed keyword.
pub fn said<'d, T: ToString>(
    pair: &Pair<'d>,
    keyword: &str,
    (old, was): Said<'_, 'd, T>,
    (new, is): Said<'_, 'd, T>,
) -> ((Option<&'d str>, Option<&'d str>), String) {
    let places = (
        Some(was.as_ref().map_or(old.pointer, |(_, at)| at)),
        Some(is.as_ref().map_or(new.pointer, |(_, at)| at)),
    );
    let text = |said: Option<(T, &str)>| {
        said.map_or("none".to_owned(), |(value, _)| {
            format!("`{}`", value.to_string())
        })
    };
    let message = format!(
        "the {keyword} of {} is {}, no longer {}",
        pair.label,
        text(is),
        text(was)
    );
    (places, message)
}
