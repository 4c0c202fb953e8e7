//! Checks that the service serves what the document says: it compares Dropshot's own export with
//! the document.
//!
//! Dropshot can't express everything that OpenAPI can. [`NORMALISATIONS`] lists what it can't. That
//! is left out on both sides. Anything else that differs is a [`Difference`].

mod normalise;
mod notes;
pub(crate) mod schema;
pub(crate) mod source;

use std::fmt;

use dropshot_vocabulary::pointer;
use serde_json::{Map, Value, json};

pub use notes::{NORMALISATIONS, Notes};

use normalise::Normaliser;
use source::Source;

/// A value that differs between the export and the document, or that only one of them has.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The place, as a pointer into the normalised documents:
    pub pointer: String,
    /// What the document says.
    pub document: Option<Value>,
    /// What the export says.
    pub exported: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), short);
        write!(
            f,
            "{}: the document says {}, the export {}",
            self.pointer,
            said(&self.document),
            said(&self.exported)
        )
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Empty if the round trip holds.
    pub differences: Vec<Difference>,
    /// How often each normalisation was needed.
    pub normalised: Notes,
}

/// Compares a document with the export that [`crate::testing::export::export`] made of its
/// operations.
#[must_use]
pub fn compare(document: &Value, exported: &Value) -> Comparison {
    let mut normaliser = Normaliser::new(document);
    let expected = normaliser.document();
    let found = exported_view(exported, &expected);
    let mut differences = Vec::new();
    walk(
        &mut String::new(),
        Some(&expected),
        Some(&found),
        &mut differences,
    );
    Comparison {
        differences,
        normalised: normaliser.notes,
    }
}

/// The differences that [`compare`] finds.
#[must_use]
pub fn differences(document: &Value, exported: &Value) -> Vec<Difference> {
    compare(document, exported).differences
}

/// The export in the form that [`Normaliser`] gives the document.
fn exported_view(exported: &Value, expected: &Value) -> Value {
    let mut paths = Map::new();
    for (path, item) in exported
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mut said = Map::new();
        for method in source::METHODS {
            if let Some(operation) = item.get(method) {
                let pointer = format!("{}/{method}", pointer::join("/paths", path));
                said.insert(
                    method.to_owned(),
                    operation_view(operation, expected.pointer(&pointer)),
                );
            }
        }
        paths.insert(path.clone(), Value::Object(said));
    }
    let mut schemas = Source(exported).schemas();
    schemas.values_mut().for_each(sort_required);
    let declared = expected["tags"].as_object();
    let tags = exported
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| {
            let name = tag.get("name")?.as_str()?;
            // The export also lists tags that operations use without a declaration.
            let kept = declared.is_some_and(|declared| declared.contains_key(name));
            kept.then(|| {
                (
                    name.to_owned(),
                    tag.get("description").cloned().unwrap_or_default(),
                )
            })
        });
    json!({
        "info": { "title": exported.pointer("/info/title") },
        "tags": tags.collect::<Map<_, _>>(),
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn operation_view(operation: &Value, expected: Option<&Value>) -> Value {
    let mut said = Map::new();
    let named = expected.is_none_or(|expected| expected.get("operationId").is_some());
    for name in [
        "operationId",
        "summary",
        "description",
        "tags",
        "deprecated",
    ] {
        if name != "operationId" || named {
            said.extend(
                operation
                    .get(name)
                    .map(|value| (name.to_owned(), value.clone())),
            );
        }
    }
    let parameters = operation
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let parameters: Map<String, Value> = parameters
        .map(|parameter| {
            let text = |name: &str| {
                parameter
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            (
                format!("{}/{}", text("in"), text("name")),
                with_required(parameter),
            )
        })
        .collect();
    said.insert("parameters".to_owned(), parameters.into());
    let content = operation
        .pointer("/requestBody/content")
        .and_then(Value::as_object);
    said.extend(content.map(|content| ("requestBody".to_owned(), content.clone().into())));
    let mut responses = Map::new();
    for (status, response) in operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mut view = json!({ "description": response.get("description") });
        let headers = response
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        view["headers"] = headers
            .map(|(name, header)| (name.clone(), with_required(header)))
            .collect::<Map<_, _>>()
            .into();
        if let Some(media) = response.pointer("/content/application~1json") {
            view["application/json"] = media.clone();
        }
        responses.insert(status.clone(), view);
    }
    if expected.is_some_and(|expected| expected["responses"].as_object().is_some_and(Map::is_empty))
    {
        responses.clear();
    }
    said.insert("responses".to_owned(), responses.into());
    let mut said = Value::Object(said);
    sort_required(&mut said);
    said
}

/// A parameter or header without its place and style, and always with `required`.
fn with_required(of: &Value) -> Value {
    let mut said = of.as_object().cloned().unwrap_or_default();
    said.retain(|name, _| ["description", "required", "schema"].contains(&name.as_str()));
    said.entry("required").or_insert(false.into());
    said.into()
}

/// Sorts the names in `required`, which Dropshot keeps in a set.
fn sort_required(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Array(names) if name == "required" => {
                        names.sort_by_key(ToString::to_string);
                    }
                    _ if name == "example" || name == "default" || name.starts_with("x-") => (),
                    _ => sort_required(member),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(sort_required),
        _ => (),
    }
}

fn walk(
    pointer: &mut String,
    document: Option<&Value>,
    exported: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    let length = pointer.len();
    match (document, exported) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let names = one
                .keys()
                .chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                pointer::push(pointer, name);
                walk(pointer, one.get(name), other.get(name), found);
                pointer.truncate(length);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                pointer.push_str(&format!("/{index}"));
                walk(pointer, one.get(index), other.get(index), found);
                pointer.truncate(length);
            }
        }
        (Some(one), Some(other)) if equal(one, other) => (),
        _ => found.push(Difference {
            pointer: pointer.clone(),
            document: document.cloned(),
            exported: exported.cloned(),
        }),
    }
}

/// Whether two values are equal. Numbers are compared by value: Dropshot writes a number's
/// `minimum: 1` as `1.0`.
fn equal(one: &Value, other: &Value) -> bool {
    one == other || one.is_number() && other.is_number() && one.as_f64() == other.as_f64()
}
