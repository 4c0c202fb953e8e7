//! A JSON value as YAML 1.2, in block style.
//!
//! Text that any reader could take for something else is quoted as JSON does it, which YAML reads
//! the same.

use serde_json::Value;

/// The value as a YAML document.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// Writes a value that starts on a line of its own.
fn block(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                pad(text, indent);
                text.push_str(&scalar(key));
                text.push(':');
                after(text, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                pad(text, indent);
                text.push('-');
                after(text, item, indent + 2);
            }
        }
        plain => {
            pad(text, indent);
            text.push_str(&flat(plain));
            text.push('\n');
        }
    }
}

/// Writes a value after a key or a dash.
fn after(text: &mut String, value: &Value, indent: usize) {
    let nests = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if nests {
        text.push('\n');
        block(text, value, indent);
    } else {
        text.push(' ');
        text.push_str(&flat(value));
        text.push('\n');
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::String(string) => scalar(string),
        // Numbers, booleans, null, {} and [] are written alike.
        other => other.to_string(),
    }
}

/// Text without quotes where it starts with a letter or `/`, has nothing that means something to
/// YAML, and is no word that YAML 1.1 or 1.2 takes for a boolean or null.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-. ".contains(c);
    let is_plain = starts
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_plain {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_indented_and_doubtful_text_is_quoted() {
        let value = json!({
            "openapi": "3.0.0",
            "paths": { "/a/{b}": { "get": { "tags": ["on", "x y"], "security": [], "deprecated": false } } },
            "200": null,
            "list": [[1, { "a": "b: c" }], {}],
        });
        assert_eq!(
            write(&value),
            "openapi: \"3.0.0\"\npaths:\n  \"/a/{b}\":\n    get:\n      tags:\n        - \"on\"\n        - x y\n      \
             security: []\n      deprecated: false\n\"200\": null\nlist:\n  -\n    - 1\n    -\n      a: \"b: c\"\n  - {}\n"
        );
    }
}
