//! The settings of clients, and other values that change, as records show them: the old value and
//! the new one.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::token::Client;

/// The longest value in bytes of JSON. A longer one is replaced by its digest, because a line of
/// the trail has a limit.
const LONGEST: usize = 2048;

/// All settings that aren't empty.
pub(super) fn told(client: &Client) -> Value {
    let mut settings = settings(client);
    settings.retain(|_, value| !is_empty(value));
    Value::Object(settings)
}

/// The fields that differ between two values: first the old ones, then the new ones.
pub(super) fn changed<T: Serialize>(before: &T, after: &T) -> (Value, Value) {
    let (mut from, mut to) = (settings(before), settings(after));
    let is_same = |name: &String, value: &Value, other: &Map<String, Value>| {
        other.get(name).unwrap_or(&Value::Null) == value
    };
    let all = from.clone();
    from.retain(|name, value| !is_same(name, value, &to));
    to.retain(|name, value| !is_same(name, value, &all));
    (Value::Object(from), Value::Object(to))
}

fn settings(of: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut settings)) = serde_json::to_value(of) else {
        return Map::new();
    };
    settings.remove("client_id");
    for value in settings.values_mut() {
        let text = value.to_string();
        if text.len() > LONGEST {
            let digest = digest(&SHA256, text.as_bytes());
            *value = json!({ "sha256": URL_SAFE_NO_PAD.encode(digest), "bytes": text.len() });
        }
    }
    settings
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{ClientId, Scope};

    #[test]
    fn what_differs_is_told_with_both_values_and_long_ones_by_digest() {
        let id = ClientId::parse("one").unwrap();
        let before = Client::new(id, "One", Scope::parse("a").unwrap());
        let after = Client {
            note: Some("x".repeat(5000)),
            scope: Scope::parse("a b").unwrap(),
            ..before.clone()
        };
        let (from, to) = changed(&before, &after);
        assert_eq!(from, json!({ "scope": "a", "note": null }));
        assert_eq!(to["scope"], "a b");
        assert_eq!(to["note"]["bytes"], 5002);
        assert_eq!(told(&before)["name"], "One");
        assert!(told(&before).get("note").is_none());
    }
}
