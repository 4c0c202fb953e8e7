//! Finds the operation of a request, in one tree of all paths of a document.
//!
//! The path is chosen first, and then the method. So an operation of a template never answers for a
//! literal path that lacks the method. Literals come before templates, and more specific templates
//! before others (OpenAPI 3.0.3, Paths Object, Path Templating Matching). If a choice leads
//! nowhere, the next one is tried.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use http::Method;

use crate::template::{Pattern, Segment, Template, decoded, raw_segments};

/// The paths of a document and the methods of each.
#[derive(Debug)]
pub struct Table {
    /// The nodes of the tree. The first one is the root.
    pub(crate) places: Vec<Place>,
    pub(crate) templates: Vec<Arc<Template>>,
}

/// A node of the tree: the common beginning of some paths.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Sorted.
    pub(crate) literals: Vec<(Box<str>, usize)>,
    /// The patterns of the next segment, the most specific first.
    pub(crate) patterns: Vec<(Pattern, usize)>,
    /// The routes that end here, and those that end here with a slash: their methods and indices.
    pub(crate) plain: Vec<(Method, usize)>,
    pub(crate) slash: Vec<(Method, usize)>,
    /// The names of the variables in the next segment.
    pub(crate) names: BTreeSet<Box<str>>,
}

/// What [`Table::find`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A route: its index in the list that the table was made of, and the places of its template's
    /// variables in the raw path, in order.
    Route {
        /// Index of the route.
        index: usize,
        /// Byte ranges in the raw path.
        captures: Vec<Range<usize>>,
    },
    /// The path has operations, but none with the method.
    MethodNotAllowed {
        /// Index of one of the path's routes.
        index: usize,
        /// The value of `Allow`.
        allow: String,
    },
    /// No operation has the path.
    NotFound,
}

/// Two routes that no request can tell apart: they have the same method, and paths that differ at
/// most in the names of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous {
    /// Index of the earlier route.
    pub first: usize,
    /// Index of the later route.
    pub second: usize,
}

impl Table {
    /// Makes a table of routes.
    ///
    /// # Errors
    /// Two routes that no request can tell apart.
    pub fn new<P: AsRef<str>>(routes: &[(Method, P)]) -> Result<Self, Ambiguous> {
        let mut table = Self {
            places: vec![Place::default()],
            templates: Vec::with_capacity(routes.len()),
        };
        for (index, (method, path)) in routes.iter().enumerate() {
            let template = Template::parse(path.as_ref());
            let mut at = 0;
            let mut names = template.variables().iter();
            for segment in &template.segments {
                table.places[at]
                    .names
                    .extend(names.by_ref().take(segment.variables()).cloned());
                at = table.descend(at, segment);
            }
            let place = &mut table.places[at];
            let ends = if template.slash {
                &mut place.slash
            } else {
                &mut place.plain
            };
            if let Some((_, first)) = ends.iter().find(|(other, _)| other == method) {
                return Err(Ambiguous {
                    first: *first,
                    second: index,
                });
            }
            ends.push((method.clone(), index));
            table.templates.push(Arc::new(template));
        }
        for place in &mut table.places {
            place
                .patterns
                .sort_by(|(one, _), (other, _)| one.rank().cmp(&other.rank()));
        }
        Ok(table)
    }

    fn descend(&mut self, at: usize, segment: &Segment) -> usize {
        let new = self.places.len();
        let place = &mut self.places[at];
        let next = match segment {
            Segment::Literal(text) => match place.literal(text) {
                Ok(at) => place.literals[at].1,
                Err(at) => {
                    place.literals.insert(at, (text.clone(), new));
                    new
                }
            },
            Segment::Pattern(pattern) => {
                match place.patterns.iter().find(|(other, _)| other == pattern) {
                    Some((_, next)) => *next,
                    None => {
                        place.patterns.push((pattern.clone(), new));
                        new
                    }
                }
            }
        };
        if next == new {
            self.places.push(Place::default());
        }
        next
    }

    /// Finds the route for a request. `raw_path` is the URI's path as the caller sent it.
    #[must_use]
    pub fn find(&self, method: &Method, raw_path: &str) -> Found {
        let mut captures = Vec::new();
        let Some(place) = self.search(0, raw_segments(raw_path), &mut captures) else {
            return Found::NotFound;
        };
        let ends = self.places[place].ends(raw_path.ends_with('/'));
        let of = |wanted: &Method| ends.iter().find(|(other, _)| other == wanted);
        // RFC 9110 9.3.2: a path that has GET also has HEAD.
        let get = || of(&Method::GET).filter(|_| method == Method::HEAD);
        match (of(method).or_else(get), ends.first()) {
            (Some((_, index)), _) => Found::Route {
                index: *index,
                captures,
            },
            (None, Some((_, index))) => Found::MethodNotAllowed {
                index: *index,
                allow: allow(ends),
            },
            (None, None) => Found::NotFound,
        }
    }

    /// Each place is visited at most once, since only one way leads to it.
    fn search<'p>(
        &self,
        at: usize,
        mut segments: impl Iterator<Item = (Range<usize>, &'p str)> + Clone,
        captures: &mut Vec<Range<usize>>,
    ) -> Option<usize> {
        let place = &self.places[at];
        let Some((range, raw)) = segments.next() else {
            return (!place.plain.is_empty() || !place.slash.is_empty()).then_some(at);
        };
        if !place.literals.is_empty()
            && let Some(Ok(at)) = decoded(raw).map(|text| place.literal(&text))
            && let Some(found) = self.search(place.literals[at].1, segments.clone(), captures)
        {
            return Some(found);
        }
        for (pattern, next) in &place.patterns {
            let before = captures.len();
            if pattern.capture(raw, range.start, captures) {
                if let Some(found) = self.search(*next, segments.clone(), captures) {
                    return Some(found);
                }
                captures.truncate(before);
            }
        }
        None
    }
}

fn allow(ends: &[(Method, usize)]) -> String {
    let mut methods: Vec<&str> = ends.iter().map(|(method, _)| method.as_str()).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

impl Place {
    /// Where a literal is, or where it belongs.
    fn literal(&self, text: &str) -> Result<usize, usize> {
        self.literals
            .binary_search_by(|(literal, _)| (**literal).cmp(text))
    }

    /// `/x/` is told from `/x` only where the document has both.
    fn ends(&self, slash: bool) -> &[(Method, usize)] {
        match (self.plain.is_empty(), self.slash.is_empty()) {
            (false, true) => &self.plain,
            (true, false) => &self.slash,
            _ if slash => &self.slash,
            _ => &self.plain,
        }
    }
}
