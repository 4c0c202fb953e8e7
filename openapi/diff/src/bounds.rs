//! Compares bounds of numbers, of lengths, and of the number of items or properties.

use crate::Kind;
use crate::flat::Flat;
use crate::values::{Said, said};
use crate::walk::{Pair, Walk};
use crate::way::Shift;
use dropshot_codegen::model::SchemaObject;
use serde_json::Number;
use std::cmp::Ordering;

/// Compares the bounds of numbers.
pub fn numbers<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    let least = |flat: &Flat<'d>| {
        flat.tightest(
            |part| part.minimum.as_ref().map(|n| (n, part.exclusive_minimum)),
            |a, b| order(a.0, b.0).then(a.1.cmp(&b.1)).is_gt(),
        )
    };
    bound(
        walk,
        pair,
        "minimum",
        (old, least(old)),
        (new, least(new)),
        |a, b| order(a.0, b.0).then(a.1.cmp(&b.1)),
    );
    let most = |flat: &Flat<'d>| {
        flat.tightest(
            |part| part.maximum.as_ref().map(|n| (n, part.exclusive_maximum)),
            |a, b| order(b.0, a.0).then(a.1.cmp(&b.1)).is_gt(),
        )
    };
    bound(
        walk,
        pair,
        "maximum",
        (old, most(old)),
        (new, most(new)),
        |a, b| order(b.0, a.0).then(a.1.cmp(&b.1)),
    );
    let multiple = |flat: &Flat<'d>| flat.first(|part| part.multiple_of.as_ref());
    let (was, is) = (multiple(old), multiple(new));
    if was.map(|(n, _)| n) == is.map(|(n, _)| n) {
        return;
    }
    let divides = |a: &Number, b: &Number| match (a.as_u64(), b.as_u64()) {
        (Some(a @ 1..), Some(b)) => b % a == 0,
        _ => false,
    };
    let shift = match (was, is) {
        (None, _) => Shift::Narrowed,
        (_, None) => Shift::Widened,
        (Some((was, _)), Some((is, _))) if divides(was, is) => Shift::Narrowed,
        (Some((was, _)), Some((is, _))) if divides(is, was) => Shift::Widened,
        _ => Shift::Moved,
    };
    let (places, message) = said(pair, "multipleOf", (old, was), (new, is));
    walk.note(pair.way, Kind::MultipleChanged, shift, places, message);
}

/// Compares the lengths of strings.
pub fn lengths<'d>(walk: &mut Walk<'d>, pair: &Pair<'d>, old: &Flat<'d>, new: &Flat<'d>) {
    count(walk, pair, "minLength", (old, new), true, |part| {
        part.min_length
    });
    count(walk, pair, "maxLength", (old, new), false, |part| {
        part.max_length
    });
}

/// Compares a bound on a count: a lower bound if `least`, otherwise an upper bound.
pub fn count<'d>(
    walk: &mut Walk<'d>,
    pair: &Pair<'d>,
    keyword: &str,
    (old, new): (&Flat<'d>, &Flat<'d>),
    least: bool,
    say: impl Fn(&'d SchemaObject) -> Option<u64> + Copy,
) {
    let tightness = |a: &u64, b: &u64| if least { a.cmp(b) } else { b.cmp(a) };
    // A lower bound of 0 asks for nothing.
    let say = |part: &'d SchemaObject| say(part).filter(|count| !least || *count > 0);
    let of = |flat: &Flat<'d>| flat.tightest(say, |a, b| tightness(&a, &b).is_gt());
    bound(
        walk,
        pair,
        keyword,
        (old, of(old)),
        (new, of(new)),
        |a, b| tightness(a, b),
    );
}

/// Compares a bound by how tight it is.
fn bound<'d, T: Bound>(
    walk: &mut Walk<'d>,
    pair: &Pair<'d>,
    keyword: &str,
    old: Said<'_, 'd, T>,
    new: Said<'_, 'd, T>,
    tightness: impl Fn(&T, &T) -> Ordering,
) {
    let order = match (&old.1, &new.1) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some((was, _)), Some((is, _))) => tightness(is, was),
    };
    let (kind, shift) = match order {
        Ordering::Equal => return,
        Ordering::Greater => (Kind::BoundNarrowed, Shift::Narrowed),
        Ordering::Less => (Kind::BoundWidened, Shift::Widened),
    };
    let shown =
        |(flat, said): Said<'_, 'd, T>| (flat.pointer, said.map(|(bound, at)| (bound.shown(), at)));
    let ((was_at, was), (is_at, is)) = (shown(old), shown(new));
    let places = (
        Some(was.as_ref().map_or(was_at, |(_, at)| at)),
        Some(is.as_ref().map_or(is_at, |(_, at)| at)),
    );
    let text = |said: &Option<(String, &str)>| {
        said.as_ref()
            .map_or("none".to_owned(), |(text, _)| text.clone())
    };
    let message = format!(
        "the {keyword} of {} is {}, no longer {}",
        pair.label,
        text(&is),
        text(&was)
    );
    walk.note(pair.way, kind, shift, places, message);
}

/// A bound's value in a message.
trait Bound {
    fn shown(&self) -> String;
}

impl Bound for u64 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Bound for (&Number, bool) {
    fn shown(&self) -> String {
        let exclusive = if self.1 { ", exclusive" } else { "" };
        format!("{}{exclusive}", self.0)
    }
}

/// Orders two numbers. Integers are compared exactly, since doubles are not exact beyond 2^53.
fn order(a: &Number, b: &Number) -> Ordering {
    let exact = |n: &Number| {
        n.as_i64()
            .map(i128::from)
            .or_else(|| n.as_u64().map(i128::from))
    };
    match (exact(a), exact(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a
            .as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(Ordering::Equal),
    }
}
