//! Reads the keywords of JSON Schema 2020-12 that OpenAPI 3.0 lacks and that limit values.
//!
//! The run time evaluates them as the document gives them. What is read here is checked: that each
//! has the right form, and that references in it lead somewhere.

use crate::codes;
use crate::model::{Additional, Schema, SchemaObject};
use crate::pattern;
use crate::read::{Object, Reader};
use serde_json::Value;

/// Keywords that refer to a schema by the way on which the evaluator came.
const DYNAMIC: &str = "$dynamicRef $recursiveRef";

impl<'d> Reader<'d> {
    /// Refuses references that depend on where the evaluator came from.
    pub(super) fn dynamic_references(&self, object: &Object<'_, 'd>) {
        for key in DYNAMIC
            .split(' ')
            .filter(|key| object.map.contains_key(*key))
        {
            let message = format!("`{key}` is not read");
            let help = "refer by JSON pointer: `$ref: '#/components/schemas/Name'`";
            self.error(codes::BEYOND_3_0, &object.key(key), message, help);
        }
    }

    /// Reads the keywords, and marks the schema if it has one.
    pub(super) fn beyond_types(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        let one = |key: &str| {
            let value = object.map.get(key)?;
            Some(self.schema(value, &object.key(key)))
        };
        let named = |key: &str| -> Vec<(&'d String, Schema)> {
            let at = object.key(key);
            let entries = object.entries(key);
            entries
                .map(|(name, value)| (name, self.schema(value, &at.key(name))))
                .collect()
        };
        let conditions: Vec<Schema> = ["if", "then", "else"].into_iter().filter_map(one).collect();
        let dependent = named("dependentSchemas");
        let patterns = named("patternProperties");
        let at = object.key("prefixItems");
        let prefix = object.list("prefixItems");
        for (item, value) in prefix.iter().enumerate() {
            self.schema(value, &at.item(item));
        }
        let others = ["contains", "propertyNames"]
            .into_iter()
            .filter_map(one)
            .count();
        let unevaluated = one("unevaluatedProperties");
        let unevaluated_items = one("unevaluatedItems").is_some();
        let dependent_required = object.entries("dependentRequired").count();
        schema.beyond_types = !conditions.is_empty()
            || !dependent.is_empty()
            || !patterns.is_empty()
            || !prefix.is_empty()
            || others + dependent_required > 0
            || unevaluated.is_some()
            || unevaluated_items;
        if !prefix.is_empty() {
            // `items` is about the items after these.
            schema.items = None;
        }
        // A property that matches a pattern is none of the additional ones. The type keeps it.
        let described = unevaluated.is_some_and(|_| object.map["unevaluatedProperties"] != false)
            && matches!(schema.additional, Additional::Unspecified);
        if !patterns.is_empty() || described {
            schema.additional = Additional::Any;
        }
        self.check_patterns(object);
        schema.in_place = conditions;
        schema
            .in_place
            .extend(dependent.into_iter().map(|(_, schema)| schema));
    }

    fn check_patterns(&self, object: &Object<'_, 'd>) {
        let at = object.key("patternProperties");
        for (pattern, _) in object.entries("patternProperties") {
            if let Err(reason) = pattern::translate(pattern) {
                let message = format!("the pattern can't be enforced: {reason}");
                let help = "it stays in the served document; a handler has to check it";
                self.carried(codes::PATTERN_NOT_ENFORCED, &at.key(pattern), message, help);
            }
        }
        for key in ["minContains", "maxContains"] {
            object.count(key);
        }
        let at = object.key("dependentRequired");
        for (name, list) in object.entries("dependentRequired") {
            let texts = list
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string));
            if !texts {
                let message = "`dependentRequired` lists names for each name";
                self.error(
                    codes::WRONG_TYPE,
                    &at.key(name),
                    message,
                    "write a list of names",
                );
            }
        }
    }
}
