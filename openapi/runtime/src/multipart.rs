//! Reads `multipart/form-data` bodies (RFC 7578) from memory. The body was read before, and is
//! within its limit.

use bytes::Bytes;
use futures_util::stream;

use crate::node::Members;
use crate::operation::{Field, Shape};
use crate::style::repeated;
use crate::{Invalid, Node, Reason, media};

/// The most parts that a body may have.
const MAX_PARTS: usize = 1_000;

/// A part of the body.
#[derive(Debug)]
pub(crate) struct Part {
    name: String,
    content_type: Option<String>,
    data: Bytes,
}

/// Splits a body into its parts.
///
/// # Errors
/// [`Reason::MalformedBody`]
pub(crate) async fn parts(body: Bytes, content_type: &str) -> Result<Vec<Part>, Invalid> {
    let malformed = |what: String| {
        Invalid::new(
            Reason::MalformedBody,
            format!("is not multipart/form-data: {what}"),
        )
    };
    let boundary =
        multer::parse_boundary(content_type).map_err(|error| malformed(error.to_string()))?;
    let mut multipart = multer::Multipart::new(
        stream::iter([Ok::<_, std::convert::Infallible>(body)]),
        boundary,
    );
    let mut parts = Vec::new();
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|error| malformed(error.to_string()))?
    {
        if parts.len() == MAX_PARTS {
            return Err(malformed(format!("it has more than {MAX_PARTS} parts")));
        }
        let Some(name) = field.name().map(str::to_owned) else {
            return Err(malformed("a part has no name".to_owned()));
        };
        let content_type = field
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let content_type = content_type.map(str::to_owned);
        let data = field
            .bytes()
            .await
            .map_err(|error| malformed(error.to_string()))?;
        parts.push(Part {
            name,
            content_type,
            data,
        });
    }
    Ok(parts)
}

/// Reads the parts as an object. Declared parts have their shapes. Any other part is kept as it is,
/// or becomes a list if the body has it several times.
///
/// # Errors
/// [`Reason::RepeatedParameter`], [`Reason::UnsupportedMediaType`], [`Reason::MalformedBody`]
pub(crate) fn read(mut parts: Vec<Part>, fields: &[Field]) -> Result<Node, Invalid> {
    // The sort is stable: parts of one name stay in the order in which they were sent.
    parts.sort_by(|one, other| one.name.cmp(&other.name));
    let mut members: Vec<(Box<str>, Node)> = Vec::new();
    for group in parts.chunk_by(|one, other| one.name == other.name) {
        let name = group[0].name.as_str();
        let field = fields.iter().find(|field| field.name == name);
        let value = value(group, field).map_err(|invalid| invalid.within(name))?;
        members.push((name.into(), value));
    }
    Members::new(members)
        .map(Node::Object)
        .map_err(|name| repeated().within(name))
}

fn value(group: &[Part], field: Option<&Field>) -> Result<Node, Invalid> {
    let mut values = group
        .iter()
        .map(|part| part.value(field))
        .collect::<Result<Vec<_>, _>>()?;
    match (field.map(|field| field.shape), values.len()) {
        // The array was sent as one JSON document.
        (Some(Shape::Array(_)), 1) if matches!(values[0], Node::List(_)) => {
            Ok(values.swap_remove(0))
        }
        (Some(Shape::Array(_)), _) => Ok(Node::List(values)),
        (_, 1) => Ok(values.swap_remove(0)),
        (Some(_), _) => Err(repeated()),
        (None, _) => Ok(Node::List(values)),
    }
}

impl Part {
    fn value(&self, field: Option<&Field>) -> Result<Node, Invalid> {
        let declared = field.and_then(|field| field.content_type);
        if let (Some(sent), Some(declared)) = (&self.content_type, declared)
            && !media::is_one_of(sent, declared)
        {
            let message = format!("must have the media type {declared}");
            return Err(Invalid::new(Reason::UnsupportedMediaType, message));
        }
        if declared.is_some_and(media::is_json) {
            return Node::from_json(&self.data);
        }
        Ok(Node::Bytes(self.data.clone()))
    }
}
