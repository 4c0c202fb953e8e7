//! `oneOf`, `anyOf` and discriminators.
//!
//! Alternatives are tried on copies of the value. A recursive schema multiplies such trials at each
//! level, so a few hundred bytes could keep a processor busy for hours. [`refill`] gives each
//! parameter and each body a budget of values to try.

use std::cell::Cell;

use crate::{Invalid, Node, Reason};

/// The most values (scalars, arrays, objects) that the unions within one parameter or body may look
/// at in all.
const BUDGET: usize = 200_000;

thread_local! {
    /// The rest of the budget. Decoding is synchronous, so it ends before its thread takes up
    /// another request.
    static LEFT: Cell<usize> = const { Cell::new(BUDGET) };
}

/// Gives the next value a full budget.
pub(crate) fn refill() {
    LEFT.set(BUDGET);
}

type Alternative<T> = fn(Node) -> Result<T, Invalid>;

/// Reads `oneOf`: exactly one alternative must accept the value.
///
/// # Errors
/// [`Reason::NoAlternative`] if none or several do, [`Reason::TooComplex`].
pub fn one_of<T>(node: Node, alternatives: &[Alternative<T>]) -> Result<T, Invalid> {
    let mut trial = Trial::new(node)?;
    let mut matched = None;
    for alternative in alternatives {
        match alternative(trial.copy()?) {
            Ok(_) if matched.is_some() => {
                return Err(Invalid::new(
                    Reason::NoAlternative,
                    "matches several alternatives of which it may match one",
                ));
            }
            Ok(value) => matched = Some(value),
            Err(invalid) => trial.failed(invalid)?,
        }
    }
    matched.ok_or_else(|| trial.none_matched(alternatives.len()))
}

/// Reads `anyOf`: the first alternative that accepts the value.
///
/// # Errors
/// [`Reason::NoAlternative`] if none does, [`Reason::TooComplex`].
pub fn any_of<T>(node: Node, alternatives: &[Alternative<T>]) -> Result<T, Invalid> {
    let mut trial = Trial::new(node)?;
    for alternative in alternatives {
        match alternative(trial.copy()?) {
            Ok(value) => return Ok(value),
            Err(invalid) => trial.failed(invalid)?,
        }
    }
    Err(trial.none_matched(alternatives.len()))
}

/// Reads `anyOf` of objects. Of the alternatives that accept the value, it takes the one that knows
/// most of its properties, since properties that it doesn't know are lost. Each alternative comes
/// with the names of its properties.
///
/// # Errors
/// [`Reason::NoAlternative`] if none does, [`Reason::TooComplex`].
pub fn any_of_objects<T>(
    node: Node,
    alternatives: &[(&[&str], Alternative<T>)],
) -> Result<T, Invalid> {
    let known = |names: &[&str]| match &node {
        Node::Object(members) => (members.iter())
            .filter(|(name, _)| names.contains(name))
            .count(),
        _ => 0,
    };
    let mut ranked: Vec<(usize, Alternative<T>)> = alternatives
        .iter()
        .map(|(names, alternative)| (known(names), *alternative))
        .collect();
    ranked.sort_by_key(|(known, _)| std::cmp::Reverse(*known));
    let ranked: Vec<Alternative<T>> = ranked
        .into_iter()
        .map(|(_, alternative)| alternative)
        .collect();
    any_of(node, &ranked)
}

impl Node {
    /// Reads the value of a discriminator.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::MissingProperty`]
    pub fn tag(&self, property: &str) -> Result<String, Invalid> {
        let Self::Object(members) = self else {
            return Err(Invalid::type_mismatch("an object", self.kind()));
        };
        match members.get(property) {
            Some(Self::String(tag) | Self::Text(tag)) => Ok(tag.clone()),
            Some(other) => Err(Invalid::type_mismatch("a string", other.kind()).within(property)),
            None => Err(Invalid::new(Reason::MissingProperty, "is missing").within(property)),
        }
    }
}

/// A value, and the result of the alternatives that were tried.
struct Trial {
    node: Node,
    size: usize,
    /// The refusal deepest in the value. The caller probably meant its alternative.
    nearest: Option<Invalid>,
}

impl Trial {
    fn new(node: Node) -> Result<Self, Invalid> {
        let size = node.size();
        spend(size)?;
        Ok(Self {
            node,
            size,
            nearest: None,
        })
    }

