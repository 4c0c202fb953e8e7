//! Reads `type`, `enum` and `default`, and checks that a schema's values are of its type.

use crate::codes;
use crate::model::{Schema, SchemaObject, Type};
use crate::read::object::describe;
use crate::read::version::Version;
use crate::read::{At, Object, Reader};
use serde_json::Value;

impl<'d> Reader<'d> {
    /// Reads `type`, which is one word. In 3.1 it may be a list, in which `null` means `nullable`
    /// and other words are alternatives.
    pub(super) fn types(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        let at = object.key("type");
        let words: Vec<(&Value, At<'_>)> = match object.get("type") {
            None => return,
            Some(Value::Array(words)) => {
                if self.version == Version::V3_0 {
                    let message = "`type` is one word in OpenAPI 3.0; the list is taken as OpenAPI 3.1 means it";
                    self.carried(
                        codes::TOLERATED,
                        &at,
                        message,
                        "write one type, and `nullable: true` for null",
                    );
                }
                words
                    .iter()
                    .enumerate()
                    .map(|(item, word)| (word, at.item(item)))
                    .collect()
            }
            Some(word) => vec![(word, at)],
        };
        let mut types = Vec::new();
        for (word, at) in &words {
            match word {
                // YAML reads the unquoted word as null.
                Value::Null => schema.nullable = true,
                Value::String(word) if word == "null" => schema.nullable = true,
                Value::String(word) => types.extend(self.parse_type(word, at)),
                word => {
                    let message = format!("`type` is a word, not {}", describe(word));
                    self.error(codes::WRONG_TYPE, at, message, TYPES);
                }
            }
        }
        match types.as_slice() {
            [ty] => schema.ty = Some(*ty),
            // The type is null alone, so null is the only value.
            [] if schema.nullable && words.len() == 1 => {
                schema.enumeration = Some(vec![Value::Null]);
            }
            [] => {}
            several => {
                let alternatives = several.iter().map(|ty| {
                    let pointer = at.to_string();
                    inline(SchemaObject {
                        pointer,
                        ty: Some(*ty),
                        ..SchemaObject::default()
                    })
                });
                if object.map.contains_key("anyOf") {
                    // The value must meet both the types and the `anyOf`.
                    let any_of = alternatives.collect();
                    let pointer = at.to_string();
                    schema.all_of.push(inline(SchemaObject {
                        pointer,
                        any_of,
                        ..SchemaObject::default()
                    }));
                } else {
                    schema.any_of = alternatives.collect();
                }
            }
        }
    }

    fn parse_type(&self, word: &str, at: &At<'_>) -> Option<Type> {
        Some(match word {
            "string" => Type::String,
            "number" => Type::Number,
            "integer" => Type::Integer,
            "boolean" => Type::Boolean,
            "array" => Type::Array,
            "object" => Type::Object,
            other => {
                let help = match other {
                    "file" => "that is Swagger 2.0: write `type: string` and `format: binary`",
                    _ => TYPES,
                };
                self.error(
                    codes::TYPE,
                    at,
                    format!("a schema can't have the type `{other}`"),
                    help,
                );
                return None;
            }
        })
    }

