//! Reduces a schema to the part that Dropshot's export can express, so that the export neither
//! panics nor loses what is compared.
//!
//! The same function prepares schemas for the export and for the comparison. So any further change
//! that Dropshot makes shows as a difference.

use serde_json::{Map, Value, json};

use super::notes::Notes;

/// Keywords whose default is `false`.
const FLAGS: [&str; 7] = [
    "nullable",
    "readOnly",
    "writeOnly",
    "deprecated",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "uniqueItems",
];
const COMBINATORS: [&str; 4] = ["allOf", "anyOf", "oneOf", "not"];
const OF_OBJECTS: [&str; 5] = [
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
];
const OF_ARRAYS: [&str; 4] = ["items", "minItems", "maxItems", "uniqueItems"];
const OF_STRINGS: [&str; 3] = ["pattern", "minLength", "maxLength"];
const OF_NUMBERS: [&str; 5] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];
const COUNTS: [&str; 6] = [
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// The part of `schema` that Dropshot can express.
pub(crate) fn sayable(schema: &Value, notes: &mut Notes) -> Value {
    let Value::Object(source) = schema else {
        return json!({});
    };
    if let Some(Value::String(reference)) = source.get("$ref") {
        if source.len() > 1 {
            notes.note("$ref siblings");
        }
        return json!({ "$ref": reference });
    }
    let mut said = Map::new();
    for (keyword, value) in source {
        keep(keyword, value, &mut said, notes);
    }
    set_type(&mut said, notes);
    if said
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        said.remove("properties");
        notes.note("written defaults");
    }
    drop_other_types(&mut said, notes);
    check_enum(&mut said, notes);
    check_numbers(&mut said, notes);
    if said.get("type").is_none() {
        join_combinators(&mut said, notes);
    }
    Value::Object(said)
}

/// Copies a keyword, with the schemas inside it.
fn keep(keyword: &str, value: &Value, said: &mut Map<String, Value>, notes: &mut Notes) {
    let all = |values: &Map<String, Value>, notes: &mut Notes| -> Value {
        Value::Object(
            values
                .iter()
                .map(|(name, schema)| (name.clone(), sayable(schema, notes)))
                .collect(),
        )
    };
    let kept = match (keyword, value) {
        ("properties", Value::Object(properties)) => all(properties, notes),
        ("items" | "not" | "additionalProperties", Value::Object(_)) => sayable(value, notes),
        ("additionalProperties", Value::Bool(_)) => value.clone(),
        ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) if !schemas.is_empty() => {
            Value::Array(
                schemas
                    .iter()
                    .map(|schema| sayable(schema, notes))
                    .collect(),
            )
        }
        ("required", Value::Array(names)) if names.iter().any(Value::is_string) => sorted(names),
        ("required", Value::Array(_)) => return notes.note("written defaults"),
        (_, Value::Bool(false)) if FLAGS.contains(&keyword) => {
            return notes.note("written defaults");
        }
        (_, Value::Bool(true)) if FLAGS.contains(&keyword) => value.clone(),
        ("default" | "example", Value::Null) => return notes.note("null defaults and examples"),
        ("default" | "example", _) | ("enum", Value::Array(_)) => value.clone(),
        ("type" | "format" | "pattern" | "title" | "description", Value::String(_)) => {
            value.clone()
        }
        (_, Value::Number(count)) if COUNTS.contains(&keyword) => {
            if count
                .as_u64()
                .is_none_or(|count| u32::try_from(count).is_err())
            {
                return notes.note("large lengths");
            }
            value.clone()
        }
        (_, Value::Number(_)) if OF_NUMBERS.contains(&keyword) => value.clone(),
        _ if keyword.starts_with("x-") => value.clone(),
        _ => return notes.note("schema annotations"),
    };
    said.insert(keyword.to_owned(), kept);
}

fn sorted(names: &[Value]) -> Value {
    let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    json!(names)
}

fn has_any(said: &Map<String, Value>, keywords: &[&str]) -> bool {
    keywords.iter().any(|keyword| said.contains_key(*keyword))
}

