//! Schemas that take several types: an `allOf` that is not a single struct, and sets of properties
//! of which some are required.

use serde::Serialize as _;
use serde::ser::{Error, Serializer};
use serde_json::{Map, Value};

use crate::union::spend;
use crate::{Invalid, Node, Object, Reason};

impl Node {
    /// Returns the value if every one of these decoders accepts it.
    ///
    /// # Errors
    /// The error of the first decoder that refuses the value, or [`Reason::TooComplex`].
    #[allow(clippy::type_complexity)] // a list of functions
    pub fn every(self, decoders: &[fn(Self) -> Result<(), Invalid>]) -> Result<Value, Invalid> {
        let size = self.size();
        for decode in decoders {
            spend(size)?;
            decode(self.clone())?;
        }
        self.value()
    }
}

impl Object {
    /// Checks that the object has all properties of at least one of these sets.
    ///
    /// # Errors
    /// [`Reason::MissingProperty`]
    pub fn require_any(&self, sets: &[&[&str]]) -> Result<(), Invalid> {
        match self.sets_present(sets) {
            0 => Err(Invalid::new(
                Reason::MissingProperty,
                format!("must have {}", alternatives(sets)),
            )),
            _ => Ok(()),
        }
    }

    /// Checks that the object has all properties of exactly one of these sets.
    ///
    /// # Errors
    /// [`Reason::MissingProperty`] if it has none of the sets, [`Reason::NoAlternative`] if it has
    /// several.
    pub fn require_one(&self, sets: &[&[&str]]) -> Result<(), Invalid> {
        self.require_any(sets)?;
        match self.sets_present(sets) {
            1 => Ok(()),
            _ => Err(Invalid::new(
                Reason::NoAlternative,
                format!("must have only one of {}", alternatives(sets)),
            )),
        }
    }

    fn sets_present(&self, sets: &[&[&str]]) -> usize {
        sets.iter()
            .filter(|set| set.iter().all(|name| self.has(name)))
            .count()
    }
}

fn alternatives(sets: &[&[&str]]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| set.join(" and ")).collect();
    sets.join(", or ")
}

/// Serializes the parts of an `allOf` as one object. A property that several parts have is written
/// once.
///
/// # Errors
/// A part that can't be written as JSON, or that is no object.
pub fn serialize_merged<S: Serializer, const N: usize>(
    serializer: S,
    parts: [Result<Value, serde_json::Error>; N],
) -> Result<S::Ok, S::Error> {
    let mut merged = Map::new();
    for part in parts {
        match part.map_err(S::Error::custom)? {
            Value::Object(members) => merged.extend(members),
            Value::Null => {}
            _ => return Err(S::Error::custom("a part of an allOf is no object")),
        }
    }
    merged.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decode as _, Properties};

    fn object(text: &str) -> Object {
        let node = Node::from_json(text.as_bytes()).expect("JSON");
        node.object(&Properties::ANY).expect("an object")
    }

    #[test]
    fn sets_of_properties() {
        let sets: &[&[&str]] = &[&["a"], &["b", "c"]];
        assert!(object(r#"{"a":1}"#).require_one(sets).is_ok());
        assert!(object(r#"{"a":1,"b":2,"c":3}"#).require_any(sets).is_ok());
        let none = object(r#"{"b":2}"#)
            .require_any(sets)
            .expect_err("none is whole");
        assert_eq!(none.reason(), Reason::MissingProperty);
        let both = object(r#"{"a":1,"b":2,"c":3}"#)
            .require_one(sets)
            .expect_err("both are whole");
        assert_eq!(both.reason(), Reason::NoAlternative);
    }

    #[test]
    #[allow(clippy::type_complexity)] // a list of functions
    fn every_decoder_must_take_the_value() {
        let node = || Node::String("x".to_owned());
        assert!(
            node()
                .every(&[|node| String::decode(node).map(drop)])
                .is_ok()
        );
        let decoders: &[fn(Node) -> Result<(), Invalid>] = &[
            |node| String::decode(node).map(drop),
            |node| i64::decode(node).map(drop),
        ];
        assert_eq!(
            node().every(decoders).expect_err("no integer").reason(),
            Reason::WrongType
        );
    }

    #[test]
    fn a_property_of_two_parts_is_written_once() {
        let mut out = Vec::new();
        let parts = [
            Ok(serde_json::json!({"a": 1, "b": 2})),
            Ok(serde_json::json!({"b": 3})),
        ];
        serialize_merged(&mut serde_json::Serializer::new(&mut out), parts).expect("objects");
        assert_eq!(String::from_utf8(out).expect("JSON"), r#"{"a":1,"b":3}"#);
    }
}
