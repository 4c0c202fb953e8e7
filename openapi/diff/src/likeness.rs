//! Pairs old alternatives with new ones.
//!
//! A value is allowed if some alternative allows it. So the comparison is sound as soon as each old
//! alternative fits into some new one, whichever that is. The pairs only serve to report as little
//! as possible.

use crate::flat::{At, Flat};
use crate::walk::Walk;
use dropshot_codegen::model::Schema;
use std::collections::HashMap;

/// The most alternatives without a counterpart by name that are compared by likeness.
const COMPARED: usize = 32;

/// Pairs old alternatives with new ones: by name, and then by likeness. If too many are left to
/// compare by likeness, they are paired by order.
pub fn matched<'d>(
    walk: &Walk<'d>,
    was: &'d [Schema],
    is: &'d [Schema],
) -> Vec<(&'d Schema, &'d Schema)> {
    let name = |schema: &'d Schema| At::one(schema).target();
    let by_name: HashMap<_, _> = is
        .iter()
        .filter_map(|schema| Some((name(schema)?, schema)))
        .collect();
    let mut pairs: Vec<(&Schema, &Schema)> = was
        .iter()
        .filter_map(|before| Some((before, *by_name.get(name(before)?)?)))
        .collect();
    let mut old: Vec<&Schema> = was
        .iter()
        .filter(|s| !pairs.iter().any(|p| std::ptr::eq(p.0, *s)))
        .collect();
    let mut new: Vec<&Schema> = is
        .iter()
        .filter(|s| !pairs.iter().any(|p| std::ptr::eq(p.1, *s)))
        .collect();
    if old.len() > COMPARED || new.len() > COMPARED {
        pairs.extend(old.into_iter().zip(new));
        return pairs;
    }
    old.retain(|before| {
        let flat = Flat::new(walk.old, &At::one(before));
        let best = new
            .iter()
            .enumerate()
            .map(|(index, after)| (like(&Flat::new(walk.new, &At::one(after)), &flat), index))
            .filter(|(likeness, _)| *likeness > 0)
            .max_by_key(|(likeness, index)| (*likeness, std::cmp::Reverse(*index)));
        let Some((_, index)) = best else {
            return true;
        };
        pairs.push((before, new.remove(index)));
        false
    });
    pairs
}

/// How alike two schemas are. 0 if they have no type in common.
pub fn like(a: &Flat<'_>, b: &Flat<'_>) -> u32 {
    if !a.types().meets(b.types()) {
        return 0;
    }
    let title = |flat: &Flat<'_>| flat.parts.first().and_then(|part| part.title.clone());
    let named = title(a).is_some() && title(a) == title(b);
    let (ours, theirs) = (a.properties(), b.properties());
    let shared = ours
        .keys()
        .filter(|name| theirs.contains_key(*name))
        .count();
    1 + u32::from(named) * 1_000 + u32::try_from(shared).unwrap_or(u32::MAX / 2)
}