fn set_type(said: &mut Map<String, Value>, notes: &mut Notes) {
    let known = ["boolean", "integer", "number", "string", "array", "object"];
    if said
        .get("type")
        .and_then(Value::as_str)
        .is_some_and(|name| !known.contains(&name))
    {
        said.remove("type");
        notes.note("schema annotations");
    }
    if said.get("type").is_none() {
        let of_enum = said
            .get("enum")
            .and_then(Value::as_array)
            .and_then(|values| type_of(values));
        let implied = if has_any(said, &OF_OBJECTS) {
            Some("object")
        } else if has_any(said, &OF_ARRAYS) {
            Some("array")
        } else if has_any(said, &OF_STRINGS) {
            Some("string")
        } else if has_any(said, &OF_NUMBERS) {
            Some("number")
        } else {
            of_enum
        };
        if let Some(implied) = implied {
            said.insert("type".to_owned(), implied.into());
            notes.note("missing types");
        }
    }
    if said.get("type").and_then(Value::as_str) == Some("array") && !said.contains_key("items") {
        said.insert("items".to_owned(), json!({}));
        notes.note("missing items");
    }
}

fn type_of(values: &[Value]) -> Option<&'static str> {
    let all = |is: fn(&Value) -> bool| {
        values.iter().any(is) && values.iter().all(|value| is(value) || value.is_null())
    };
    match () {
        () if all(Value::is_string) => Some("string"),
        () if all(Value::is_i64) => Some("integer"),
        () if all(Value::is_number) => Some("number"),
        () if all(Value::is_boolean) => Some("boolean"),
        () => None,
    }
}

/// Removes the keywords that mean nothing for the type.
fn drop_other_types(said: &mut Map<String, Value>, notes: &mut Notes) {
    let own: &[&str] = match said.get("type").and_then(Value::as_str) {
        Some("object") => &OF_OBJECTS,
        Some("array") => &OF_ARRAYS,
        Some("string") => &OF_STRINGS,
        Some("integer" | "number") => &OF_NUMBERS,
        _ => &[],
    };
    for keyword in OF_OBJECTS
        .iter()
        .chain(&OF_ARRAYS)
        .chain(&OF_STRINGS)
        .chain(&OF_NUMBERS)
    {
        if !own.contains(keyword) && said.remove(*keyword).is_some() {
            notes.note("keywords of other types");
        }
    }
    let has_format = matches!(
        said.get("type").and_then(Value::as_str),
        Some("string" | "integer" | "number")
    );
    if !has_format && said.remove("format").is_some() {
        notes.note("formats of other types");
    }
}

fn check_enum(said: &mut Map<String, Value>, notes: &mut Notes) {
    let Some(Value::Array(values)) = said.get("enum") else {
        return;
    };
    let fits = |value: &Value| match said.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => false,
    };
    if values.is_empty()
        || said.get("type").is_none()
        || !values.iter().all(|value| value.is_null() || fits(value))
    {
        said.remove("enum");
        notes.note("enums of other types");
    }
}

/// Removes exclusive bounds without a bound, which mean nothing, and cuts an integer's bounds to
/// 64-bit integers.
fn check_numbers(said: &mut Map<String, Value>, notes: &mut Notes) {
    for (bound, exclusive) in [
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ] {
        if said.contains_key(exclusive)
            && (!said.contains_key(bound) || !said[exclusive].is_boolean())
        {
            said.remove(exclusive);
            notes.note("keywords of other types");
        }
    }
    let integer =
        said.get("type").and_then(Value::as_str) == Some("integer") && !has_any(said, &COMBINATORS);
    for keyword in ["minimum", "maximum", "multipleOf"] {
        let Some(value) = said.get(keyword).and_then(Value::as_f64) else {
            continue;
        };
        #[allow(clippy::cast_possible_truncation)] // as Dropshot does
        let cut = json!(value as i64);
        if integer && said[keyword] != cut {
            said.insert(keyword.to_owned(), cut);
            notes.note("integer bounds");
        }
    }
}

