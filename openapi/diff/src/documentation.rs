//! Compares texts for people, and fields of the document that nothing enforces.
//!
//! Fields that the model does not have are compared as they are written, so that no change of a
//! document is missed.

use crate::flat::Flat;
use crate::walk::Walk;
use crate::way::Places;
use crate::{Effect, Kind};
use dropshot_codegen::model::{Operation, SchemaObject};
use serde_json::{Map, Value};

/// The fields that the model has, so other comparisons cover them. A Header's fields are among a
/// Parameter's.
pub const PARAMETER: &[&str] = &[
    "name",
    "in",
    "required",
    "deprecated",
    "description",
    "style",
    "explode",
    "allowReserved",
    "allowEmptyValue",
    "schema",
    "content",
    "$ref",
];
pub const HEADER: &[&str] = PARAMETER;
pub const BODY: &[&str] = &["description", "required", "content", "$ref"];
pub const MEDIA: &[&str] = &["schema", "encoding"];
pub const RESPONSE: &[&str] = &["description", "headers", "content", "$ref"];
const OPERATION: &[&str] = &[
    "operationId",
    "summary",
    "description",
    "deprecated",
    "tags",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "callbacks",
];
const SCHEMA: &[&str] = &[
    "title",
    "description",
    "deprecated",
    "nullable",
    "readOnly",
    "writeOnly",
    "default",
    "example",
    "examples",
    "enum",
    "type",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "discriminator",
    "xml",
    "$ref",
    "const",
];
const DOCUMENT: &[&str] = &[
    "openapi",
    "paths",
    "components",
    "security",
    "servers",
    "tags",
];

/// A text's name, its old value and its new value.
pub type Text<'t> = (&'static str, &'t Option<String>, &'t Option<String>);

/// Notes the texts that changed.
pub fn texts(walk: &mut Walk<'_>, places: Places<'_>, label: &str, texts: &[Text<'_>]) {
    for (name, old, new) in texts {
        if old != new {
            note(walk, places, format!("the {name} of {label} changed"));
        }
    }
}

fn note(walk: &mut Walk<'_>, places: Places<'_>, message: String) {
    walk.note_plain(
        Kind::DocumentationChanged,
        Effect::Documentation,
        places,
        message,
    );
}

/// Notes the fields that differ as written and are not among `known`.
pub fn unmodelled(walk: &mut Walk<'_>, places: Places<'_>, label: &str, known: &[&str]) {
    let (Some(old), Some(new)) = (
        object(&walk.old.value, places.0),
        object(&walk.new.value, places.1),
    ) else {
        return;
    };
    for field in differing(old, new, known) {
        note(walk, places, format!("`{field}` of {label} changed"));
    }
}

fn object<'d>(document: &'d Value, pointer: Option<&str>) -> Option<&'d Map<String, Value>> {
    document.pointer(pointer?)?.as_object()
}

/// The fields in which two objects differ, without the `known` ones.
pub fn differing<'d>(
    old: &'d Map<String, Value>,
    new: &'d Map<String, Value>,
    known: &[&str],
) -> Vec<&'d str> {
    let fields = old
        .keys()
        .chain(new.keys().filter(|field| !old.contains_key(*field)));
    fields
        .filter(|field| !known.contains(&field.as_str()) && old.get(*field) != new.get(*field))
        .map(String::as_str)
        .collect()
}

/// Compares the texts and tags of an operation, and its callbacks.
pub fn of_operation<'d>(walk: &mut Walk<'d>, old: &'d Operation, new: &'d Operation) {
    let places = (Some(old.pointer.as_str()), Some(new.pointer.as_str()));
    let label = format!("`{}`", new.id);
    let described = [
        ("summary", &old.summary, &new.summary),
        ("description", &old.description, &new.description),
    ];
    texts(walk, places, &label, &described);
    if old.tags != new.tags {
        note(walk, places, format!("the tags of {label} changed"));
    }
    unmodelled(walk, places, &label, OPERATION);
    let callbacks = |document: &'d Value, operation: &Operation| {
        document.pointer(&operation.pointer)?.get("callbacks")
    };
    if callbacks(&walk.old.value, old) != callbacks(&walk.new.value, new) {
        let message = format!("the callbacks of {label} changed");
        walk.note_plain(Kind::CallbacksChanged, Effect::Unclear, places, message);
    }
}

/// Compares the texts of two schemas. It compares part by part if they have the same number of
/// parts, and otherwise only the first parts.
pub fn of_schemas<'d>(walk: &mut Walk<'d>, old: &Flat<'d>, new: &Flat<'d>, label: &str) {
    let parts = if old.parts.len() == new.parts.len() {
        old.parts.len()
    } else {
        1
    };
    for (was, is) in old.parts.iter().zip(&new.parts).take(parts) {
        let places = (Some(was.pointer.as_str()), Some(is.pointer.as_str()));
        texts(
            walk,
            places,
            label,
            &[
                ("title", &was.title, &is.title),
                ("description", &was.description, &is.description),
            ],
        );
        if was.example != is.example {
            note(walk, places, format!("the example of {label} changed"));
        }
        let hidden = |part: &SchemaObject| part.format.as_deref() == Some("password");
        if hidden(was) != hidden(is) {
            note(
                walk,
                places,
                format!("the format of {label} changed: whether it is shown as it is typed"),
            );
        }
        if was.deprecated != is.deprecated {
            deprecation(walk, is.deprecated, places, label);
        }
        if places.0 == Some("") || places.1 == Some("") {
            continue;
        }
        let (Some(old), Some(new)) = (
            object(&walk.old.value, places.0),
            object(&walk.new.value, places.1),
        ) else {
            continue;
        };
        if old.get("xml") != new.get("xml") {
            let message = format!("`xml` of {label} changed");
            walk.note_plain(Kind::XmlChanged, Effect::Unclear, places, message);
        }
        for field in differing(old, new, SCHEMA) {
            note(walk, places, format!("`{field}` of {label} changed"));
        }
    }
}

/// Notes that something became deprecated, or is no longer deprecated.
pub fn deprecation(walk: &mut Walk<'_>, deprecated: bool, places: Places<'_>, label: &str) {
    let (kind, message) = if deprecated {
        (Kind::Deprecated, format!("{label} is deprecated"))
    } else {
        (
            Kind::NoLongerDeprecated,
            format!("{label} is not deprecated any more"),
        )
    };
    walk.note_plain(kind, Effect::Compatible, places, message);
}

/// Compares the fields of the document as a whole.
pub fn of_document(walk: &mut Walk<'_>) {
    let (old, new) = (&walk.old.value, &walk.new.value);
    let (Some(was), Some(is)) = (old.as_object(), new.as_object()) else {
        return;
    };
    let known: Vec<&str> = DOCUMENT
        .iter()
        .copied()
        .filter(|field| *field != "servers" && *field != "tags")
        .collect();
    for field in differing(was, is, &known) {
        let pointer = format!("/{field}");
        let place = |document: &Map<String, Value>| {
            document.contains_key(field).then_some(pointer.as_str())
        };
        note(
            walk,
            (place(was), place(is)),
            format!("`{field}` of the document changed"),
        );
    }
}
