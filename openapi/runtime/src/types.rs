//! The Rust types that values become: integers, numbers, text, types for some `format`s, and lists
//! and maps of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::base64::{self, Base64};
use crate::format::Format;
use crate::{Decode, Float, Integer, Invalid, Items, Node, Properties, Reason};

macro_rules! decode {
    ($($type:ty: |$node:ident| $body:expr;)+) => {
        $(impl Decode for $type {
            fn decode($node: Node) -> Result<Self, Invalid> {
                $body
            }
        })+
    };
}

decode! {
    String: |node| node.string();
    i8: |node| node.integer(&Integer::ANY);
    i16: |node| node.integer(&Integer::ANY);
    i32: |node| node.integer(&Integer::ANY);
    i64: |node| node.integer(&Integer::ANY);
    u8: |node| node.integer(&Integer::ANY);
    u16: |node| node.integer(&Integer::ANY);
    u32: |node| node.integer(&Integer::ANY);
    u64: |node| node.integer(&Integer::ANY);
    f32: |node| node.float(&Float::ANY);
    f64: |node| node.float(&Float::ANY);
    Value: |node| node.value();
    Uuid: |node| parsed(node, Format::Uuid, |text| Self::try_parse(text).ok());
    NaiveDate: |node| parsed(node, Format::Date, |text| text.parse().ok());
    DateTime<Utc>: |node| parsed(node, Format::DateTime, |text| {
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
    });
    Ipv4Addr: |node| parsed(node, Format::Ipv4, |text| text.parse().ok());
    Ipv6Addr: |node| parsed(node, Format::Ipv6, |text| text.parse().ok());
    Base64: |node| parsed(node, Format::Byte, |text| base64::decode(text).map(Self));
}

fn parsed<T>(node: Node, format: Format, parse: fn(&str) -> Option<T>) -> Result<T, Invalid> {
    let text = node.string()?;
    format.check(&text)?;
    parse(&text).ok_or_else(|| {
        Invalid::new(
            Reason::Format,
            format!("must have the format \"{}\"", format.as_str()),
        )
    })
}

impl Decode for bool {
    fn decode(node: Node) -> Result<Self, Invalid> {
        match node {
            Node::Bool(value) => Ok(value),
            Node::Text(_) | Node::Bytes(_) => match node.string()?.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(Invalid::type_mismatch("true or false", "text")),
            },
            other => Err(Invalid::type_mismatch("a boolean", other.kind())),
        }
    }
}

impl Decode for IpAddr {
    fn decode(node: Node) -> Result<Self, Invalid> {
        node.string()?
            .parse()
            .map_err(|_| Invalid::new(Reason::Format, "must be an IP address"))
    }
}

/// `format: binary`
impl Decode for Bytes {
    fn decode(node: Node) -> Result<Self, Invalid> {
        match node {
            Node::Bytes(bytes) => Ok(bytes),
            other => other.string().map(Self::from),
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: Node) -> Result<Self, Invalid> {
        node.list(&Items::ANY, T::decode)
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(node: Node) -> Result<Self, Invalid> {
        node.map(&Properties::ANY, T::decode)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: Node) -> Result<Self, Invalid> {
        node.nullable(T::decode)
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(node: Node) -> Result<Self, Invalid> {
        T::decode(node).map(Self::new)
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
    fn a_json_value_must_have_the_type_itself() {
        assert_eq!(i64::decode(json("-7")), Ok(-7));
        assert_eq!(u64::decode(json("18446744073709551615")), Ok(u64::MAX));
        assert_eq!(f64::decode(json("2")), Ok(2.0));
        assert_eq!(
            (i64::decode(json("1.0")), i64::decode(json("1e3"))),
            (Ok(1), Ok(1000))
        );
        for wrong in ["\"1\"", "1.5", "1e300", "true", "null", "[1]"] {
            assert_eq!(
                i64::decode(json(wrong)).map_err(|e| e.reason()),
                Err(Reason::WrongType),
                "{wrong}"
            );
        }
        assert_eq!(
            i8::decode(json("128")).map_err(|e| e.reason()),
            Err(Reason::Bounds)
        );
        assert_eq!(
            u8::decode(json("-1")).map_err(|e| e.reason()),
            Err(Reason::Bounds)
        );
        assert_eq!(
            f32::decode(json("1e300")).map_err(|e| e.reason()),
            Err(Reason::Bounds)
        );
        assert!(f64::decode(json("\"1\"")).is_err() && bool::decode(json("\"true\"")).is_err());
        assert!(String::decode(json("1")).is_err());
    }

    #[test]
    fn text_of_the_wire_is_what_the_schema_asks_for() {
        assert_eq!(i64::decode(text("-007")), Ok(-7));
        assert_eq!(f64::decode(text("-1.5e3")), Ok(-1500.0));
        assert_eq!(bool::decode(Node::Bytes("true".into())), Ok(true));
        assert_eq!(String::decode(text("1")), Ok("1".to_owned()));
        for wrong in ["", "-", "+1", "1.0", " 1", "1_000", "0x1", "٣"] {
            assert_eq!(
                i64::decode(text(wrong)).map_err(|e| e.reason()),
                Err(Reason::WrongType),
                "{wrong:?}"
            );
        }
        for wrong in ["", "inf", "NaN", "+1", "1e999", "1,5", " 1"] {
            assert_eq!(
                f64::decode(text(wrong)).map_err(|e| e.reason()),
                Err(Reason::WrongType),
                "{wrong:?}"
            );
        }
        assert!(bool::decode(text("TRUE")).is_err() && bool::decode(text("1")).is_err());
        let digits = "9".repeat(60);
        assert_eq!(
            i64::decode(text(&digits)).map_err(|e| e.reason()),
            Err(Reason::Bounds)
        );
    }
}