    /// Reads `enum`, and 3.1's `const` as an enum of one value.
    pub(super) fn enumeration(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        let constant = object
            .map
            .get("const")
            .filter(|_| self.version == Version::V3_1);
        if let Some(value) = constant {
            schema.enumeration = Some(vec![value.clone()]);
            return;
        }
        let listed = match object.get("enum") {
            None => return,
            Some(Value::Array(values)) if !values.is_empty() => values,
            Some(other) => {
                let message = format!(
                    "`enum` is a list of at least one value, not {}",
                    describe(other)
                );
                self.error(
                    codes::WRONG_VALUE,
                    &object.key("enum"),
                    message,
                    "list the values, or drop `enum`",
                );
                return;
            }
        };
        let at = object.key("enum");
        let fitting = listed.iter().enumerate().filter_map(|(item, value)| {
            let fitted = if value.is_null() {
                Some(Value::Null)
            } else {
                fit(value, schema.ty)
            };
            match &fitted {
                Some(fitted) if fitted == value => {}
                Some(fitted) => {
                    let message = format!(
                        "the enum's value is {}; it is taken as {fitted}",
                        describe(value)
                    );
                    self.carried(
                        codes::TOLERATED,
                        &at.item(item),
                        message,
                        "write it in the schema's type",
                    );
                }
                None => {
                    let message = format!(
                        "the enum's value is {}, which the schema's type refuses",
                        describe(value)
                    );
                    self.carried(
                        codes::IGNORED,
                        &at.item(item),
                        message,
                        "no request can have it: drop it",
                    );
                }
            }
            fitted
        });
        let fitting: Vec<Value> = fitting.collect();
        if fitting.is_empty() {
            let message = "no value of the enum is of the schema's type";
            self.error(
                codes::ENUM,
                &at,
                message,
                "correct the `type` or the values of the `enum`",
            );
        }
        schema.enumeration = Some(fitting);
    }

    /// Reads `default`, which the schema must allow. A number or boolean in quotes counts as its
    /// value.
    pub(super) fn default_value(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        let Some(value) = object.map.get("default") else {
            return;
        };
        let at = object.key("default");
        if value.is_null() {
            schema.default = schema.nullable.then_some(Value::Null);
            // Without a type here, another part of the schema may allow null.
            if schema.ty.is_some() && !schema.nullable {
                self.refuse_default("the default is null, and the schema is not nullable", &at);
            }
            return;
        }
        let shown = describe(value);
        let Some(fitted) = fit(value, schema.ty) else {
            let message = format!("the default is {shown}, which the schema's type refuses");
            return self.refuse_default(&message, &at);
        };
        if fitted != *value {
            let message = format!("the default is {shown}; it is taken as {fitted}");
            let help = "write it in the schema's type";
            self.carried(codes::TOLERATED, &at, message, help);
        }
        let listed = schema.enumeration.as_ref();
        if listed.is_none_or(|values| values.contains(&fitted)) {
            schema.default = Some(fitted);
        } else {
            let message = "the default is none of the enum's values, and is not applied";
            let help = "write one of the enum's values";
            self.carried(codes::IGNORED, &at, message, help);
        }
    }

    /// OpenAPI 3.0: a default "MUST conform to the defined type". In 3.1 a default is only an
    /// annotation.
    fn refuse_default(&self, message: &str, at: &At<'_>) {
        let help = "write a default that the schema allows, or drop it";
        match self.version {
            Version::V3_0 => self.error(codes::DEFAULT, at, message, help),
            Version::V3_1 => self.carried(codes::IGNORED, at, message, help),
        }
    }
}

const TYPES: &str = "write string, number, integer, boolean, array or object";

fn inline(schema: SchemaObject) -> Schema {
    Schema::Inline(Box::new(schema))
}

/// The value in this type: itself, or the value that its text means. `None` if the type refuses it.
fn fit(value: &Value, ty: Option<Type>) -> Option<Value> {
    let of_type = match ty {
        None => true,
        Some(Type::String) => value.is_string(),
        Some(Type::Number) => value.is_number(),
        Some(Type::Integer) => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some(Type::Boolean) => value.is_boolean(),
        Some(Type::Array) => value.is_array(),
        Some(Type::Object) => value.is_object(),
    };
    if of_type {
        return Some(value.clone());
    }
    match (ty?, value) {
        (Type::String, Value::Number(_) | Value::Bool(_)) => Some(Value::String(value.to_string())),
        (ty @ (Type::Number | Type::Integer | Type::Boolean), Value::String(text)) => {
            let written: Value = serde_json::from_str(text)
                .ok()
                .filter(|value: &Value| !value.is_string())?;
            fit(&written, Some(ty))
        }
        _ => None,
    }
}
