//! Tests bytes and syntax: encodings, strict JSON, YAML's scalars, and the places of findings.

use super::{load_text, refusal};
use dropshot_codegen::codes;
use dropshot_codegen::diagnostics::{Colour, Findings};
use dropshot_codegen::load::load_bytes;
use serde_json::json;
use std::path::Path;

const DOCUMENT: &str =
    r#"{"openapi": "3.0.3", "info": {"title": "é", "version": "1"}, "paths": {}}"#;

#[test]
fn a_byte_order_mark_is_accepted() {
    assert_eq!(
        load_text(format!("\u{FEFF}{DOCUMENT}"))
            .unwrap()
            .document
            .title,
        "é"
    );
    assert!(load_text("\u{FEFF}openapi: 3.0.3\ninfo: {title: a, version: b}\npaths: {}\n").is_ok());
}

#[test]
fn other_encodings_are_refused_by_name() {
    let latin_1: Vec<u8> = DOCUMENT
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let finding = refusal(&latin_1);
    assert_eq!(
        (finding.code, finding.line, finding.column),
        (codes::ENCODING, 1, 41)
    );
    assert!(finding.message.contains("Latin-1"), "{}", finding.message);

    let utf_16: Vec<u8> = DOCUMENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf_16.clone(), [&[0xFF, 0xFE], utf_16.as_slice()].concat()] {
        let finding = refusal(&bytes);
        assert_eq!(finding.code, codes::ENCODING);
        assert!(finding.message.contains("UTF-16"), "{}", finding.message);
    }
    let big_endian: Vec<u8> = DOCUMENT.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(refusal(&big_endian).message.contains("UTF-16"));
    let utf_32: Vec<u8> = DOCUMENT
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    assert!(refusal(&utf_32).message.contains("UTF-32"));
}

#[test]
fn nul_bytes_are_refused_where_they_are() {
    let finding = refusal(b"openapi: 3.0.3\ninfo: \0\n");
    assert_eq!(
        (finding.code, finding.line, finding.column),
        (codes::ENCODING, 2, 7)
    );
}

#[test]
fn nothing_and_anything_but_an_object_are_no_document() {
    for text in ["", " \n\t", "# only a comment\n", "\u{FEFF}"] {
        let finding = refusal(text);
        assert_eq!(finding.code, codes::NOT_A_DOCUMENT, "{text:?}");
        assert!(finding.message.contains("empty"));
    }
    for text in ["[]", "- a\n", "text", "1", "null"] {
        let finding = refusal(text);
        assert_eq!(
            (finding.code, finding.line),
            (codes::WRONG_TYPE, 1),
            "{text:?}"
        );
        assert!(finding.message.contains("an OpenAPI document is an object"));
    }
}

#[test]
fn json_is_strict() {
    let json = |text: &str| {
        let findings = load_bytes(Path::new("document.json"), text.as_bytes(), None)
            .unwrap_err()
            .findings;
        (
            findings[0].code,
            findings[0].line,
            findings[0].pointer.clone(),
        )
    };
    assert_eq!(
        json("{\n\"openapi\": \"3.0.3\",\n}"),
        (codes::SYNTAX, 3, String::new())
    );
    assert_eq!(
        json("{\n\"info\": {\"a\": [1, 2,]}}"),
        (codes::SYNTAX, 2, "/info/a/2".to_owned())
    );
    assert_eq!(json("{\n'openapi': 1}").0, codes::SYNTAX);
    assert_eq!(json("{\n// comment\n}").0, codes::SYNTAX);
    assert_eq!(json("{} {}").0, codes::SYNTAX);
    assert_eq!(json("{\"a\": 1e999}").0, codes::SYNTAX);
    assert_eq!(json("{\"a\": \"\\ud800\"}").0, codes::SYNTAX);
    let twice = json("{\n\"info\": {\"a~/b\": {\n\"x\": 1, \"x\": 2}}}");
    assert_eq!(
        twice,
        (codes::DUPLICATE_KEY, 3, "/info/a~0~1b/x".to_owned())
    );
}

#[test]
fn a_file_called_yaml_may_hold_json_and_flow_style() {
    assert!(load_text(DOCUMENT).is_ok());
    assert!(load_text("{openapi: 3.0.3, info: {title: a, version: '1'}, paths: {},}").is_ok());
    let broken = load_bytes(Path::new("a.json"), b"{openapi: 3.0.3}", None).unwrap_err();
    assert_eq!(broken.findings[0].code, codes::SYNTAX);
}

