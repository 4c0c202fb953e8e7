//! Turns a [`Node`] into Rust's types by the rules of the schema.
//!
//! A value from the wire ([`Node::Text`], [`Node::Bytes`]) is read as the type that the schema asks
//! for. A JSON value must have that type already, so `"1"` is no integer.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::invalid::listed;
use crate::node::utf8;
use crate::union::spend;
use crate::{Float, Integer, Invalid, Items, Node, Number, Reason, Text};

/// A type that can be read from a request.
pub trait Decode: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// What is wrong with the value, and where.
    fn decode(node: Node) -> Result<Self, Invalid>;
}

impl Node {
    /// Reads a string that keeps `rule`.
    ///
    /// # Errors
    /// [`Reason::WrongType`], and those of [`Text::check`]
    pub fn text(self, rule: &Text) -> Result<String, Invalid> {
        let text = self.string()?;
        rule.check(&text)?;
        Ok(text)
    }

    pub(crate) fn string(self) -> Result<String, Invalid> {
        match self {
            Self::String(text) | Self::Text(text) => Ok(text),
            Self::Bytes(bytes) => utf8(&bytes),
            other => Err(Invalid::type_mismatch("a string", other.kind())),
        }
    }

    /// Reads an integer that keeps `rule` and fits in `T`.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::Bounds`], [`Reason::MultipleOf`]
    pub fn integer<T: TryFrom<i128>>(self, rule: &Integer) -> Result<T, Invalid> {
        let value = self.any_integer()?;
        rule.check(value)?;
        T::try_from(value).map_err(|_| {
            Invalid::new(
                Reason::Bounds,
                format!("does not fit in {} bits", 8 * std::mem::size_of::<T>()),
            )
        })
    }

    fn any_integer(self) -> Result<i128, Invalid> {
        let wrong = |kind| Invalid::type_mismatch("an integer", kind);
        match self {
            Self::Integer(value) => Ok(value),
            // JSON Schema compares numbers by value: 1.0 and 1e3 are integers. Below this bound the
            // conversion is exact.
            #[allow(clippy::cast_possible_truncation)]
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e38 => Ok(value as i128),
            Self::Text(_) | Self::Bytes(_) => {
                let text = self.string()?;
                let digits = text.strip_prefix('-').unwrap_or(&text);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(wrong("text"));
                }
                text.parse()
                    .map_err(|_| Invalid::new(Reason::Bounds, "is too large"))
            }
            other => Err(wrong(other.kind())),
        }
    }

    /// Reads a finite number that keeps `rule`.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::Bounds`], [`Reason::MultipleOf`]
    pub fn float<T: Number>(self, rule: &Float) -> Result<T, Invalid> {
        let value = self.any_number()?;
        rule.check(value)?;
        T::from_f64(value).ok_or_else(|| Invalid::new(Reason::Bounds, "is too large"))
    }

    fn any_number(self) -> Result<f64, Invalid> {
        let wrong = |kind| Invalid::type_mismatch("a number", kind);
        match self {
            #[allow(clippy::cast_precision_loss)] // what reading it as a number means
            Self::Integer(value) => Ok(value as f64),
            Self::Float(value) => Ok(value),
            Self::Text(_) | Self::Bytes(_) => {
                let text = self.string()?;
                // Rust would read "inf", "nan" and "+1" too.
                let numeric = text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
                match text.parse::<f64>() {
                    Ok(value) if numeric && !text.starts_with('+') && value.is_finite() => {
                        Ok(value)
                    }
                    _ => Err(wrong("text")),
                }
            }
            other => Err(wrong(other.kind())),
        }
    }

    /// Reads an array that keeps `rule`, and decodes each item. An error names the item.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::ItemCount`], [`Reason::RepeatedItem`], and those of
    /// `decode`
    pub fn list<T>(
        self,
        rule: &Items,
        decode: fn(Self) -> Result<T, Invalid>,
    ) -> Result<Vec<T>, Invalid> {
        self.items(rule)?
            .into_iter()
            .enumerate()
            .map(|(index, item)| decode(item).map_err(|invalid| invalid.within(index)))
            .collect()
    }

    fn items(self, rule: &Items) -> Result<Vec<Self>, Invalid> {
        let Self::List(items) = self else {
            return Err(Invalid::type_mismatch("an array", self.kind()));
        };
        rule.check(items.len())?;
        if rule.unique {
            let mut seen = HashSet::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                if !seen.insert(canonical(item)) {
                    return Err(
                        Invalid::new(Reason::RepeatedItem, "is there already").within(index)
                    );
                }
            }
        }
        Ok(items)
    }

    /// Reads a value with `nullable: true`. `None` for `null`.
    ///
    /// # Errors
    /// Those of `decode`
    pub fn nullable<T>(self, decode: fn(Self) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
        match self {
            Self::Null => Ok(None),
            other => decode(other).map(Some),
        }
    }

    /// Reads one of these strings.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::NotAllowed`]
    pub fn allowed(self, allowed: &[&str]) -> Result<String, Invalid> {
        let text = self.string()?;
        if allowed.contains(&text.as_str()) {
            Ok(text)
        } else {
            Err(not_allowed(&listed(allowed)))
        }
    }

    /// Reads one of these strings, and returns its value.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::NotAllowed`]
    pub fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, Invalid> {
        let text = self.string()?;
        choices
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                not_allowed(&listed(&names))
            })
    }

    /// Reads one of the values in a JSON list: an `enum` of other types than strings.
    ///
    /// # Errors
    /// [`Reason::NotAllowed`]
    pub fn constant(self, allowed: &'static str) -> Result<Value, Invalid> {
        // The generator wrote the text. If it were broken, no value would be allowed.
        let Ok(Value::Array(values)) = serde_json::from_str(allowed) else {
            return Err(not_allowed(allowed));
        };
        let wire = matches!(self, Self::Text(_) | Self::Bytes(_));
        let found = self.value()?;
        values
            .into_iter()
            .find(|value| {
                same(value, &found) || wire && found.as_str() == Some(value.to_string().as_str())
            })
            .ok_or_else(|| not_allowed(allowed))
    }

    /// Refuses the value if `decode` accepts it (`not`).
    ///
    /// # Errors
    /// [`Reason::Excluded`], [`Reason::TooComplex`]
    pub fn refuse_if<T>(&self, decode: fn(Self) -> Result<T, Invalid>) -> Result<(), Invalid> {
        spend(self.size())?;
        match decode(self.clone()) {
            Ok(_) => Err(Invalid::new(
                Reason::Excluded,
                "matches a schema that it must not match",
            )),
            Err(invalid) if invalid.reason() == Reason::TooComplex => Err(invalid),
            Err(_) => Ok(()),
        }
    }
}

