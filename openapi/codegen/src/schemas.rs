//! The schemas of a document as JSON Schema 2020-12, for the run time's evaluator.
//!
//! Owns the translation of what OpenAPI writes in its own way: `nullable`, the exclusive bounds of
//! 3.0, and `readOnly` properties, which a request may leave out. The result has only the schemas
//! that are asked for and those that they refer to, each at its place in the document, so that
//! references need no translation.

use crate::pattern;
use crate::percent::percent_decode;
use dropshot_vocabulary::pointer::tokens;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, VecDeque};

/// Keywords whose value is one schema.
const ONE: &str = "not if then else contains propertyNames unevaluatedProperties unevaluatedItems \
    items additionalProperties";

/// Keywords whose value is a list of schemas.
const LIST: &str = "allOf anyOf oneOf prefixItems";

/// Keywords whose value has a schema for each name.
const NAMED: &str = "properties patternProperties dependentSchemas $defs definitions";

/// The most references that lead from a property to its schema.
const LONGEST_CHAIN: usize = 32;

/// The schemas at these pointers and all to which they refer, as a document of their own.
pub fn extract<'p>(document: &Value, pointers: impl Iterator<Item = &'p str>) -> Value {
    let version = document.get("openapi").and_then(Value::as_str);
    let translation = Translation {
        document,
        siblings_count: version.is_some_and(|version| !version.starts_with("3.0")),
    };
    let mut result = Value::Object(Map::new());
    let mut open: VecDeque<String> = pointers.map(str::to_owned).collect();
    let mut known = BTreeSet::new();
    while let Some(pointer) = open.pop_front() {
        let Some(schema) = document.pointer(&pointer) else {
            continue;
        };
        if !known.insert(pointer.clone()) {
            continue;
        }
        let schema = translation.schema(schema);
        references(&schema, &mut open);
        place(&mut result, &pointer, schema);
    }
    result
}

/// Puts a schema at its pointer. A schema around it may be there already, or come later and take
/// its place.
fn place(result: &mut Value, pointer: &str, schema: Value) {
    let mut target = result;
    for token in tokens(pointer) {
        target = match target {
            Value::Array(items) => match token.parse().ok().and_then(|at: usize| items.get_mut(at))
            {
                Some(item) => item,
                None => return,
            },
            Value::Object(members) => members
                .entry(token)
                .or_insert_with(|| Value::Object(Map::new())),
            _ => return,
        };
    }
    *target = schema;
}

/// Collects the pointers to which a translated schema refers.
fn references(schema: &Value, found: &mut VecDeque<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref")
                && let Some(pointer) = pointer(reference)
            {
                found.push_back(pointer);
            }
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// The pointer of a reference into the document itself.
fn pointer(reference: &str) -> Option<String> {
    reference.strip_prefix('#').map(percent_decode)
}

struct Translation<'d> {
    document: &'d Value,
    /// Whether keywords beside a `$ref` count, as in OpenAPI 3.1.
    siblings_count: bool,
}

impl Translation<'_> {
    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(schema) = schema else {
            return schema.clone();
        };
        if let (Some(reference), false) = (schema.get("$ref"), self.siblings_count) {
            return json!({ "$ref": reference });
        }
        let mut result = Map::new();
        for (keyword, value) in schema {
            let among = |words: &str| words.split(' ').any(|word| word == keyword);
            let translated = match value {
                value if among(ONE) => self.schema(value),
                Value::Array(list) if among(LIST) => {
                    list.iter().map(|schema| self.schema(schema)).collect()
                }
                Value::Object(named) if among(NAMED) => Value::Object(
                    named
                        .iter()
                        .filter(|(name, _)| keyword != "patternProperties" || enforceable(name))
                        .map(|(name, schema)| (name.clone(), self.schema(schema)))
                        .collect(),
                ),
                Value::String(pattern) if keyword == "pattern" && !enforceable(pattern) => continue,
                value if among(ASSERTIONS) => value.clone(),
                _ => continue,
            };
            result.insert(keyword.clone(), translated);
        }
        exclusive(schema, &mut result, "minimum", "exclusiveMinimum");
        exclusive(schema, &mut result, "maximum", "exclusiveMaximum");
        self.read_only(schema, &mut result);
        // YAML reads the unquoted word as null.
        match result.get_mut("type") {
            Some(ty @ Value::Null) => *ty = json!("null"),
            Some(Value::Array(types)) => types
                .iter_mut()
                .filter(|ty| ty.is_null())
                .for_each(|ty| *ty = json!("null")),
            _ => {}
        }
        match schema.get("nullable") {
            Some(Value::Bool(true)) => json!({ "anyOf": [{ "type": "null" }, result] }),
            _ => Value::Object(result),
        }
    }

    /// OpenAPI 3.0.3, Schema Object: "If the property is marked as readOnly being true and is in
    /// the required list, the required will take effect on the response only." The decoder skips
    /// such a property of a request, so its value does not matter.
    fn read_only(&self, schema: &Map<String, Value>, result: &mut Map<String, Value>) {
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return;
        };
        let read_only = |name: &str| {
            let mut property = properties.get(name);
            for _ in 0..LONGEST_CHAIN {
                let Some(found) = property else { return false };
                if found.get("readOnly") == Some(&Value::Bool(true)) {
                    return true;
                }
                let reference = found.get("$ref").and_then(Value::as_str);
                property = reference
                    .and_then(pointer)
                    .and_then(|pointer| self.document.pointer(&pointer));
            }
            false
        };
        if let Some(Value::Array(required)) = result.get_mut("required") {
            required.retain(|name| !name.as_str().is_some_and(read_only));
        }
        if let Some(Value::Object(translated)) = result.get_mut("properties") {
            for (_, schema) in translated.iter_mut().filter(|(name, _)| read_only(name)) {
                *schema = Value::Bool(true);
            }
        }
    }
}

/// The other keywords that limit values. All else only annotates.
const ASSERTIONS: &str = "$ref type enum const multipleOf maximum exclusiveMaximum minimum \
    exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains \
    minContains maxProperties minProperties required dependentRequired format";

/// Whether the evaluator can run a pattern.
fn enforceable(ecma: &str) -> bool {
    pattern::translate(ecma).is_ok()
}

/// An exclusive bound is a flag beside the bound in OpenAPI 3.0.
fn exclusive(
    schema: &Map<String, Value>,
    result: &mut Map<String, Value>,
    inclusive: &str,
    exclusive: &str,
) {
    let Some(Value::Bool(flag)) = schema.get(exclusive) else {
        return;
    };
    result.remove(exclusive);
    if *flag && let Some(bound) = result.remove(inclusive) {
        result.insert(exclusive.to_owned(), bound);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openapi_writes_in_its_own_way_is_translated() {
        let document = json!({"openapi": "3.0.3", "components": {"schemas": {
            "A": {"type": "object", "required": ["id", "b"], "properties": {
                "id": {"type": "string", "readOnly": true},
                "b": {"$ref": "#/components/schemas/B", "maxLength": 1}
            }},
            "B": {"type": "integer", "nullable": true, "minimum": 1, "exclusiveMinimum": true, "example": 2},
            "C": {}
        }}});
        let extracted = extract(&document, ["/components/schemas/A"].into_iter());
        let expected = json!({"components": {"schemas": {
            "A": {"type": "object", "required": ["b"], "properties": {"id": true, "b": {"$ref": "#/components/schemas/B"}}},
            "B": {"anyOf": [{"type": "null"}, {"type": "integer", "exclusiveMinimum": 1}]}
        }}});
        assert_eq!(extracted, expected);
    }
}
