//! Reads arrays and objects from paths, queries, headers and cookies (OpenAPI 3.0.3, Style Values;
//! RFC 6570).
//!
//! A text is split before it is decoded, so that an escaped separator stays inside its value.

mod deep_object;

use crate::operation::{Field, Location, Parameter, Shape, Style};
use crate::pairs::Pairs;
use crate::percent::{Escapes, decode};
use crate::{Invalid, Members, Node, Reason};

/// The part of a declaration that says how a value is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'d> {
    pub(crate) name: &'d str,
    pub(crate) shape: Shape,
    pub(crate) style: Style,
    pub(crate) explode: bool,
    pub(crate) escapes: Escapes,
    pub(crate) beside: Beside<'d>,
}

/// The other declarations in the same place. Their names are not properties of a free-form object
/// that is spread there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Beside<'d> {
    Nothing,
    Parameters(&'d [Parameter]),
    Fields(&'d [Field]),
}

impl Beside<'_> {
    fn has(self, name: &str) -> bool {
        let name = name.split('[').next().unwrap_or_default();
        match self {
            Self::Nothing => false,
            Self::Parameters(all) => all
                .iter()
                .any(|other| other.location == Location::Query && other.name == name),
            Self::Fields(all) => all.iter().any(|other| other.name == name),
        }
    }
}

impl Written<'_> {
    /// Reads the value of a path segment or a header.
    pub(crate) fn read(&self, raw: &str) -> Result<Node, Invalid> {
        match self.style {
            Style::Label => self.label(raw),
            Style::Matrix => self.matrix(raw),
            _ => self.delimited(raw, &[","]),
        }
    }

    /// Reads the value from the pairs of a query, a form or a cookie. `None` if no pair belongs to
    /// it.
    pub(crate) fn find(&self, text: &str, pairs: &Pairs) -> Result<Option<Node>, Invalid> {
        match (self.style, self.shape) {
            (Style::DeepObject, _) => deep_object::read(self, text, pairs),
            (_, Shape::Array(_)) if self.explode => {
                let items = pairs
                    .values(text, self.name)
                    .map(|raw| self.leaf(raw))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((!items.is_empty()).then_some(Node::List(items)))
            }
            (_, Shape::Object(properties)) if self.explode => {
                self.own_names(properties, text, pairs)
            }
            _ => {
                let mut values = pairs.values(text, self.name);
                let Some(raw) = values.next() else {
                    return Ok(None);
                };
                if values.next().is_some() {
                    return Err(repeated());
                }
                let separators: &[&str] = match self.style {
                    Style::SpaceDelimited => &["%20", "+", " "],
                    Style::PipeDelimited => &["|", "%7C", "%7c"],
                    _ => &[","],
                };
                self.delimited(raw, separators).map(Some)
            }
        }
    }

    /// Reads `a`, `a,b`, `key,a,other,b` or, exploded, `key=a,other=b`.
    fn delimited(&self, raw: &str, separators: &[&str]) -> Result<Node, Invalid> {
        match self.shape {
            Shape::Scalar | Shape::Any => self.leaf(raw),
            Shape::Array(_) => self.list(split(raw, separators)),
            Shape::Object(_) if self.explode => self.assignments(split(raw, separators)),
            Shape::Object(_) => self.alternating(&split(raw, separators)),
        }
    }

    /// Reads `.a`, `.a.b`. OpenAPI 3.0.3 separates by full stops where RFC 6570 and 3.0.4 have
    /// commas, so both are accepted.
    fn label(&self, raw: &str) -> Result<Node, Invalid> {
        let Some(raw) = raw.strip_prefix('.') else {
            return Err(not_written("begin with a full stop"));
        };
        match self.shape {
            Shape::Scalar | Shape::Any => self.leaf(raw),
            _ if !self.explode && raw.contains(',') => self.delimited(raw, &[","]),
            _ => self.delimited(raw, &["."]),
        }
    }

    /// Reads `;name=a`, `;name=a,b`, `;name=a;name=b` or `;key=a;other=b`.
    fn matrix(&self, raw: &str) -> Result<Node, Invalid> {
        let Some(raw) = raw.strip_prefix(';') else {
            return Err(not_written("begin with a semicolon"));
        };
        let own = |part: &str| -> Result<String, Invalid> {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if decode(name, self.escapes)? == self.name {
                Ok(value.to_owned())
            } else {
                Err(not_written(&format!("be written as \";{}=…\"", self.name)))
            }
        };
        match self.shape {
            Shape::Array(_) if self.explode => {
                let values = raw.split(';').map(own).collect::<Result<Vec<_>, _>>()?;
                self.list(values.iter().map(String::as_str).collect())
            }
            Shape::Object(_) if self.explode => self.assignments(raw.split(';').collect()),
            _ => self.delimited(&own(raw)?, &[","]),
        }
    }

    /// Reads an exploded object, whose properties look like parameters: `?key=a&other=b`. An object
    /// without declared properties gets every other pair of the query.
    fn own_names(
        &self,
        properties: &[(&str, Shape)],
        text: &str,
        pairs: &Pairs,
    ) -> Result<Option<Node>, Invalid> {
        let mut members = Vec::new();
        if properties.is_empty() {
            for (name, raw) in pairs.all(text).filter(|(name, _)| !self.beside.has(name)) {
                let value = self.leaf(raw).map_err(|invalid| invalid.within(name))?;
                members.push((Box::from(name), value));
            }
        }
        // A name that another declaration has belongs to that one. Otherwise it would be read
        // twice, and could make an object out of nothing.
        let own = |name: &str| name == self.name || !self.beside.has(name);
        for (name, shape) in properties.iter().filter(|(name, _)| own(name)) {
            let property = Written {
                name,
                shape: *shape,
                ..*self
            };
            let value = match shape {
                Shape::Object(_) => None,
                _ => property
                    .find(text, pairs)
                    .map_err(|invalid| invalid.within(name))?,
            };
            members.extend(value.map(|value| (Box::from(*name), value)));
        }
        if members.is_empty() {
            Ok(None)
        } else {
            object(members).map(Some)
        }
    }

    pub(crate) fn leaf(&self, raw: &str) -> Result<Node, Invalid> {
        Ok(Node::Text(decode(raw, self.escapes)?.into_owned()))
    }

    fn list(&self, parts: Vec<&str>) -> Result<Node, Invalid> {
        let item =
            |(index, raw): (usize, _)| self.leaf(raw).map_err(|invalid| invalid.within(index));
        parts
            .into_iter()
            .map(|part| self.trimmed(part))
            .enumerate()
            .map(item)
            .collect::<Result<_, _>>()
            .map(Node::List)
    }

    fn assignments(&self, parts: Vec<&str>) -> Result<Node, Invalid> {
        let mut members = Vec::with_capacity(parts.len());
        for part in parts {
            let Some((key, raw)) = self.trimmed(part).split_once('=') else {
                return Err(not_written("consist of assignments, \"key=value\""));
            };
            members.push((decode(key, self.escapes)?.into(), self.leaf(raw)?));
        }
        object(members)
    }

    fn alternating(&self, parts: &[&str]) -> Result<Node, Invalid> {
        let mut members = Vec::with_capacity(parts.len() / 2);
        for pair in parts.chunks(2) {
            let [key, raw] = pair else {
                return Err(not_written("consist of keys, each with a value after it"));
            };
            members.push((
                decode(self.trimmed(key), self.escapes)?.into(),
                self.leaf(self.trimmed(raw))?,
            ));
        }
        object(members)
    }

    /// Removes the white space that headers may have around their commas (RFC 9110, 5.6.1).
    fn trimmed<'a>(&self, part: &'a str) -> &'a str {
        if self.escapes == Escapes::None {
            part.trim_matches([' ', '\t'])
        } else {
            part
        }
    }
}