/// Joins several combinators into one. In a schema without a type, Dropshot accepts only one.
fn join_combinators(said: &mut Map<String, Value>, notes: &mut Notes) {
    if COMBINATORS
        .iter()
        .filter(|combinator| said.contains_key(**combinator))
        .count()
        < 2
    {
        return;
    }
    let mut all = match said.remove("allOf") {
        Some(Value::Array(schemas)) => schemas,
        _ => Vec::new(),
    };
    for combinator in ["anyOf", "oneOf", "not"] {
        all.extend(
            said.remove(combinator)
                .map(|schemas| json!({ combinator: schemas })),
        );
    }
    said.insert("allOf".to_owned(), Value::Array(all));
    notes.note("combinators");
}

/// Turns a reduced schema into schemars' form, in which exclusive bounds are numbers. A schema that
/// schemars can't read becomes the schema of any value.
pub(crate) fn to_schemars(said: &Value) -> schemars::schema::Schema {
    serde_json::from_value(draft_7(said)).unwrap_or(schemars::schema::Schema::Bool(true))
}

fn draft_7(said: &Value) -> Value {
    let Value::Object(source) = said else {
        return said.clone();
    };
    let mut schema: Map<String, Value> = source
        .iter()
        .map(|(keyword, value)| {
            let value = match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => Value::Object(
                    properties
                        .iter()
                        .map(|(name, schema)| (name.clone(), draft_7(schema)))
                        .collect(),
                ),
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                    schemas.iter().map(draft_7).collect()
                }
                ("items" | "not" | "additionalProperties", _) => draft_7(value),
                _ => value.clone(),
            };
            (keyword.clone(), value)
        })
        .collect();
    for (bound, exclusive) in [
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ] {
        if schema.remove(exclusive).is_some() {
            let value = schema.remove(bound);
            schema.extend(value.map(|value| (exclusive.to_owned(), value)));
        }
    }
    Value::Object(schema)
}

/// Whether Dropshot accepts the schema for a path or query parameter. This repeats Dropshot's own
/// check, and ends for circular schemas.
pub(crate) fn is_scalar(said: &Value, schemas: &Map<String, Value>) -> bool {
    fn check(schema: &Value, schemas: &Map<String, Value>, left: usize, notes: &mut Notes) -> bool {
        let (Value::Object(keywords), Some(left)) = (schema, left.checked_sub(1)) else {
            return false;
        };
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            let target = reference
                .strip_prefix("#/components/schemas/")
                .and_then(|name| schemas.get(name));
            return target
                .is_some_and(|target| check(&sayable(target, notes), schemas, left, notes));
        }
        let combined: Vec<&str> = COMBINATORS
            .into_iter()
            .filter(|name| keywords.contains_key(*name))
            .collect();
        let list = |name: &str| {
            keywords
                .get(name)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        match (keywords.get("type").and_then(Value::as_str), &*combined) {
            (Some("boolean" | "integer" | "number" | "string"), []) => true,
            (None, [name @ ("allOf" | "anyOf")]) => {
                matches!(&*list(name), [one] if check(one, schemas, left, notes))
            }
            (None, ["oneOf"]) => list("oneOf")
                .iter()
                .all(|schema| check(schema, schemas, left, notes)),
            _ => false,
        }
    }
    check(said, schemas, 24, &mut Notes::default())
}

/// Whether Dropshot knows that no value satisfies the schema: it is `not: {}`, with annotations at
/// most.
pub(crate) fn is_impossible(said: &Value) -> bool {
    let annotation = |name: &String| {
        let known = [
            "title",
            "description",
            "default",
            "example",
            "nullable",
            "readOnly",
            "writeOnly",
            "deprecated",
        ];
        known.contains(&name.as_str()) || name.starts_with("x-")
    };
    let only = |schema: &Value, keyword: &str| {
        schema.as_object().is_some_and(|schema| {
            schema
                .keys()
                .all(|name| name == keyword || annotation(name))
        })
    };
    said.get("not")
        .is_some_and(|not| only(said, "not") && only(not, ""))
}