    fn copy(&self) -> Result<Node, Invalid> {
        spend(self.size)?;
        Ok(self.node.clone())
    }

    /// Notes that an alternative refused the value. An error if the budget ran out.
    fn failed(&mut self, invalid: Invalid) -> Result<(), Invalid> {
        if invalid.reason() == Reason::TooComplex {
            return Err(invalid);
        }
        if self
            .nearest
            .as_ref()
            .is_none_or(|nearest| invalid.depth() > nearest.depth())
        {
            self.nearest = Some(invalid);
        }
        Ok(())
    }

    fn none_matched(self, alternatives: usize) -> Invalid {
        let mut message = format!("matches none of {alternatives} alternatives");
        if let Some(nearest) = self.nearest {
            message.push_str(&format!(" (nearest: {nearest})"));
        }
        Invalid::new(Reason::NoAlternative, message)
    }
}

/// Takes from the budget.
pub(crate) fn spend(values: usize) -> Result<(), Invalid> {
    match LEFT.get().checked_sub(values) {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => Err(Invalid::new(
            Reason::TooComplex,
            "has too many alternatives to try",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{Decode, Properties};

    #[derive(Debug, PartialEq)]
    enum Either {
        Number(i64),
        Small(i8),
        Text(String),
    }

    const ALTERNATIVES: [Alternative<Either>; 3] = [
        |node| i64::decode(node).map(Either::Number),
        |node| i8::decode(node).map(Either::Small),
        |node| String::decode(node).map(Either::Text),
    ];

    #[test]
    fn one_of_takes_what_exactly_one_alternative_takes() {
        refill();
        assert_eq!(
            one_of(Node::Integer(1000), &ALTERNATIVES).unwrap(),
            Either::Number(1000)
        );
        let several = one_of(Node::Integer(1), &ALTERNATIVES).unwrap_err();
        assert_eq!(several.reason(), Reason::NoAlternative);
        let none = one_of(Node::Null, &ALTERNATIVES).unwrap_err();
        assert_eq!(
            none.to_string(),
            "matches none of 3 alternatives (nearest: must be an integer, not null)"
        );
    }

    #[test]
    fn any_of_takes_the_first() {
        refill();
        assert_eq!(
            any_of(Node::Integer(1), &ALTERNATIVES).unwrap(),
            Either::Number(1)
        );
        assert_eq!(
            any_of(Node::Null, &ALTERNATIVES).unwrap_err().reason(),
            Reason::NoAlternative
        );
    }

    /// A schema that multiplies trials: both alternatives have a child of the same schema.
    #[derive(Debug)]
    struct Tree;

    impl Decode for Tree {
        fn decode(node: Node) -> Result<Self, Invalid> {
            any_of(
                node,
                &[
                    |node| {
                        let mut object = node.object(&Properties::ANY)?;
                        object.required("child", Self::decode)?;
                        object.required("left", bool::decode).map(|_| Self)
                    },
                    |node| {
                        let mut object = node.object(&Properties::ANY)?;
                        object.required("child", Self::decode)?;
                        object.required("right", bool::decode).map(|_| Self)
                    },
                    |node| bool::decode(node).map(|_| Self),
                ],
            )
        }
    }

    #[test]
    fn a_value_that_would_be_tried_for_hours_is_refused_at_once() {
        let nested = |levels: usize| {
            let text = format!(
                "{}true{}",
                "{\"child\":".repeat(levels),
                ",\"right\":true}".repeat(levels)
            );
            Node::from_json(text.as_bytes()).unwrap()
        };
        refill();
        Tree::decode(nested(8)).unwrap();
        let start = Instant::now();
        refill();
        assert_eq!(
            Tree::decode(nested(60)).unwrap_err().reason(),
            Reason::TooComplex
        );
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
        refill();
        Tree::decode(nested(8)).unwrap();
    }

    #[test]
    fn tags() {
        let tag = |text: &str| Node::from_json(text.as_bytes()).unwrap().tag("kind");
        assert_eq!(tag(r#"{"kind": "a"}"#).unwrap(), "a");
        assert_eq!(tag(r#"{"kind": 1}"#).unwrap_err().pointer(), "/kind");
        assert_eq!(tag("{}").unwrap_err().reason(), Reason::MissingProperty);
        assert_eq!(tag("[]").unwrap_err().reason(), Reason::WrongType);
    }
}