/// Splits a text. An empty text has no parts, so it is an empty list, not a list of one empty text.
fn split<'a>(raw: &'a str, separators: &[&str]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut rest = raw;
    if raw.is_empty() {
        return parts;
    }
    while let Some((at, separator)) = separators
        .iter()
        .filter_map(|separator| rest.find(separator).map(|at| (at, separator)))
        .min()
    {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

fn object(members: Vec<(Box<str>, Node)>) -> Result<Node, Invalid> {
    Members::new(members)
        .map(Node::Object)
        .map_err(|key| repeated().within(key))
}

pub(crate) fn repeated() -> Invalid {
    Invalid::new(Reason::RepeatedParameter, "is given more than once")
}

fn not_written(how: &str) -> Invalid {
    Invalid::new(Reason::WrongType, format!("must {how}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHAPES: [Shape; 5] = [
        Shape::Scalar,
        Shape::Any,
        Shape::Array(&Shape::Scalar),
        Shape::Object(&[]),
        Shape::Object(&[("a", Shape::Array(&Shape::Any)), ("b", Shape::Object(&[]))]),
    ];
    const STYLES: [Style; 7] = [
        Style::Simple,
        Style::Label,
        Style::Matrix,
        Style::Form,
        Style::SpaceDelimited,
        Style::PipeDelimited,
        Style::DeepObject,
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        /// Any text is either read or refused.
        #[test]
        fn no_text_panics(text in "[ab&=;,.|%205é\\[\\]+ /]{0,24}") {
            for escapes in [Escapes::None, Escapes::Percent, Escapes::Form] {
                let pairs = [Pairs::parse(&text, b'&', escapes), Pairs::parse(&text, b';', escapes)];
                for (shape, style) in SHAPES.into_iter().flat_map(|shape| STYLES.map(|style| (shape, style))) {
                    for explode in [true, false] {
                        let written = Written { name: "a", shape, style, explode, escapes, beside: Beside::Nothing };
                        let _ = written.read(&text);
                        for pairs in pairs.iter().flatten() {
                            let _ = written.find(&text, pairs);
                        }
                    }
                }
            }
        }
    }
}
