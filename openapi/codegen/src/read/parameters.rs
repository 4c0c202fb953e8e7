//! Reads parameters and headers: their location, their style, and their schema, which may be in
//! `content`.

use super::references::Kind;
use super::{At, Object, Reader};
use crate::codes;
use crate::model::{Header, Location, Parameter, Schema, SchemaObject, Style};
use serde_json::Value;

/// The fields that a Parameter Object shares with a Header Object.
const KNOWN: &str = "name in description required deprecated allowEmptyValue style explode allowReserved \
    schema example examples content";

impl<'d> Reader<'d> {
    /// A parameter, after `$ref`.
    pub fn parameter(&self, value: &'d Value, at: &At<'_>) -> Option<Parameter> {
        let (value, pointer) = self.follow(value, at, Kind::Parameter)?;
        let at = pointer.as_deref().map_or(*at, At::Pointer);
        self.cached(&self.parameters, &at, || {
            let object = Object::new(self, value, at, "a parameter")?;
            self.read_parameter(&object)
        })
    }

    fn read_parameter(&self, object: &Object<'_, 'd>) -> Option<Parameter> {
        object.known(KNOWN, "a parameter");
        let name = object.required_text("name", "a parameter");
        let location = object
            .required_text("in", "a parameter")
            .and_then(|word| self.location(object, &word));
        // The schema is read even if the rest is wrong, to find its errors as well.
        let (media_type, schema) = self.schema_or_content(object, "a parameter");
        let (name, location) = (name?, location?);
        let required = object.flag("required");
        if location == Location::Path {
            self.check_required(object, &name, required);
        }
        let style = self.style(object, location);
        Some(Parameter {
            pointer: object.at.to_string(),
            required: required.unwrap_or(false) || location == Location::Path,
            deprecated: object.flag("deprecated").unwrap_or(false),
            description: object.text("description"),
            explode: object.flag("explode").unwrap_or(style == Style::Form),
            style,
            allow_reserved: object.flag("allowReserved").unwrap_or(false),
            allow_empty_value: object.flag("allowEmptyValue").unwrap_or(false),
            media_type,
            schema,
            name,
            location,
        })
    }

    /// A path parameter is always required. If the document leaves `required` out, that is
    /// tolerated. If it says `required: false`, it is an error.
    fn check_required(&self, object: &Object<'_, 'd>, name: &str, required: Option<bool>) {
        let message = format!("the path parameter `{name}` is not `required`");
        let help = "add `required: true`: a path has all its parts";
        match required {
            Some(true) => {}
            Some(false) => self.error(codes::PATH_PARAMETER, &object.at, message, help),
            None => self.carried(codes::TOLERATED, &object.at, message, help),
        }
    }

    fn location(&self, object: &Object<'_, 'd>, word: &str) -> Option<Location> {
        let location = Location::of_parameter(word);
        if location.is_some() {
            return location;
        }
        let help = match word {
            "body" | "formData" => {
                "that is Swagger 2.0: describe the body in the operation's `requestBody`"
            }
            _ => "write path, query, header or cookie",
        };
        let message = format!("a parameter can't be `in: {word}`");
        self.error(codes::WRONG_VALUE, &object.key("in"), message, help);
        None
    }

    /// `style`, or the default of the location (OpenAPI 3.0.3, Parameter Object).
    fn style(&self, object: &Object<'_, 'd>, location: Location) -> Style {
        let allowed = location.styles();
        let Some(word) = object.text("style") else {
            return allowed[0];
        };
        match allowed.iter().find(|style| style.as_str() == word) {
            Some(style) => *style,
            None => {
                let message = format!("`style: {word}` is none of a {location} parameter's");
                let words: Vec<_> = allowed.iter().map(|style| style.as_str()).collect();
                self.error(
                    codes::WRONG_VALUE,
                    &object.key("style"),
                    message,
                    format!("write {}", words.join(", ")),
                );
                allowed[0]
            }
        }
    }

    /// A response's header, after `$ref`.
    pub fn header(&self, name: &str, value: &'d Value, at: &At<'_>) -> Option<Header> {
        let (value, pointer) = self.follow(value, at, Kind::Header)?;
        let at = pointer.as_deref().map_or(*at, At::Pointer);
        let header = self.cached(&self.headers, &at, || {
            let object = Object::new(self, value, at, "a header")?;
            object.known(KNOWN, "a header");
            let (_, schema) = self.schema_or_content(&object, "a header");
            Some(Header {
                pointer: at.to_string(),
                name: String::new(),
                required: object.flag("required").unwrap_or(false),
                description: object.text("description"),
                schema,
            })
        })?;
        // A header's name is the key at its use, not the component's name.
        Some(Header {
            name: name.to_owned(),
            ..header
        })
    }

    /// The schema, with the media type if `content` declares it.
    fn schema_or_content(&self, object: &Object<'_, 'd>, what: &str) -> (Option<String>, Schema) {
        let content = object
            .get("content")
            .map(|_| object.entries("content").collect::<Vec<_>>());
        match (object.get("schema"), content.as_deref()) {
            (Some(schema), None) => (None, self.schema(schema, &object.key("schema"))),
            (None, Some([(media_type, media)])) => {
                let at = object.key("content");
                let at = at.key(media_type);
                let schema = match Object::new(self, media, at, "a media type")
                    .map(|media| media.get("schema"))
                {
                    Some(Some(schema)) => self.schema(schema, &at.key("schema")),
                    _ => empty(&at),
                };
                (Some((*media_type).clone()), schema)
            }
            (schema, content) => {
                let message = match (schema, content) {
                    (None, None) => format!("{what} needs `schema` or `content`, and has neither"),
                    (Some(_), _) => format!("{what} has both `schema` and `content`"),
                    (None, Some(_)) => {
                        format!("the `content` of {what} has one media type, not several or none")
                    }
                };
                let help = match object.map.contains_key("type") {
                    true => "move `type` and what belongs to it into `schema`",
                    false => "declare its values by exactly one of them",
                };
                self.error(codes::PARAMETER_SCHEMA, &object.at, message, help);
                (None, empty(&object.at))
            }
        }
    }
}

fn empty(at: &At<'_>) -> Schema {
    Schema::Inline(Box::new(SchemaObject {
        pointer: at.to_string(),
        ..SchemaObject::default()
    }))
}
