//! Tests that no input panics: arbitrary bytes, texts of JSON's and YAML's own characters, and
//! documents with replaced parts.

use super::{fixture, load_text};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Checks that every finding can be drawn and lies inside the text.
fn read(text: &[u8]) {
    if let Err(findings) = load_text(text) {
        assert!(!findings.findings.is_empty());
        let lines = text
            .iter()
            .filter(|byte| matches!(byte, b'\n' | b'\r'))
            .count()
            + 1;
        assert!(
            findings
                .findings
                .iter()
                .all(|finding| finding.line <= lines),
            "{findings}"
        );
        let drawn = findings.render(dropshot_codegen::diagnostics::Colour::Never);
        assert!(drawn.contains(findings.findings[0].code));
    }
}

/// Values of any type, to replace others.
fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"$ref": "#"})),
        Just(json!({"$ref": "#/components/schemas/Pet"})),
        Just(json!({"$ref": "#/paths/~1pets/get"})),
        Just(json!({"$ref": "other.yaml#/a"})),
        Just(json!({"$ref": ["#"]})),
        Just(json!({"type": "array"})),
        Just(json!([{"allOf": [{"$ref": "#/components/schemas/Pet"}]}, null])),
    ]
}

/// The `n`th value of a tree, in the order of the text.
fn nth<'v>(value: &'v mut Value, n: &mut usize) -> Option<&'v mut Value> {
    if *n == 0 {
        return Some(value);
    }
    *n -= 1;
    match value {
        Value::Array(values) => values.iter_mut().find_map(|value| nth(value, n)),
        Value::Object(map) => map.values_mut().find_map(|value| nth(value, n)),
        _ => None,
    }
}

fn document() -> String {
    std::fs::read_to_string(fixture("valid/everything.yaml")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read(&bytes);
    }

    #[test]
    fn texts_that_look_like_json(text in r#"[\{\[][\{\}\[\]",:0-9eE.\-\\u \ntrufalsn]{0,200}"#) {
        read(text.as_bytes());
    }

    #[test]
    fn texts_that_look_like_yaml(text in "[a-c0-9 \n\t:\\-?&*!|>'\"%@`#,\\[\\]{}<~é\r]{0,200}") {
        read(text.as_bytes());
        read(format!("openapi: 3.0.3\ninfo: {{title: a, version: b}}\npaths: {{}}\n{text}").as_bytes());
    }

    #[test]
    fn documents_with_bytes_replaced(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut bytes = document().into_bytes();
        for (place, byte, edit) in edits {
            let place = place.index(bytes.len());
            match edit {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        read(&bytes);
    }

    #[test]
    fn documents_with_values_replaced(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), junk()), 1..6),
    ) {
        let mut value = load_text(document()).unwrap().document.value;
        for (place, junk) in edits {
            let mut n = place.index(600);
            if let Some(slot) = nth(&mut value, &mut n) {
                *slot = junk;
            }
        }
        read(value.to_string().as_bytes());
        read(serde_json::to_string_pretty(&value).unwrap().as_bytes());
    }

    #[test]
    fn overlays_with_values_replaced(
        target in "\\$(\\.[a-z]{1,5}|\\[[0-9'*:?@.,]{0,4}\\]|\\.\\.|\\.\\*){0,4}",
        edits in proptest::collection::vec((0..14_usize, junk()), 0..3),
    ) {
        let mut overlay = json!({
            "overlay": "1.0.0",
            "info": {"title": "a", "version": "1"},
            "actions": [{"target": "$.paths.*", "update": {"x-a": 1}}, {"target": target, "remove": true}],
        });
        for (mut n, junk) in edits {
            if let Some(slot) = nth(&mut overlay, &mut n) {
                *slot = junk;
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), overlay.to_string()).unwrap();
        if let Err(findings) = dropshot_codegen::load(&fixture("valid/everything.yaml"), Some(file.path())) {
            prop_assert!(!findings.to_string().is_empty());
        }
    }
}
