//! `format: binary`: any bytes.

use std::ops::Deref;

use bytes::Bytes;
use serde::ser::{Error, Serialize, Serializer};

use crate::{Decode, Invalid, Node};

/// The bytes of a `string` with the format `binary`: a file in a form, or text in JSON, which can't
/// carry other bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Binary(pub Bytes);

impl Decode for Binary {
    fn decode(node: Node) -> Result<Self, Invalid> {
        Bytes::decode(node).map(Self)
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Err(S::Error::custom(
                "binary data that is not UTF-8 can't be written as JSON",
            )),
        }
    }
}

impl Deref for Binary {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.0
    }
}

impl From<Bytes> for Binary {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}
