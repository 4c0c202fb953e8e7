//! The differences between two JSON values, by JSON pointer (RFC 6901).

use dropshot_vocabulary::pointer::join;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// The innermost place at which two values differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The pointer from the root. Empty for the root itself.
    pub pointer: String,
    /// What should be there. Absent if nothing should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What is there. Absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Value>,
}

/// All differences. The order of an object's members does not count.
pub fn differences(expected: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(String::new(), expected, found, true, &mut all);
    all
}

/// The parts of `part` that `whole` lacks or has differently. Objects of `whole` may have more
/// members.
pub fn missing(part: &Value, whole: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(String::new(), part, whole, false, &mut all);
    all
}

fn compare(
    pointer: String,
    expected: &Value,
    found: &Value,
    whole: bool,
    all: &mut Vec<Difference>,
) {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                let pointer = join(&pointer, key);
                match right.get(key) {
                    Some(other) => compare(pointer, value, other, whole, all),
                    None => all.push(difference(pointer, Some(value), None)),
                }
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                if whole {
                    all.push(difference(join(&pointer, key), None, Some(value)));
                }
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for index in 0..left.len().max(right.len()) {
                let pointer = join(&pointer, &index.to_string());
                match (left.get(index), right.get(index)) {
                    (Some(value), Some(other)) => compare(pointer, value, other, whole, all),
                    (value, other) => all.push(difference(pointer, value, other)),
                }
            }
        }
        _ if expected == found => {}
        _ => all.push(difference(pointer, Some(expected), Some(found))),
    }
}

fn difference(pointer: String, expected: Option<&Value>, found: Option<&Value>) -> Difference {
    Difference {
        pointer,
        expected: expected.cloned(),
        found: found.cloned(),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at {}",
            if self.pointer.is_empty() {
                "the root"
            } else {
                &self.pointer
            }
        )?;
        for (sign, value) in [('-', &self.expected), ('+', &self.found)] {
            if let Some(value) = value {
                write!(f, "\n  {sign} {}", cropped(&value.to_string()))?;
            }
        }
        Ok(())
    }
}

/// The first 160 characters of a line, for a terminal.
fn cropped(text: &str) -> String {
    const ROOM: usize = 160;
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_innermost_place_is_named() {
        let left = json!({"paths": {"/a": {"get": {"tags": ["x", "y"], "summary": "old"}}}});
        let right = json!({"paths": {"/a": {"get": {"tags": ["x"], "summary": "new", "deprecated": true}}}});
        let found = differences(&left, &right);
        let places: Vec<_> = found.iter().map(|d| d.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/paths/~1a/get/tags/1",
                "/paths/~1a/get/summary",
                "/paths/~1a/get/deprecated"
            ]
        );
        assert_eq!(
            found[1].to_string(),
            "at /paths/~1a/get/summary\n  - \"old\"\n  + \"new\""
        );
        assert_eq!((&found[0].found, &found[2].expected), (&None, &None));
    }

    #[test]
    fn an_objects_order_is_no_difference_and_an_arrays_is() {
        let left = json!({"a": 1, "b": [1, 2]});
        assert_eq!(differences(&left, &json!({"b": [1, 2], "a": 1})), []);
        assert_eq!(differences(&left, &json!({"a": 1, "b": [2, 1]})).len(), 2);
    }

    #[test]
    fn what_is_added_is_not_missing() {
        let part = json!({"info": {"title": "t"}, "tags": ["a"]});
        assert_eq!(
            missing(
                &part,
                &json!({"info": {"title": "t", "license": {}}, "tags": ["a"], "x": 1})
            ),
            []
        );
        let changed = missing(
            &part,
            &json!({"info": {"title": "u"}, "tags": ["a", "b"], "x": 1}),
        );
        let places: Vec<_> = changed.iter().map(|d| d.pointer.as_str()).collect();
        assert_eq!(
            places,
            ["/info/title", "/tags/1"],
            "a list that grew says something else"
        );
    }
}
