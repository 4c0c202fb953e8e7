//! Reads request bodies, and the content by media type of bodies and responses.

use super::references::Kind;
use super::{At, Object, Reader};
use crate::codes;
use crate::model::{Encoding, Location, Media, RequestBody, Style};
use indexmap::IndexMap;
use serde_json::Value;

impl<'d> Reader<'d> {
    /// A request body, after `$ref`. `None` if it allows no content.
    pub fn request_body(&self, value: &'d Value, at: &At<'_>) -> Option<RequestBody> {
        let (value, pointer) = self.follow(value, at, Kind::RequestBody)?;
        let at = pointer.as_deref().map_or(*at, At::Pointer);
        self.cached(&self.bodies, &at, || {
            let object = Object::new(self, value, at, "a request body")?;
            object.known("description content required", "a request body");
            if object.get("content").is_none() {
                object.missing("content", "a request body");
                return None;
            }
            let body = RequestBody {
                pointer: at.to_string(),
                description: object.text("description"),
                required: object.flag("required").unwrap_or(false),
                content: self.content(&object),
            };
            if body.content.is_empty() {
                let help = "name a media type, or leave `requestBody` out";
                self.carried(
                    codes::TOLERATED,
                    &at,
                    "the request body has no media type: none is read",
                    help,
                );
                return None;
            }
            Some(body)
        })
    }

    /// `content`, in the document's order.
    pub fn content(&self, object: &Object<'_, 'd>) -> Vec<Media> {
        let at = object.key("content");
        object
            .entries("content")
            .filter_map(|(media_type, value)| self.media(media_type, value, &at))
            .collect()
    }

    fn media(&self, media_type: &str, value: &'d Value, content: &At<'_>) -> Option<Media> {
        let at = content.key(media_type);
        if value.is_null() {
            return Some(Media {
                pointer: at.to_string(),
                media_type: media_type.to_owned(),
                schema: None,
                encoding: IndexMap::new(),
            });
        }
        let media = Object::new(self, value, at, "a media type")?;
        media.known("schema example examples encoding", "a media type");
        let encoding = media.entries("encoding").filter_map(|(property, value)| {
            let encodings = media.key("encoding");
            let at = encodings.key(property);
            Some((
                property.clone(),
                self.encoding(&Object::new(self, value, at, "an encoding")?),
            ))
        });
        Some(Media {
            pointer: at.to_string(),
            media_type: media_type.to_owned(),
            encoding: encoding.collect(),
            schema: media
                .get("schema")
                .map(|schema| self.schema(schema, &at.key("schema"))),
        })
    }

    fn encoding(&self, object: &Object<'_, 'd>) -> Encoding {
        object.known(
            "contentType headers style explode allowReserved",
            "an encoding",
        );
        if object.entries("headers").next().is_some() {
            let message = "the headers of a part are kept and not enforced";
            self.carried(
                codes::IGNORED,
                &object.key("headers"),
                message,
                "a handler sees the part's content only",
            );
        }
        let style = object.text("style").and_then(|word| {
            let mut allowed = Location::Body.styles().iter().copied();
            let style = allowed.find(|style| style.as_str() == word);
            if style.is_none() {
                let message = format!("`style: {word}` is none of a form field's");
                let help = format!(
                    "write {} or another style of query parameters",
                    Style::Form.as_str()
                );
                self.error(codes::WRONG_VALUE, &object.key("style"), message, help);
            }
            style
        });
        Encoding {
            content_type: object.text("contentType"),
            style,
            explode: object.flag("explode"),
        }
    }
}
