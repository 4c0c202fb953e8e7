//! `style: deepObject`: `filter[state]=open&filter[tags][]=a`.
//!
//! OpenAPI 3.0 defines one level of scalars, but public documents and their clients go deeper. So
//! properties nest as their shapes do, and arrays are written `[]`, `[0]` or by repeating the name.

use std::collections::BTreeMap;

use super::{Written, repeated};
use crate::operation::Shape;
use crate::pairs::Pairs;
use crate::{Invalid, Members, Node, Reason};

/// The most pairs of brackets after a name. No schema is this deep.
const MAX_BRACKETS: usize = 16;

/// A value and the keys in brackets that lead to it.
struct Entry<'a> {
    keys: Vec<&'a str>,
    raw: &'a str,
}

/// Reads the object with the name `written.name`. `None` if it is absent.
pub(crate) fn read(
    written: &Written<'_>,
    text: &str,
    pairs: &Pairs,
) -> Result<Option<Node>, Invalid> {
    let mut entries = Vec::new();
    for raw in pairs.values(text, written.name) {
        entries.push(Entry {
            keys: Vec::new(),
            raw,
        });
    }
    for (brackets, raw) in pairs.bracketed(text, written.name) {
        entries.push(Entry {
            keys: keys(brackets)?,
            raw,
        });
    }
    if entries.is_empty() {
        Ok(None)
    } else {
        value(written, written.shape, &entries, 0).map(Some)
    }
}

/// The keys in brackets: `a`, `b` for `[a][b]`.
fn keys(brackets: &str) -> Result<Vec<&str>, Invalid> {
    let malformed = || Invalid::new(Reason::WrongType, "must be written as name[property]=value");
    let inner = brackets
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(malformed)?;
    let keys: Vec<&str> = inner.split("][").collect();
    if keys.len() > MAX_BRACKETS || keys.iter().any(|key| key.contains(['[', ']'])) {
        return Err(malformed());
    }
    Ok(keys)
}

/// The value of `entries`. Their first `depth` keys have been read already.
fn value(
    written: &Written<'_>,
    shape: Shape,
    entries: &[Entry<'_>],
    depth: usize,
) -> Result<Node, Invalid> {
    let nested = entries.iter().any(|entry| entry.keys.len() > depth);
    match shape {
        Shape::Array(items) => list(written, *items, entries, depth),
        Shape::Object(properties) => object(written, properties, entries, depth),
        Shape::Any if nested => object(written, &[], entries, depth),
        Shape::Scalar if nested => Err(Invalid::new(
            Reason::WrongType,
            "must be one value, not an object",
        )),
        Shape::Scalar | Shape::Any => match entries {
            [entry] => written.leaf(entry.raw),
            _ => Err(repeated()),
        },
    }
}

fn object(
    written: &Written<'_>,
    properties: &[(&str, Shape)],
    entries: &[Entry<'_>],
    depth: usize,
) -> Result<Node, Invalid> {
    let mut members = Vec::new();
    for group in entries.chunk_by(|one, other| one.keys.get(depth) == other.keys.get(depth)) {
        let Some(key) = group[0].keys.get(depth) else {
            return Err(Invalid::new(
                Reason::WrongType,
                "must be an object, written as name[property]=value",
            ));
        };
        let shape = properties
            .iter()
            .find(|(name, _)| name == key)
            .map_or(Shape::Any, |(_, shape)| *shape);
        let node =
            value(written, shape, group, depth + 1).map_err(|invalid| invalid.within(key))?;
        members.push((Box::from(*key), node));
    }
    Members::new(members)
        .map(Node::Object)
        .map_err(|key| repeated().within(key))
}

fn list(
    written: &Written<'_>,
    items: Shape,
    entries: &[Entry<'_>],
    depth: usize,
) -> Result<Node, Invalid> {
    let mut unnumbered = Vec::new();
    let mut numbered: BTreeMap<usize, Vec<Entry<'_>>> = BTreeMap::new();
    for entry in entries {
        match entry.keys.get(depth) {
            None | Some(&"") => unnumbered.push(written.leaf(entry.raw)?),
            Some(key) => {
                let index = key.parse().map_err(|_| {
                    Invalid::new(
                        Reason::WrongType,
                        "must be an array, written as name[]=value or name[0]=value",
                    )
                })?;
                numbered.entry(index).or_default().push(Entry {
                    keys: entry.keys.clone(),
                    raw: entry.raw,
                });
            }
        }
    }
    let mut list = unnumbered;
    for (index, group) in numbered {
        list.push(
            value(written, items, &group, depth + 1).map_err(|invalid| invalid.within(index))?,
        );
    }
    Ok(Node::List(list))
}
