//! Reads `application/x-www-form-urlencoded` bodies.

use std::collections::BTreeMap;

use crate::node::Members;
use crate::operation::{Field, Shape};
use crate::pairs::Pairs;
use crate::percent::{Escapes, decode};
use crate::style::{Beside, Written};
use crate::{Invalid, Node, Reason};

/// Reads a form as an object. Declared fields have their shapes. Any other field is text, or a list
/// if the form has it several times. With `empty_is_absent`, a field with an empty text counts as
/// absent, but still counts as given once.
///
/// # Errors
/// [`Reason::MalformedEncoding`], [`Reason::RepeatedParameter`]
pub(crate) fn read(body: &[u8], fields: &[Field], empty_is_absent: bool) -> Result<Node, Invalid> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Invalid::new(Reason::MalformedEncoding, "is not UTF-8 text"))?;
    let pairs = Pairs::parse(text, b'&', Escapes::Form)?;
    let mut members = Vec::with_capacity(fields.len());
    for field in fields {
        let value =
            declared(field, fields, text, &pairs).map_err(|invalid| invalid.within(field.name))?;
        let value = value.filter(|value| {
            !(empty_is_absent && matches!(value, Node::Text(text) if text.is_empty()))
        });
        members.extend(value.map(|value| (Box::from(field.name), value)));
    }
    let mut others: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
    for (name, raw) in pairs.all(text) {
        if !fields.iter().any(|field| belongs_to(name, field)) {
            let value = decode(raw, Escapes::Form).map_err(|invalid| invalid.within(name))?;
            others
                .entry(name)
                .or_default()
                .push(Node::Text(value.into_owned()));
        }
    }
    for (name, mut values) in others {
        let value = if values.len() == 1 {
            values.swap_remove(0)
        } else {
            Node::List(values)
        };
        members.push((Box::from(name), value));
    }
    Members::new(members)
        .map(Node::Object)
        .map_err(|name| crate::style::repeated().within(name))
}

fn declared(
    field: &Field,
    all: &[Field],
    text: &str,
    pairs: &Pairs,
) -> Result<Option<Node>, Invalid> {
    let as_json = field.content_type.is_some_and(crate::media::is_json);
    let written = Written {
        name: field.name,
        shape: if as_json { Shape::Scalar } else { field.shape },
        style: field.style,
        explode: field.explode,
        escapes: Escapes::Form,
        beside: Beside::Fields(all),
    };
    match written.find(text, pairs)? {
        Some(Node::Text(text)) if as_json => Node::from_json(text.as_bytes()).map(Some),
        other => Ok(other),
    }
}

/// Whether a name is the field's own, has the field's keys in brackets, or is a property of the
/// field's exploded object.
fn belongs_to(name: &str, field: &Field) -> bool {
    match name.strip_prefix(field.name) {
        Some("") => return true,
        Some(rest) if rest.starts_with('[') => return field.style == crate::Style::DeepObject,
        _ => (),
    }
    match field.shape {
        Shape::Object(properties) if field.explode && field.style == crate::Style::Form => {
            properties.is_empty() || properties.iter().any(|(property, _)| *property == name)
        }
        _ => false,
    }
}
