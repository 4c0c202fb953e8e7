//! An object while a generated type is decoded from it, property by property.

use std::collections::BTreeMap;

use crate::node::Remaining;
use crate::{Invalid, Node, Properties, Reason};

/// What is left of an object. Every error names the property.
#[derive(Debug)]
pub struct Object(Remaining);

impl Node {
    /// This value as an object of as many properties as allowed.
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

    /// This value as a map from any key to values of one type.
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
    /// A property that must be there.
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

    /// A property that may be left out; `null` is what `decode` says it is.
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

    /// A property with a default, given as JSON text.
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

    /// Every property not asked for yet: `additionalProperties` with a schema.
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

    /// Whether a property is there, or was before it was asked for.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// A property that is known and not read: `readOnly` in a request.
    pub fn ignore(&mut self, name: &str) {
        self.0.take(name);
    }

    /// `additionalProperties: false`
    ///
    /// # Errors
    /// [`Reason::UnknownProperty`] for the first property not asked for.
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
