//! The `name=value` pairs of a query string, a form or a `Cookie` header.
//!
//! Names are decoded and sorted once, so that a lookup stays cheap for any number of names. Values
//! stay raw: only their reader can tell a separator from an escaped one.

use std::borrow::Cow;
use std::ops::Range;

use crate::Invalid;
use crate::percent::{Escapes, decode};

/// The pairs of one text. The text stays in the request, so every method takes it again.
#[derive(Debug, Default)]
pub(crate) struct Pairs(Vec<Pair>);

#[derive(Debug)]
struct Pair {
    name: Name,
    value: Range<usize>,
}

#[derive(Debug)]
enum Name {
    /// A name that needs no decoding.
    Plain(Range<usize>),
    Decoded(Box<str>),
}

impl Pair {
    fn name<'a>(&'a self, text: &'a str) -> &'a str {
        match &self.name {
            Name::Plain(range) => &text[range.clone()],
            Name::Decoded(name) => name,
        }
    }
}

impl Pairs {
    /// Splits the text at `separator`, and each part at its first `=`. Empty parts are skipped, as
    /// browsers do.
    pub(crate) fn parse(text: &str, separator: u8, escapes: Escapes) -> Result<Self, Invalid> {
        let mut pairs = Vec::with_capacity(4);
        let mut at = 0;
        for part in text.as_bytes().split(|byte| *byte == separator) {
            // A cookie follows a space (RFC 6265, 4.2.1).
            let spaces = if separator == b';' {
                part.iter().take_while(|byte| **byte == b' ').count()
            } else {
                0
            };
            let (start, end) = (at + spaces, at + part.len());
            at = end + 1;
            if start == end {
                continue;
            }
            let length = part[spaces..]
                .iter()
                .position(|byte| *byte == b'=')
                .unwrap_or(end - start);
            let name = match decode(&text[start..start + length], escapes)? {
                Cow::Borrowed(_) => Name::Plain(start..start + length),
                Cow::Owned(name) => Name::Decoded(name.into()),
            };
            pairs.push(Pair {
                name,
                value: (start + length + 1).min(end)..end,
            });
        }
        // The sort is stable: values of one name stay in the order in which they were sent.
        pairs.sort_by(|one, other| one.name(text).cmp(other.name(text)));
        Ok(Self(pairs))
    }

    /// The raw values of a name.
    pub(crate) fn values<'a>(&'a self, text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
        let from = self.0.partition_point(|pair| pair.name(text) < name);
        let to = from + self.0[from..].partition_point(|pair| pair.name(text) == name);
        self.0[from..to]
            .iter()
            .map(|pair| &text[pair.value.clone()])
    }

    /// The rest of each name that begins with `base[`, and its raw value: `[a][b]` for
    /// `base[a][b]=value`.
    pub(crate) fn bracketed<'a>(
        &'a self,
        text: &'a str,
        base: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        // `base[` sorts after `base`, and after names in which a smaller character follows `base`.
        let from = self.0.partition_point(|pair| {
            let name = pair.name(text);
            name < base || name.strip_prefix(base).is_some_and(|rest| rest < "[")
        });
        self.0[from..].iter().map_while(move |pair| {
            let rest = pair
                .name(text)
                .strip_prefix(base)
                .filter(|rest| rest.starts_with('['))?;
            Some((rest, &text[pair.value.clone()]))
        })
    }

    /// All names and raw values, sorted by name.
    pub(crate) fn all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .map(|pair| (pair.name(text), &text[pair.value.clone()]))
    }
}
