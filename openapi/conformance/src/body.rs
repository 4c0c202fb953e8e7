//! Writes the value of a body in each media type.

use dropshot_contract::{Bytes, Value};
use serde_json::Map;

use crate::document::{Document, Media, essence, is_json};
use crate::facts::Facts;
use crate::judge::Direction;
use crate::scalar::Charset;
use crate::wire::{Style, Unwritable, form, scalar};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Form,
    Multipart,
    /// UTF-8 text that is made from the schema.
    Text,
    /// Text that is not made from the schema: this driver knows no mapping from schemas to XML.
    Xml,
    Bytes,
}

const BOUNDARY: &str = "conformance-7MA4YWxkTrZu0gW";

/// Bytes that are not text.
pub(crate) const BINARY: &[u8] = b"\x00\xff\xfe\r\n\x80binary\x00";

impl Kind {
    pub(crate) fn of(document: &Document, media: &Media<'_>, direction: Direction) -> Self {
        let essence = essence(media.media_type);
        let binary = media.schema.is_some_and(|schema| {
            let facts = Facts::of(document, &[schema], 0);
            facts.kind() == Some("string") && facts.formats.contains(&"binary")
        });
        match essence.split_once('/').unwrap_or_default() {
            // A binary reply is a file, even if its media type is JSON.
            _ if binary && direction == Direction::Reply => Self::Bytes,
            _ if is_json(media.media_type) => Self::Json,
            ("application", "x-www-form-urlencoded") => Self::Form,
            // The parts of other multipart types have no names.
            ("multipart", "form-data" | "*") => Self::Multipart,
            (_, subtype) if subtype == "xml" || subtype.ends_with("+xml") => Self::Xml,
            ("text", subtype) if subtype != "*" && !binary => Self::Text,
            _ => Self::Bytes,
        }
    }

    /// The characters that text in the body may have.
    pub(crate) fn charset(self) -> Charset {
        match self {
            Self::Json => Charset::Json,
            _ => Charset::Escaped,
        }
    }

    /// Whether values of this kind are made from the schema.
    pub(crate) fn has_schema(self) -> bool {
        matches!(self, Self::Json | Self::Form | Self::Multipart | Self::Text)
    }
}

/// The `Content-Type` for a media type. For a range, this is a media type within the range.
pub(crate) fn content_type(media_type: &str) -> String {
    let essence = essence(media_type);
    match essence.split_once('/') {
        Some(("multipart", subtype)) => {
            let subtype = if subtype == "*" { "form-data" } else { subtype };
            format!("multipart/{subtype}; boundary={BOUNDARY}")
        }
        Some(("*", _)) => "application/x-conformance".to_owned(),
        Some(("text", "*")) => "text/plain".to_owned(),
        Some((main, "*")) => format!("{main}/x-conformance"),
        _ => media_type.to_owned(),
    }
}

/// Writes a value as bytes.
///
/// # Errors
/// The media type has no way to write the value.
pub(crate) fn write(
    document: &Document,
    media: &Media<'_>,
    kind: Kind,
    value: &Value,
) -> Result<Bytes, Unwritable> {
    match kind {
        Kind::Json => Ok(value.to_string().into()),
        Kind::Text => scalar(value).map(Bytes::from),
        Kind::Xml => Ok(Bytes::from_static("<root>é</root>".as_bytes())),
        Kind::Bytes => Ok(Bytes::from_static(BINARY)),
        Kind::Form => Ok(urlencoded(media, members(value)?)?.into()),
        Kind::Multipart => multipart(document, media, members(value)?),
    }
}

fn members(value: &Value) -> Result<&Map<String, Value>, Unwritable> {
    value
        .as_object()
        .ok_or_else(|| "only objects can be written as a form".to_owned())
}

fn urlencoded(media: &Media<'_>, members: &Map<String, Value>) -> Result<String, Unwritable> {
    let mut pairs = Vec::new();
    for (name, value) in members {
        let encoding = media.encoding.and_then(|encoding| encoding.get(name));
        let said = |keyword| encoding.and_then(|encoding: &Value| encoding.get(keyword));
        if said("contentType")
            .and_then(Value::as_str)
            .is_some_and(is_json)
        {
            pairs.push(format!("{}={}", form(name), form(&value.to_string())));
            continue;
        }
        let style = said("style").and_then(Value::as_str).unwrap_or("form");
        let explode = said("explode")
            .and_then(Value::as_bool)
            .unwrap_or(style == "form");
        pairs.extend(
            Style {
                name,
                style,
                explode,
                escape: form,
            }
            .pairs(value)?,
        );
    }
    Ok(pairs.join("&"))
}

fn multipart(
    document: &Document,
    media: &Media<'_>,
    members: &Map<String, Value>,
) -> Result<Bytes, Unwritable> {
    let facts = media
        .schema
        .map(|schema| Facts::of(document, &[schema], 0))
        .unwrap_or_default();
    let mut body = String::new();
    for (name, value) in members {
        let declared = media
            .encoding
            .and_then(|encoding| encoding.get(name)?.get("contentType")?.as_str());
        let declared = declared
            .and_then(|types| types.split(',').next())
            .map(|media_type| content_type(media_type.trim()));
        let schemas = facts.property(name).unwrap_or_default();
        let own = Facts::of(document, &schemas, 0);
        let item = Facts::of(document, &own.items, 0);
        let binary = own.formats.contains(&"binary") || item.formats.contains(&"binary");
        let as_json = declared.as_deref().is_some_and(is_json);
        let values: Vec<&Value> = match value {
            Value::Array(items) if !as_json => items.iter().collect(),
            one => vec![one],
        };
        for value in values {
            let object = value.is_object() || value.is_array();
            let (content_type, text) = match &declared {
                Some(declared) if as_json => (declared.as_str(), value.to_string()),
                None if object => ("application/json", value.to_string()),
                Some(declared) => (declared.as_str(), scalar(value)?),
                None if binary => ("application/octet-stream", scalar(value)?),
                None => ("text/plain", scalar(value)?),
            };
            let file = if binary {
                "; filename=\"a file.bin\""
            } else {
                ""
            };
            body.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\nContent-Type: {content_type}\r\n\r\n{text}\r\n"
            ));
        }
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    Ok(body.into())
}
