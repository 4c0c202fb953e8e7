//! Reads strict JSON into a value: no duplicate keys, bounded depth and number of values.
//!
//! serde_json owns the grammar and the depth limit (128). This module adds the other checks.

use super::text::{Problem, Text};
use crate::codes;
use dropshot_vocabulary::pointer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

/// The most values that a document may hold. At 64 MiB it is one value for every 16 bytes.
pub const MAX_VALUES: usize = 4_000_000;

/// Reads a JSON text.
///
/// # Errors
/// The first problem, with its place.
pub fn read(text: &Text) -> Result<Value, Problem> {
    let state = State::default();
    let mut deserializer = serde_json::Deserializer::from_str(text.as_str());
    let value = Seed(&state)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let (code, message, help) = explain(&error, &state);
        let mut pointer = String::new();
        for token in state.trail.borrow().iter().rev() {
            pointer::push(&mut pointer, token);
        }
        let at = text.character(error.line(), error.column());
        Problem {
            pointer,
            ..Problem::new(code, at, message, help)
        }
    })
}

fn explain(error: &serde_json::Error, state: &State) -> (&'static str, String, &'static str) {
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(message, _)| message)
        .to_owned();
    if let Some(code) = state.refused.get() {
        let help = match code {
            codes::DUPLICATE_KEY => "keep one of the two; parsers disagree on which one counts",
            _ => "split the document",
        };
        return (code, message, help);
    }
    if message.contains("recursion limit") {
        let message = "the document nests deeper than 128 levels".to_owned();
        return (
            codes::TOO_LARGE,
            message,
            "move nested schemas to components and refer to them",
        );
    }
    (
        codes::SYNTAX,
        format!("invalid JSON: {message}"),
        "correct the JSON at this place",
    )
}

#[derive(Default)]
struct State {
    values: Cell<usize>,
    /// The code of a refusal by this module instead of serde_json.
    refused: Cell<Option<&'static str>>,
    /// The tokens of the pointer at which reading stopped, innermost first.
    trail: RefCell<Vec<String>>,
}

#[derive(Clone, Copy)]
struct Seed<'s>(&'s State);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let count = self.0.values.get() + 1;
        self.0.values.set(count);
        if count > MAX_VALUES {
            self.0.refused.set(Some(codes::TOO_LARGE));
            return Err(D::Error::custom(format!(
                "the document holds more than {MAX_VALUES} values"
            )));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            match list.next_element_seed(self) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => return Ok(Value::Array(values)),
                Err(error) => {
                    self.0.trail.borrow_mut().push(values.len().to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                self.0.refused.set(Some(codes::DUPLICATE_KEY));
                let error =
                    A::Error::custom(format!("the key `{key}` stands twice in this object"));
                self.0.trail.borrow_mut().push(key);
                return Err(error);
            }
            match entries.next_value_seed(self) {
                Ok(value) => map.insert(key, value),
                Err(error) => {
                    self.0.trail.borrow_mut().push(key);
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(map))
    }
}