fn not_allowed(allowed: &str) -> Invalid {
    Invalid::new(Reason::NotAllowed, format!("must be one of {allowed}"))
}

/// Whether two values are equal as JSON: 1 equals 1.0 (JSON Schema Core, 4.2.2).
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, value): (&String, _)| {
                other.get(name).is_some_and(|other| same(value, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

/// A text that is the same for equal values: keys are sorted, and numbers have one form.
fn canonical(node: &Node) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Integer(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::String(text) | Node::Text(text) => format!("{text:?}"),
        Node::Bytes(bytes) => format!("{bytes:?}"),
        Node::List(items) => format!(
            "[{}]",
            items.iter().map(canonical).collect::<Vec<_>>().join(",")
        ),
        Node::Object(members) => {
            let sorted: BTreeMap<&str, String> = members
                .iter()
                .map(|(key, node)| (key, canonical(node)))
                .collect();
            format!("{sorted:?}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Node {
        Node::from_json(text.as_bytes()).expect("JSON")
    }

    fn text(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    #[test]
    fn items_are_equal_as_json_is() {
        let unique = |list: &str| {
            json(list)
                .list(&Items::new().unique(), Value::decode)
                .map(drop)
                .map_err(|e| e.pointer())
        };
        assert_eq!(
            unique(r#"[1, "1", 1.5, null, [], {}, {"a": 1}, "null", "[]"]"#),
            Ok(())
        );
        assert_eq!(unique("[1, 2, 1.0]"), Err("/2".to_owned()));
        assert_eq!(
            unique(r#"[{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]"#),
            Err("/1".to_owned())
        );
    }

    #[test]
    fn constants_and_choices() {
        assert_eq!(json("1.0").constant("[1, null]"), Ok(1.into()));
        assert_eq!(json("null").constant("[1, null]"), Ok(Value::Null));
        assert_eq!(text("1").constant("[1, null]"), Ok(1.into()));
        assert!(json("\"1\"").constant("[1, null]").is_err() && json("2").constant("[1]").is_err());
        assert_eq!(json("\"b\"").choice(&[("a", 1), ("b", 2)]), Ok(2));
        let refused = json("\"c\"")
            .allowed(&["a", "b"])
            .map_err(|invalid| invalid.to_string());
        assert_eq!(refused, Err("must be one of \"a\", \"b\"".to_owned()));
    }

    #[test]
    fn not() {
        assert_eq!(json("1").refuse_if(String::decode), Ok(()));
        assert_eq!(
            json("\"a\"")
                .refuse_if(String::decode)
                .map_err(|e| e.reason()),
            Err(Reason::Excluded)
        );
    }

    #[test]
    fn values_keep_what_was_sent() {
        let sent = r#"{"b":[1,-2,18446744073709551615,1.5,true,null,"é"],"a":{}}"#;
        assert_eq!(json(sent).value().expect("a value").to_string(), sent);
    }
}
