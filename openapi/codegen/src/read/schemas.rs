//! Reads schemas. References become names, and objects are read keyword by keyword.
//!
//! Owns the recursion and keeps its stack frames small. A schema may nest as deep as a document, on
//! a thread of 2 MiB. [`keywords`] reads the keywords, [`values`] reads `type`, `enum` and
//! `default`, and [`compose`] reads `allOf`, `oneOf`, `anyOf` and `not`. [`beyond`] reads what
//! OpenAPI 3.0 lacks.

mod beyond;
mod compose;
mod keywords;
mod values;

use super::object::{among, describe};
use super::version::Version;
use super::{At, Object, Reader};
use crate::codes;
use crate::model::{Schema, SchemaObject};
use serde_json::{Map, Value};

/// Keywords beside a `$ref` that do not affect values.
const ANNOTATIONS: &str = "$ref description title summary example examples deprecated externalDocs readOnly \
    writeOnly xml $comment $id $schema $defs definitions";

impl<'d> Reader<'d> {
    /// A schema. If it has an error, a remark says so and an empty schema takes its place.
    pub fn schema(&self, value: &'d Value, at: &At<'_>) -> Schema {
        if !self.count(1, at) {
            return placeholder(at);
        }
        match value {
            Value::Object(map) => match map.get("$ref") {
                Some(Value::String(reference)) => self.reference(reference, map, at),
                _ => self.inline(map, at),
            },
            Value::Bool(anything) if self.version == Version::V3_1 => boolean(*anything, at),
            other => {
                let message = format!("a schema is an object, not {}", describe(other));
                self.error(
                    codes::WRONG_TYPE,
                    at,
                    message,
                    "write a schema here; `{}` allows any value",
                );
                placeholder(at)
            }
        }
    }

    fn inline(&self, map: &'d Map<String, Value>, at: &At<'_>) -> Schema {
        let object = Object {
            reader: self,
            map,
            at: *at,
        };
        let mut schema = Box::new(SchemaObject {
            pointer: at.to_string(),
            ..SchemaObject::default()
        });
        self.fill(&object, &mut schema);
        Schema::Inline(schema)
    }

    /// Reads everything except `$ref`, with a function for each group of keywords.
    fn fill(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        self.known_keywords(object);
        self.annotations(object, schema);
        self.types(object, schema);
        self.limits(object, schema);
        self.nested(object, schema);
        self.compositions(object, schema);
        self.discriminator(object, schema);
        self.enumeration(object, schema);
        self.default_value(object, schema);
        self.check_items(object, schema);
        if self.version == Version::V3_1 {
            self.beyond_types(object, schema);
        }
    }

    fn reference(&self, reference: &str, map: &'d Map<String, Value>, at: &At<'_>) -> Schema {
        let Some(target) = self.schema_name(reference, at) else {
            return placeholder(at);
        };
        let pointer = at.to_string();
        let mut beside = map
            .keys()
            .filter(|key| !among(ANNOTATIONS, key) && !key.starts_with("x-"));
        let target = Schema::Ref { pointer, target };
        match (beside.next(), self.version) {
            (None, _) => target,
            (Some(key), Version::V3_0) => {
                let message =
                    format!("`{key}` stands beside a `$ref` and has no effect (OpenAPI 3.0)");
                let help = "put the reference into an `allOf`, and the other keywords beside that";
                self.carried(codes::IGNORED, &at.key(key), message, help);
                target
            }
            // In 3.1 the keywords beside a reference count. In 3.0 `allOf` expresses the same.
            (Some(_), Version::V3_1) => {
                let mut schema = self.inline(map, at);
                if let Schema::Inline(object) = &mut schema {
                    object.all_of.insert(0, target);
                }
                schema
            }
        }
    }
}

/// The empty schema in place of one that could not be read. The document is refused anyway.
fn placeholder(at: &At<'_>) -> Schema {
    Schema::Inline(Box::new(SchemaObject {
        pointer: at.to_string(),
        ..SchemaObject::default()
    }))
}

/// The boolean schemas of OpenAPI 3.1. `true` allows anything, `false` nothing.
fn boolean(anything: bool, at: &At<'_>) -> Schema {
    let not = (!anything).then(|| placeholder(at));
    Schema::Inline(Box::new(SchemaObject {
        pointer: at.to_string(),
        not,
        ..SchemaObject::default()
    }))
}
