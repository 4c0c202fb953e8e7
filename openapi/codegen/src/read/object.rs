//! Reads the fields of an object of the document by type. A field of another type gives a remark.
//!
//! `null` counts as absent, because YAML writes an empty field as null. A number or a boolean
//! counts as text, because YAML reads `version: 1.0` as a number. In both cases the meaning is
//! clear.

use super::{At, Reader};
use crate::codes;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// An object with its place.
#[derive(Clone, Copy)]
pub struct Object<'r, 'd> {
    pub reader: &'r Reader<'d>,
    pub map: &'d Map<String, Value>,
    pub at: At<'r>,
}

impl<'r, 'd> Object<'r, 'd> {
    /// The value as an object. `what` names it in the message if it is something else.
    pub fn new(reader: &'r Reader<'d>, value: &'d Value, at: At<'r>, what: &str) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Object { reader, map, at }),
            other => {
                let message = format!("{what} is an object, not {}", describe(other));
                reader.error(codes::WRONG_TYPE, &at, message, "write an object here");
                None
            }
        }
    }

    /// A field that is present and not null.
    pub fn get(&self, key: &str) -> Option<&'d Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The place of a field.
    pub fn key<'b>(&'b self, key: &'b str) -> At<'b> {
        self.at.key(key)
    }

    /// A text field.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            other => self.wrong(key, "text", other),
        }
    }

    /// A text field. The object is useless without it, so its absence is an error.
    pub fn required_text(&self, key: &str, what: &str) -> Option<String> {
        if self.get(key).is_none() {
            self.missing(key, what);
        }
        self.text(key)
    }

    /// A boolean field.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match &*self.unquoted(key)? {
            Value::Bool(flag) => Some(*flag),
            other => self.wrong(key, "true or false", other),
        }
    }

    /// A field that is a count.
    pub fn count(&self, key: &str) -> Option<u64> {
        let value = self.unquoted(key)?;
        let whole = |float: f64| (float >= 0.0 && float.fract() == 0.0).then_some(float as u64);
        let count = value.as_u64().or_else(|| value.as_f64().and_then(whole));
        count.or_else(|| self.wrong(key, "a whole number, 0 or more", &value))
    }

    /// A number field.
    pub fn number(&self, key: &str) -> Option<Number> {
        match &*self.unquoted(key)? {
            Value::Number(number) => Some(number.clone()),
            other => self.wrong(key, "a number", other),
        }
    }

    /// A field that may be a number or a boolean, even in quotes.
    fn unquoted(&self, key: &str) -> Option<Cow<'d, Value>> {
        let value = self.get(key)?;
        let read = value
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok());
        let Some(read @ (Value::Number(_) | Value::Bool(_))) = read else {
            return Some(Cow::Borrowed(value));
        };
        let message = format!("`{key}` stands in quotes; it is taken as {read}");
        self.reader
            .carried(codes::TOLERATED, &self.key(key), message, "drop the quotes");
        Some(Cow::Owned(read))
    }

    /// A list field. Empty if the field is absent.
    pub fn list(&self, key: &str) -> &'d [Value] {
        match self.get(key) {
            None => &[],
            Some(Value::Array(values)) => values,
            Some(other) => self.wrong(key, "a list", other).unwrap_or_default(),
        }
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let at = self.key(key);
        let texts = self
            .list(key)
            .iter()
            .enumerate()
            .filter_map(|(item, value)| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                other => {
                    let message = format!("an item of `{key}` is text, not {}", describe(other));
                    self.reader.error(
                        codes::WRONG_TYPE,
                        &at.item(item),
                        message,
                        "write text here",
                    );
                    None
                }
            });
        texts.collect()
    }

    /// The entries of an object field. Empty if the field is absent.
    pub fn entries(&self, key: &str) -> impl Iterator<Item = (&'d String, &'d Value)> + use<'d> {
        let map = match self.get(key) {
            None => None,
            Some(Value::Object(map)) => Some(map),
            Some(other) => self.wrong(key, "an object", other),
        };
        map.into_iter().flatten()
    }

    /// Reports that a required field is missing.
    pub fn missing(&self, key: &str, what: &str) {
        let message = format!("`{key}` is missing: {what} needs it");
        self.reader.error(
            codes::MISSING_FIELD,
            &self.at,
            message,
            format!("add `{key}`"),
        );
    }

    /// Checks the fields that are not among the `known` words. A misspelt one is an error, any
    /// other is carried.
    pub fn known(&self, known: &str, what: &str) {
        let unknown = self
            .map
            .keys()
            .filter(|key| !among(known, key) && !key.starts_with("x-"));
        for key in unknown {
            let mut absent = known
                .split(' ')
                .filter(|known| !self.map.contains_key(*known));
            let at = self.key(key);
            match absent.find(|known| misspelt(key, known)) {
                Some(meant) => self.reader.error(
                    codes::MISSPELT_FIELD,
                    &at,
                    format!("{what} has no field `{key}`; `{meant}` looks meant"),
                    format!("write `{meant}`, or give the field a name that begins with `x-`"),
                ),
                None => self.reader.carried(
                    codes::UNKNOWN_FIELD,
                    &at,
                    format!("{what} has no field `{key}` in OpenAPI"),
                    "it is kept and not understood; a vendor extension begins with `x-`",
                ),
            }
        }
    }

    fn wrong<T>(&self, key: &str, expected: &str, found: &Value) -> Option<T> {
        let message = format!("`{key}` is {expected}, not {}", describe(found));
        self.reader.error(
            codes::WRONG_TYPE,
            &self.key(key),
            message,
            format!("write {expected} here"),
        );
        None
    }
}

/// Whether a word is among words that spaces separate.
pub fn among(words: &str, word: &str) -> bool {
    words.split(' ').any(|own| own == word)
}

/// A value in words, for a message.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Words of other versions and of JSON Schema. They are no misspellings.
const KNOWN_ELSEWHERE: &str = "examples example schemes host definitions consumes produces";

/// Whether a field is another one in a different case, or differs in one or two letters of a long
/// word.
fn misspelt(key: &str, known: &str) -> bool {
    if among(KNOWN_ELSEWHERE, key) {
        return false;
    }
    let allowed = match known.len() {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    };
    key.eq_ignore_ascii_case(known) || strsim::osa_distance(key, known) <= allowed
}
