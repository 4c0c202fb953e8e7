//! An object from which a generated type is decoded, property by property.

use std::collections::BTreeMap;

use crate::node::Remaining;
use crate::{Invalid, Node, Properties, Reason};

/// The properties of an object that were not read yet. Every error names the property.
#[derive(Debug)]
pub struct Object(Remaining);

impl Node {
    /// Reads this value as an object with an allowed number of properties.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::PropertyCount`]
    pub fn object(self, rule: &Properties) -> Result<Object, Invalid> {
        let Self::Object(members) = self else {
            return Err(Invalid::type_mismatch("an object", self.kind()));
        };
        rule.check(members.len())?;
        Ok(Object(Remaining::new(members)))
    }

    /// Reads this value as a map from any key to values of one type.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::PropertyCount`], and those of `decode`
    pub fn map<T>(
        self,
        rule: &Properties,
        decode: fn(Self) -> Result<T, Invalid>,
    ) -> Result<BTreeMap<String, T>, Invalid> {
        self.object(rule)?.rest(decode)
    }
}

impl Object {
    /// Reads a required property.
    ///
    /// # Errors
    /// [`Reason::MissingProperty`], and those of `decode`
    pub fn required<T>(
        &mut self,
        name: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<T, Invalid> {
        match self.0.take(name) {
            Some(node) => decode(node).map_err(|invalid| invalid.within(name)),
            None => Err(missing(name)),
        }
    }

    /// Reads a property that may be left out. `decode` decides what `null` means.
    ///
    /// # Errors
    /// Those of `decode`
    pub fn optional<T>(
        &mut self,
        name: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Invalid> {
        self.0
            .take(name)
            .map(decode)
            .transpose()
            .map_err(|invalid| invalid.within(name))
    }

    /// Reads a property with a default, which is given as JSON text.
    ///
    /// # Errors
    /// Those of `decode`
    pub fn or_default<T>(
        &mut self,
        name: &str,
        default: &str,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<T, Invalid> {
        let node = match self.0.take(name) {
            Some(node) => node,
            None => Node::from_json(default.as_bytes())?,
        };
        decode(node).map_err(|invalid| invalid.within(name))
    }

    /// Reads every property that was not read yet: `additionalProperties` with a schema.
    ///
    /// # Errors
    /// Those of `decode`
    pub fn rest<T>(
        &mut self,
        decode: fn(Node) -> Result<T, Invalid>,
    ) -> Result<BTreeMap<String, T>, Invalid> {
        self.0
            .rest()
            .map(|(key, node)| match decode(node) {
                Ok(value) => Ok((String::from(key), value)),
                Err(invalid) => Err(invalid.within(key)),
            })
            .collect()
    }

    /// Whether the object has a property, even if it was read before.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// Skips a known property: `readOnly` in a request.
    pub fn ignore(&mut self, name: &str) {
        self.0.take(name);
    }

    /// `additionalProperties: false`
    ///
    /// # Errors
    /// [`Reason::UnknownProperty`] for the first property that was not read.
    pub fn deny_unknown(&self) -> Result<(), Invalid> {
        match self.0.first_left() {
            None => Ok(()),
            Some(key) => Err(Invalid::new(
                Reason::UnknownProperty,
                "is a property that the schema does not allow",
            )
            .within(key)),
        }
    }
}

fn missing(name: &str) -> Invalid {
    Invalid::new(Reason::MissingProperty, "is missing").within(name)
}
