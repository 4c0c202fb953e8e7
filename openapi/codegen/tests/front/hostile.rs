//! Tests hostile documents. Each is read or refused within a time limit, on the 2 MiB thread of a
//! test.

use super::{load_text, refusal};
use dropshot_codegen::codes;
use dropshot_codegen::load;
use std::fmt::Write;
use std::time::{Duration, Instant};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {}\n";

/// Runs the work within a limit that suits a debug build on a busy machine.
fn within<T>(seconds: u64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(
        start.elapsed() < Duration::from_secs(seconds),
        "{:?}",
        start.elapsed()
    );
    result
}

#[test]
fn billion_laughs_are_cut_short() {
    let mut text = format!("{HEAD}x-a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        writeln!(
            text,
            "x-a{level}: &a{level} [{}]",
            vec![alias; 10].join(", ")
        )
        .unwrap();
    }
    let finding = within(20, || refusal(&text));
    assert_eq!(finding.code, codes::TOO_LARGE);
    assert!(finding.message.contains("aliases"), "{}", finding.message);
}

#[test]
fn a_long_text_repeated_by_aliases_is_cut_short() {
    let text = format!(
        "{HEAD}x-long: &long {}\nx-list: [{}]\n",
        "a".repeat(1 << 20),
        "*long, ".repeat(1_000)
    );
    assert_eq!(within(20, || refusal(&text)).code, codes::TOO_LARGE);
}

#[test]
fn two_thousand_levels_are_refused() {
    let brackets = format!(
        "{{\"openapi\": \"3.0.3\", \"x\": {}{}}}",
        "[".repeat(2_000),
        "]".repeat(2_000)
    );
    let objects = format!("{}1{}", "{\"a\":".repeat(2_000), "}".repeat(2_000));
    let flow = format!("{HEAD}x-a: {}{}\n", "[".repeat(2_000), "]".repeat(2_000));
    let sequences = format!("{HEAD}x-a:\n  {}a\n", "- ".repeat(2_000));
    let mut block = HEAD.to_owned();
    for level in 0..2_000 {
        writeln!(block, "{}x-a:", " ".repeat(level)).unwrap();
    }
    for (name, text) in [
        ("brackets", brackets),
        ("objects", objects),
        ("flow", flow),
        ("sequences", sequences),
        ("block", block),
    ] {
        let finding = within(10, || refusal(&text));
        assert_eq!(finding.code, codes::TOO_LARGE, "{name}: {finding}");
        assert!(finding.line > 0, "{name}");
    }
}

#[test]
fn aliases_do_not_add_up_to_levels() {
    let mut text = format!("{HEAD}x-a0: &a0 {}1{}\n", "[".repeat(60), "]".repeat(60));
    for level in 1..5 {
        writeln!(
            text,
            "x-a{level}: &a{level} {}*a{}{}",
            "[".repeat(60),
            level - 1,
            "]".repeat(60)
        )
        .unwrap();
    }
    assert_eq!(refusal(&text).code, codes::TOO_LARGE);
}

/// The deepest document that is allowed, with a schema at each level.
#[test]
fn a_hundred_levels_are_read_on_a_small_stack() {
    for keyword in ["not", "items", "additionalProperties"] {
        let nested = format!(
            "{}{{}}{}",
            format!("{{\"{keyword}\":").repeat(120),
            "}".repeat(120)
        );
        let text = format!(
            "{{\"openapi\":\"3.0.3\",\"info\":{{\"title\":\"a\",\"version\":\"1\"}},\"paths\":{{}},\
             \"components\":{{\"schemas\":{{\"A\":{nested}}}}}}}"
        );
        assert!(load_text(&text).is_ok(), "{keyword}");
    }
}

#[test]
fn thirty_megabytes_are_read() {
    let mut text = String::from(
        r#"{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{},"components":{"schemas":{"#,
    );
    let mut number = 0;
    while text.len() < 30 << 20 {
        let comma = if number == 0 { "" } else { "," };
        let filler = "text ".repeat(200);
        write!(text, r##"{comma}"Schema{number}":{{"type":"object","description":"{filler}","properties":{{"a":{{"$ref":"#/components/schemas/Schema0"}},"b":{{"type":"string","maxLength":{number}}}}}}}"##).unwrap();
        number += 1;
    }
    text.push_str("}}}");
    let loaded = within(60, || load_text(&text)).unwrap();
    assert_eq!(loaded.document.schemas.len(), number);
}

#[test]
fn more_than_the_bound_is_refused() {
    let text = format!("{HEAD}x-a: {}\n", "a".repeat(65 << 20));
    let finding = within(10, || refusal(&text));
    assert_eq!(finding.code, codes::TOO_LARGE);
    assert!(finding.message.contains("64 MiB"), "{}", finding.message);
}

#[test]
fn millions_of_tiny_values_are_refused() {
    let text = format!(
        "{{\"openapi\":\"3.0.3\",\"x\":[{}1]}}",
        "1,".repeat(5_000_000)
    );
    assert_eq!(within(30, || refusal(&text)).code, codes::TOO_LARGE);
}

#[test]
fn a_response_that_thousands_share_does_not_multiply() {
    let mut schema = String::from("{\"type\":\"object\",\"properties\":{");
    for number in 0..1_000 {
        write!(
            schema,
            "{}\"p{number}\":{{\"type\":\"string\"}}",
            if number == 0 { "" } else { "," }
        )
        .unwrap();
    }
    schema.push_str("}}");
    let mut paths = String::new();
    for number in 0..2_000 {
        let comma = if number == 0 { "" } else { "," };
        write!(paths, r##"{comma}"/p{number}":{{"get":{{"responses":{{"200":{{"$ref":"#/components/responses/Big"}}}}}}}}"##).unwrap();
    }
    let text = format!(
        "{{\"openapi\":\"3.0.3\",\"info\":{{\"title\":\"a\",\"version\":\"1\"}},\"paths\":{{{paths}}},\"components\":\
         {{\"responses\":{{\"Big\":{{\"description\":\"a\",\"content\":{{\"application/json\":{{\"schema\":{schema}}}}}}}}}}}}}"
    );
    let findings = within(60, || load_text(&text)).unwrap_err();
    assert_eq!(findings.findings.len(), 1, "{findings}");
    assert_eq!(findings.findings[0].code, codes::TOO_LARGE);
}

#[test]
fn a_document_of_mistakes_only_is_cut_short() {
    let mut text = format!("{HEAD}components:\n  schemas:\n");
    for number in 0..20_000 {
        writeln!(text, "    S{number}: {{type: strng}}").unwrap();
    }
    let findings = within(30, || load_text(&text)).unwrap_err();
    assert_eq!(findings.findings.len(), 1_000);
    assert!(findings.to_string().contains("19000 more findings"));
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load(&folder.path().join("nowhere.yaml"), None).unwrap_err();
    assert_eq!(
        (missing.findings[0].code, missing.findings[0].line),
        (codes::UNREADABLE, 0)
    );
    assert_eq!(
        load(folder.path(), None).unwrap_err().findings[0].code,
        codes::UNREADABLE
    );
    #[cfg(unix)]
    {
        let device = load(std::path::Path::new("/dev/zero"), None).unwrap_err();
        assert_eq!(device.findings[0].code, codes::UNREADABLE);
    }
}

#[test]
fn a_name_of_megabytes_makes_a_short_message() {
    let text = format!(
        "{HEAD}components:\n  schemas:\n    A: {{type: {}}}\n",
        "a".repeat(1 << 20)
    );
    assert!(refusal(&text).message.len() < 2_000);
}
