//! Path templates (OpenAPI 3.0.3, Path Templating): segments of literal text and variables.
//!
//! Dropshot knows only variables that fill a segment. Here a segment may be `{id}.json`, `v{n}`,
//! `{base}...{head}`, `{id}:archive` or `{a}{b}`. Empty segments are ignored, as in Dropshot, but a
//! last empty segment makes `/x/` different from `/x`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use percent_encoding::percent_decode_str;

/// A path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    /// Whether the template ends in `/`.
    pub(crate) slash: bool,
    variables: Vec<Box<str>>,
    repeats: bool,
}

/// The text between two slashes of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// Text, with percent escapes decoded.
    Literal(Box<str>),
    /// Text with variables in it.
    Pattern(Pattern),
}

impl Segment {
    /// The number of variables in the segment.
    pub(crate) fn variables(&self) -> usize {
        match self {
            Self::Literal(_) => 0,
            Self::Pattern(pattern) => pattern.then.len(),
        }
    }
}

/// `prefix{}then{}then…`. The variables' names are not part of it, since they don't tell paths
/// apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    prefix: Box<str>,
    /// For each variable, the text after it.
    then: Vec<Box<str>>,
}

impl Template {
    pub(crate) fn parse(path: &str) -> Self {
        let mut variables = Vec::new();
        let segments: Vec<_> = path
            .split('/')
            .filter(|text| !text.is_empty())
            .map(|text| segment(text, &mut variables))
            .collect();
        let repeats =
            (1..variables.len()).any(|index| variables[..index].contains(&variables[index]));
        Self {
            slash: path.ends_with('/') && !segments.is_empty(),
            segments,
            variables,
            repeats,
        }
    }

    /// The variables' names, in the order of the path.
    pub(crate) fn variables(&self) -> &[Box<str>] {
        &self.variables
    }

    /// Whether a name stands in several places.
    pub(crate) fn repeats(&self) -> bool {
        self.repeats
    }
}

/// The segments of a raw path that aren't empty, and where each stands.
pub(crate) fn raw_segments(raw_path: &str) -> impl Iterator<Item = (Range<usize>, &str)> + Clone {
    let mut at = 0;
    raw_path
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter_map(move |segment| {
            let range = at..at + segment.len();
            at = range.end + 1;
            raw_path
                .get(range.clone())
                .filter(|text| !text.is_empty())
                .map(|text| (range, text))
        })
}

/// Decodes escapes as Dropshot's router does. A malformed escape stays as it is; a value's own
/// decoding is strict. `None` if the result isn't UTF-8.
pub(crate) fn decoded(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains('%') {
        percent_decode_str(raw).decode_utf8().ok()
    } else {
        Some(Cow::Borrowed(raw))
    }
}

fn segment(text: &str, variables: &mut Vec<Box<str>>) -> Segment {
    let mut prefix = None;
    let mut then: Vec<Box<str>> = Vec::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_variable(rest) {
        match then.last_mut() {
            None => prefix = Some(before),
            Some(last) => *last = literal(before),
        }
        variables.push(name.into());
        then.push(Box::default());
        rest = after;
    }
    match (prefix, then.last_mut()) {
        (Some(prefix), Some(last)) => {
            *last = literal(rest);
            Segment::Pattern(Pattern {
                prefix: literal(prefix),
                then,
            })
        }
        _ => Segment::Literal(literal(text)),
    }
}

/// Literal text of a template, which may have escapes.
fn literal(text: &str) -> Box<str> {
    decoded(text).map_or_else(|| text.into(), Into::into)
}

/// The text before the first variable, the variable's name, and the text after it.
fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    let name = &text[open + 1..close];
    (!name.is_empty()).then(|| (&text[..open], name, &text[close + 1..]))
}

impl Pattern {
    /// Whether the pattern is a single variable and nothing else.
    pub(crate) fn is_whole(&self) -> bool {
        self.prefix.is_empty() && self.then.len() == 1 && self.then[0].is_empty()
    }

    /// The key that sorts the most specific pattern first: the most literal text, then the longest
    /// prefix, then the most variables, as each needs a character.
    pub(crate) fn rank(&self) -> Rank<'_> {
        let literal = self.prefix.len() + self.then.iter().map(|text| text.len()).sum::<usize>();
        (
            Reverse(literal),
            Reverse(self.prefix.len()),
            Reverse(self.then.len()),
            &self.prefix,
            &self.then,
        )
    }

    /// Whether a raw segment matches. If so, the places of its variables are added to `captures`.
    /// The segment starts at `offset` in its path. Each variable takes at least one character, and
    /// no more than it must: `{base}...{head}` is split at the first `...`.
    pub(crate) fn capture(
        &self,
        raw: &str,
        offset: usize,
        captures: &mut Vec<Range<usize>>,
    ) -> bool {
        if self.is_whole() {
            captures.push(offset..offset + raw.len());
            return true;
        }
        let Some(ranges) = decoded(raw).and_then(|text| self.split(&text)) else {
            return false;
        };
        for range in ranges {
            let (start, end) = (raw_position(raw, range.start), raw_position(raw, range.end));
            captures.push(offset + start..offset + end);
        }
        true
    }

    /// The places of the variables in a decoded segment. The earliest place of each text between
    /// variables leaves the most room for the rest, so nothing has to be tried again.
    fn split(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let mut at = text
            .strip_prefix(&*self.prefix)
            .map(|_| self.prefix.len())?;
        let mut ranges = Vec::with_capacity(self.then.len());
        for (index, then) in self.then.iter().enumerate() {
            let first = at + text[at..].chars().next()?.len_utf8();
            let end = if index + 1 == self.then.len() {
                text.len()
                    .checked_sub(then.len())
                    .filter(|end| *end >= first && text.ends_with(&**then))?
            } else {
                first + text[first..].find(&**then)?
            };
            ranges.push(at..end);
            at = end + then.len();
        }
        Some(ranges)
    }
}

/// See [`Pattern::rank`].
type Rank<'p> = (
    Reverse<usize>,
    Reverse<usize>,
    Reverse<usize>,
    &'p str,
    &'p [Box<str>],
);

/// The place in `raw` of the decoded byte at `position`.
fn raw_position(raw: &str, position: usize) -> usize {
    let bytes = raw.as_bytes();
    let mut at = 0;
    for _ in 0..position {
        let escape = bytes[at] == b'%'
            && bytes.len() > at + 2
            && bytes[at + 1].is_ascii_hexdigit()
            && bytes[at + 2].is_ascii_hexdigit();
        at += if escape { 3 } else { 1 };
    }
    at
}
