//! Writes schemas as HTML: a link for a named one, and all keywords for any other.

use serde_json::Value;

use super::html::{anchor, entries, escape, prose};

/// The keywords that have a form of their own. Every other keyword is listed with its value.
const TOLD: [&str; 8] = [
    "description",
    "properties",
    "required",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "additionalProperties",
];

pub(super) fn of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference
            .rsplit_once("/schemas/")
            .map_or(reference, |(_, name)| name);
        let (anchor, name) = (anchor("schema", name), escape(name));
        return format!("<p><a href=\"#{anchor}\">{name}</a></p>\n");
    }
    let mut part = prose(&schema["description"]);
    let listed = entries(schema).filter(|(keyword, _)| !TOLD.contains(&keyword.as_str()));
    let listed: Vec<String> = listed
        .map(|(keyword, value)| {
            format!(
                "{} <code>{}</code>",
                escape(keyword),
                escape(&written(value))
            )
        })
        .collect();
    if !listed.is_empty() {
        part += &format!("<p class=\"keywords\">{}</p>\n", listed.join(" · "));
    }
    let required = |name: &str| {
        let names = schema["required"].as_array();
        names.is_some_and(|names| names.iter().any(|it| it == name))
    };
    let properties = entries(&schema["properties"])
        .map(|(name, property)| entry(name, "", required(name), property));
    let properties: String = properties.collect();
    if !properties.is_empty() {
        part += &format!("<dl>\n{properties}</dl>\n");
    }
    for (keyword, words) in [
        ("items", "Each item"),
        ("additionalProperties", "Any other property"),
    ] {
        match &schema[keyword] {
            Value::Null => {}
            Value::Bool(allowed) => part += &format!("<p>{words}: {allowed}</p>\n"),
            inner => {
                part += &format!(
                    "<div class=\"inner\"><p>{words}:</p>\n{}</div>\n",
                    of(inner)
                );
            }
        }
    }
    for (keyword, words) in [
        ("allOf", "All of"),
        ("oneOf", "One of"),
        ("anyOf", "Any of"),
    ] {
        let parts = schema[keyword].as_array();
        let parts: String = parts.into_iter().flatten().map(of).collect();
        if !parts.is_empty() {
            part += &format!("<div class=\"inner\"><p>{words}:</p>\n{parts}</div>\n");
        }
    }
    part
}

/// The entry of a property, a parameter or a header. The last two have their schema inside.
pub(super) fn entry(name: &str, place: &str, required: bool, value: &Value) -> String {
    let mut words: Vec<&str> = vec![place];
    words.extend(required.then_some("required"));
    words.retain(|word| !word.is_empty());
    let inside = match value.get("schema") {
        Some(schema) if value.get("type").is_none() => prose(&value["description"]) + &of(schema),
        _ => of(value),
    };
    let (name, words) = (escape(name), escape(&words.join(", ")));
    format!("<dt><code>{name}</code> <em>{words}</em></dt>\n<dd>{inside}</dd>\n")
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(written).collect::<Vec<_>>().join(" | "),
        other => other.to_string(),
    }
}
