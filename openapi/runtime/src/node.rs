//! The tree of values that every request becomes before it is decoded, for all media types.
//!
//! JSON bodies, form fields, multipart parts and parameters all become such a tree, so a generated
//! type needs only one decoder. The tree is bounded: it is at most [`MAX_DEPTH`] levels deep. An
//! object with the same key twice is refused: parsers along a request's way may keep different
//! values, and then disagree about the request (RFC 8259, 4).

mod members;

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::{Invalid, Reason};

pub use members::Members;
pub(crate) use members::Remaining;

/// The most levels that arrays and objects may nest. A generated decoder needs some kilobytes of
/// stack for each level, and a thread may have only 2 MiB.
pub const MAX_DEPTH: usize = 64;

/// A value as it was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Node {
    /// JSON `null`
    #[default]
    Null,
    /// JSON `true`, `false`
    Bool(bool),
    /// A JSON number without fraction or exponent.
    Integer(i128),
    /// Any other JSON number.
    Float(f64),
    /// A JSON string.
    String(String),
    /// Text from a parameter, a form or a text body. The schema gives it a type.
    Text(String),
    /// A part of a multipart body, or a binary body.
    Bytes(Bytes),
    /// A JSON array, or the values of an array parameter.
    List(Vec<Node>),
    /// A JSON object, a form, or an object parameter.
    Object(Members),
}

impl Node {
    /// Parses a JSON text (RFC 8259).
    ///
    /// # Errors
    /// [`Reason::MalformedBody`], with line and column, if the text isn't JSON, nests too deeply,
    /// or has a key twice.
    pub fn from_json(text: &[u8]) -> Result<Self, Invalid> {
        let mut parser = serde_json::Deserializer::from_slice(text);
        Level(0)
            .deserialize(&mut parser)
            .and_then(|node| parser.end().map(|()| node))
            .map_err(|error| {
                Invalid::new(
                    Reason::MalformedBody,
                    format!("is not the JSON expected: {error}"),
                )
            })
    }

    /// The kind of value, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::String(_) => "a string",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Whether any part of it is text or bytes that the schema has yet to give a type.
    pub(crate) fn is_wire(&self) -> bool {
        match self {
            Self::Text(_) | Self::Bytes(_) => true,
            Self::List(items) => items.iter().any(Self::is_wire),
            Self::Object(members) => members.iter().any(|(_, node)| node.is_wire()),
            _ => false,
        }
    }

    /// The number of values in the tree.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Self::Object(members) => 1 + members.iter().map(|(_, node)| node.size()).sum::<usize>(),
            _ => 1,
        }
    }

    /// Turns the tree into a JSON value.
    ///
    /// # Errors
    /// [`Reason::MalformedEncoding`] for bytes that aren't UTF-8.
    pub fn value(self) -> Result<Value, Invalid> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => Value::from(value),
                (_, Ok(value)) => Value::from(value),
                // This can't happen: JSON integers beyond 64 bits are read as floats.
                _ => Value::String(value.to_string()),
            },
            Self::Float(value) => Value::from(value),
            Self::String(text) | Self::Text(text) => Value::String(text),
            Self::Bytes(bytes) => Value::String(utf8(&bytes)?),
            Self::List(items) => Value::Array(
                items
                    .into_iter()
                    .map(Self::value)
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(key, node)| node.value().map(|value| (String::from(key), value)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

pub(crate) fn utf8(bytes: &[u8]) -> Result<String, Invalid> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| Invalid::new(Reason::MalformedEncoding, "is not UTF-8 text"))
}

/// Reads one value at this depth.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.0 >= MAX_DEPTH {
            return Err(E::custom(format_args!(
                "arrays and objects nest more than {MAX_DEPTH} levels deep"
            )));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let level = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(level)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let level = self.deeper()?;
        let mut members = Vec::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            members.push((key, entries.next_value_seed(level)?));
        }
        Members::new(members).map(Node::Object).map_err(|key| {
            let key: String = key.chars().take(40).collect();
            A::Error::custom(format_args!("the key {key:?} is given twice"))
        })
    }
}

/// Reads the key of a member.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Box<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Box<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Box<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Box<str>, E> {
        Ok(key.into())
    }
}