#[test]
fn yaml_scalars_are_those_of_the_core_schema() {
    let text = "openapi: 3.0.3
info: {title: a, version: 1.0.0}
paths: {}
x-values: [~, null, '', yes, on, 'true', true, False, 012, 0o14, 0x1F, -7, +7, 1_000, 1e3, -.5, 1., 2024-01-01, !!str 5,
  18446744073709551615, \"a\\tb\", .., 1.2.3]
x-block: |
  one
  two
200: a number for a key
";
    let value = load_text(text).unwrap().document.value;
    let expected = json!([
        null,
        null,
        "",
        "yes",
        "on",
        "true",
        true,
        false,
        12,
        12,
        31,
        -7,
        7,
        "1_000",
        1000.0,
        -0.5,
        1.0,
        "2024-01-01",
        "5",
        18_446_744_073_709_551_615_u64,
        "a\tb",
        "..",
        "1.2.3"
    ]);
    assert_eq!(value["x-values"], expected);
    assert_eq!(value["x-block"], "one\ntwo\n");
    assert_eq!(value["200"], "a number for a key");
}

#[test]
fn anchors_aliases_and_merge_keys_are_what_they_stand_for() {
    let text = "openapi: 3.0.3
info: {title: a, version: '1'}
paths: {}
x-base: &base {a: 1, b: &deep {c: [1, 2]}}
x-more: &more {d: 4, a: 9}
x-alias: *base
x-deep: *deep
x-merged:
  <<: *base
  a: own
x-merged-list:
  <<: [*base, *more]
";
    let value = load_text(text).unwrap().document.value;
    assert_eq!(value["x-alias"], value["x-base"]);
    assert_eq!(value["x-deep"], json!({"c": [1, 2]}));
    assert_eq!(value["x-merged"], json!({"a": "own", "b": {"c": [1, 2]}}));
    assert_eq!(
        value["x-merged-list"],
        json!({"a": 1, "b": {"c": [1, 2]}, "d": 4})
    );
}

#[test]
fn findings_stand_at_the_key_whatever_is_before_it() {
    // Wide characters, Windows line ends, an alias and a merge.
    let text = "openapi: 3.0.3\r\ninfo: {title: \"日本語 🎉\", version: '1', description: []}\r\npaths: {}\r\n\
        components:\r\n  schemas:\r\n    Good: &good {type: string, x-a: [1, {b: 2}]}\r\n    Same: *good\r\n    Merged:\r\n      \
        <<: *good\r\n      type: strng\r\n    ~Odd/name: {type: nmber}\r\n";
    let findings = load_text(text).unwrap_err().findings;
    let places: Vec<_> = findings
        .iter()
        .map(|f| (f.line, f.column, f.pointer.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (2, 38, "/info/description"),
            (10, 7, "/components/schemas/Merged/type"),
            (11, 17, "/components/schemas/~0Odd~1name/type"),
        ]
    );
    let json = "{\"openapi\": \"3.0.3\",\n \"info\": {\"ti\\u0074le\": \"日\", \"version\": \"1\", \"desc\\\"ription\": 0,\n\
        \"description\": []}, \"paths\": {\"a\": {}}}";
    let findings = load_text(json).unwrap_err().findings;
    let places: Vec<_> = findings
        .iter()
        .map(|f| (f.line, f.column, f.pointer.as_str()))
        .collect();
    assert_eq!(places, [(3, 1, "/info/description"), (3, 31, "/paths/a")]);
}

fn broken() -> Findings {
    let text = "openapi: 3.0.3\ninfo:\n  title: a\n  version: '1'\npaths:\n  pets: {}\n";
    load_text(text).unwrap_err()
}

#[test]
fn findings_are_drawn_with_their_lines() {
    let drawn = broken().render(Colour::Never);
    for part in [
        "DC050",
        "does not begin with `/`",
        "at /paths/pets",
        "memory/document.yaml:6:3",
        "pets: {}",
        "write `/pets`",
    ] {
        assert!(drawn.contains(part), "{part} is not in\n{drawn}");
    }
    assert!(!drawn.contains('\u{1b}'));
    assert!(broken().render(Colour::Always).contains('\u{1b}'));
}

#[test]
fn a_line_of_megabytes_is_cropped() {
    let text = format!(
        "{{\"openapi\": \"3.0.3\", \"x-much\": \"{}\", \"info\": {{\"version\": \"1\"}}, \"paths\": {{}}, \"x-more\": \"{}\"}}",
        "ä".repeat(1_000_000),
        "b".repeat(1_000_000)
    );
    let findings = load_text(text).unwrap_err();
    let snippet = findings.findings[0].snippet.as_ref().unwrap();
    assert!(snippet.text.len() < 1_000);
    assert!(
        snippet.text[snippet.offset..].starts_with("\"info\""),
        "{snippet:?}"
    );
    assert!(findings.render(Colour::Never).len() < 4_000);
}

#[test]
fn findings_are_json_for_machines() {
    let json = serde_json::to_value(broken()).unwrap();
    assert_eq!(
        json,
        json!([{
            "code": "DC050", "severity": "error", "message": "the path `pets` does not begin with `/`",
            "help": "write `/pets`", "file": "memory/document.yaml", "line": 6, "column": 3, "pointer": "/paths/pets",
        }])
    );
}
