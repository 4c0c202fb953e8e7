//! Reads a schema's annotations, its limits, and the schemas of its items and properties.

use crate::codes;
use crate::model::{Additional, SchemaObject};
use crate::read::version::Version;
use crate::read::{At, Object, Reader};
use serde_json::{Number, Value};

/// The keywords of OpenAPI 3.0.
const KNOWN: &str = "title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength \
    pattern maxItems minItems uniqueItems maxProperties minProperties required enum type \
    allOf oneOf anyOf not items properties additionalProperties description format default \
    nullable discriminator readOnly writeOnly xml externalDocs example deprecated";

impl<'d> Reader<'d> {
    /// Checks which keywords are known. 3.1 allows any other keyword, but those that 3.0 can't
    /// express are refused.
    pub(super) fn known_keywords(&self, object: &Object<'_, 'd>) {
        match self.version {
            Version::V3_0 => object.known(KNOWN, "a schema"),
            Version::V3_1 => self.dynamic_references(object),
        }
    }

    pub(super) fn annotations(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        schema.title = object.text("title");
        schema.description = object.text("description");
        schema.deprecated = object.flag("deprecated").unwrap_or(false);
        schema.nullable = object.flag("nullable").unwrap_or(false);
        schema.read_only = object.flag("readOnly").unwrap_or(false);
        schema.write_only = object.flag("writeOnly").unwrap_or(false);
        let first = object
            .map
            .get("examples")
            .and_then(|examples| examples.get(0));
        schema.example = object.map.get("example").or(first).cloned();
        schema.format = object.text("format");
        if self.version == Version::V3_1 && schema.format.is_none() {
            schema.format = content_format(object).map(str::to_owned);
        }
    }

    pub(super) fn limits(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        schema.pattern = object.text("pattern");
        schema.min_length = object.count("minLength");
        schema.max_length = object.count("maxLength");
        schema.min_items = object.count("minItems");
        schema.max_items = object.count("maxItems");
        schema.min_properties = object.count("minProperties");
        schema.max_properties = object.count("maxProperties");
        schema.unique_items = object.flag("uniqueItems").unwrap_or(false);
        schema.multiple_of = object.number("multipleOf");
        if schema
            .multiple_of
            .as_ref()
            .and_then(Number::as_f64)
            .is_some_and(|step| step <= 0.0)
        {
            let message = "`multipleOf` is more than 0";
            self.error(
                codes::WRONG_VALUE,
                &object.key("multipleOf"),
                message,
                "write a number above 0",
            );
        }
        let larger = |one: f64, other: f64| one > other;
        (schema.minimum, schema.exclusive_minimum) =
            self.bound(object, "minimum", "exclusiveMinimum", larger);
        let smaller = |one: f64, other: f64| one < other;
        (schema.maximum, schema.exclusive_maximum) =
            self.bound(object, "maximum", "exclusiveMaximum", smaller);
    }

    /// A bound, and whether it is exclusive. In 3.0 a flag beside the bound says so. In 3.1 the
    /// exclusive bound is a number of its own.
    fn bound(
        &self,
        object: &Object<'_, 'd>,
        inclusive: &str,
        exclusive: &str,
        tighter: impl Fn(f64, f64) -> bool,
    ) -> (Option<Number>, bool) {
        let bound = object.number(inclusive);
        let Some(Value::Number(own)) = object.get(exclusive) else {
            return (bound, object.flag(exclusive).unwrap_or(false));
        };
        if self.version == Version::V3_0 {
            let message = format!(
                "`{exclusive}` is true or false in OpenAPI 3.0; the number is taken as the bound"
            );
            self.carried(
                codes::TOLERATED,
                &object.key(exclusive),
                message,
                format!("write `{inclusive}` and `true`"),
            );
        }
        let loose = |bound: &Number| match (bound.as_f64(), own.as_f64()) {
            (Some(bound), Some(own)) => !tighter(bound, own),
            _ => true,
        };
        match bound {
            Some(bound) if !loose(&bound) => (Some(bound), false),
            _ => (Some(own.clone()), true),
        }
    }

    /// `items`, `properties`, `required` and `additionalProperties`.
    pub(super) fn nested(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        if let Some(items) = object.map.get("items") {
            schema.items = Some(self.schema(items, &object.key("items")));
        }
        let at = object.key("properties");
        for (name, value) in object.entries("properties") {
            schema
                .properties
                .insert(name.clone(), self.schema(value, &at.key(name)));
        }
        schema.required = match object.get("required") {
            Some(Value::Bool(_)) => {
                let message =
                    "`required` of a schema lists its properties; true or false has no effect";
                let help = "name the property in the `required` of the object around it";
                self.carried(codes::IGNORED, &object.key("required"), message, help);
                Vec::new()
            }
            _ => object.texts("required"),
        };
        let mut seen = std::collections::HashSet::new();
        schema.required.retain(|name| seen.insert(name.clone()));
        schema.additional = match object.get("additionalProperties") {
            None => Additional::Unspecified,
            Some(Value::Bool(true)) => Additional::Any,
            Some(Value::Bool(false)) => Additional::Forbidden,
            Some(Value::Object(map)) if map.is_empty() => Additional::Any,
            Some(other) => {
                Additional::Schema(self.schema(other, &object.key("additionalProperties")))
            }
        };
    }

    /// Checks that an array has `items`, which OpenAPI 3.0 requires. Vendors forget it in nested
    /// schemas, where it then means any items. An array without it is an error if it is a whole
    /// body, parameter or component.
    pub(super) fn check_items(&self, object: &Object<'_, 'd>, schema: &SchemaObject) {
        let array = schema.ty == Some(crate::model::Type::Array);
        if !array || self.version != Version::V3_0 || object.map.contains_key("items") {
            return;
        }
        let help = "add `items`; `items: {}` allows any";
        match object.at {
            At::Key(At::Key(_, "properties"), _) => {}
            At::Key(_, "schema")
            | At::Key(At::Key(At::Key(At::Pointer(""), "components"), "schemas"), _) => {
                return self.error(
                    codes::ARRAY_ITEMS,
                    &object.at,
                    "the array has no `items`",
                    help,
                );
            }
            _ => {}
        }
        self.carried(
            codes::TOLERATED,
            &object.at,
            "the array has no `items`: any are allowed",
            help,
        );
    }
}

/// The `format` in 3.0 for 3.1's `contentEncoding` or `contentMediaType`.
fn content_format(object: &Object<'_, '_>) -> Option<&'static str> {
    match object.get("contentEncoding").and_then(Value::as_str) {
        Some("base64") => Some("byte"),
        Some(_) => None,
        None if object.get("contentMediaType")?.as_str()? == "application/octet-stream" => {
            Some("binary")
        }
        None => None,
    }
}
