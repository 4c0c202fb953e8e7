//! Tests references to other files. Only files in the document's folder are brought in.

use super::fixture;
use dropshot_codegen::diagnostics::Finding;
use dropshot_codegen::model::Schema;
use dropshot_codegen::{codes, load};
use serde_json::json;
use std::fs;
use std::path::Path;

#[test]
fn parts_of_other_files_become_components() {
    let loaded =
        load(&fixture("external/main.yaml"), None).unwrap_or_else(|findings| panic!("{findings}"));
    let document = &loaded.document;
    let components = &document.value["components"];
    let names = |section: &str| -> Vec<String> {
        components[section]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    // `Pet` replaces its reference. A name that would collide with `Problem` gets its file's name
    // as well.
    assert_eq!(
        names("schemas"),
        ["Pet", "Problem", "Back", "kind", "Owner", "common_Problem"]
    );
    assert_eq!(names("parameters"), ["id"]);
    assert_eq!(names("responses"), ["Problem"]);
    assert_eq!(
        components["schemas"]["Pet"]["properties"]["parent"],
        json!({"$ref": "#/components/schemas/Pet"})
    );
    assert_eq!(
        components["schemas"]["Pet"]["properties"]["kind"],
        json!({"$ref": "#/components/schemas/kind"})
    );
    assert!(matches!(&document.schemas["Back"], Schema::Ref { target, .. } if target == "Problem"));
    let operations: Vec<_> = document
        .operations
        .iter()
        .map(|o| (o.path.as_str(), o.id.as_str()))
        .collect();
    assert_eq!(
        operations,
        [("/pets", "listPets"), ("/pets/{id}", "getPet")]
    );
    let files: Vec<_> = loaded
        .source
        .files()
        .map(|file| file.strip_prefix(fixture("external")).unwrap())
        .collect();
    assert_eq!(
        files,
        [
            Path::new("main.yaml"),
            "parts/pet.yaml".as_ref(),
            "parts/common.json".as_ref(),
            "parts/pets.yaml".as_ref()
        ]
    );
    // Data does not change.
    let text = document.value.to_string();
    assert!(
        text.contains("data, not a reference.yaml") && !text.contains("pet.yaml"),
        "{text}"
    );
}

#[test]
fn the_same_files_give_the_same_names() {
    let value = || {
        load(&fixture("external/main.yaml"), None)
            .unwrap()
            .document
            .value
    };
    assert_eq!(value().to_string(), value().to_string());
}

/// The findings of a document with one reference as its only schema.
fn findings_of(folder: &Path, reference: &str) -> Vec<Finding> {
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: a, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n    A: {{$ref: {}}}\n",
        json!(reference)
    );
    fs::write(folder.join("main.yaml"), text).unwrap();
    load(&folder.join("main.yaml"), None)
        .map_or_else(|findings| findings.findings, |loaded| loaded.carried)
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("api");
    fs::create_dir_all(folder.join("below")).unwrap();
    fs::write(outer.path().join("secret.yaml"), "type: string\n").unwrap();
    fs::write(folder.join("below/inside.yaml"), "type: string\n").unwrap();
    let absolute = outer.path().join("secret.yaml").display().to_string();
    for (reference, reason) in [
        ("../secret.yaml", "leaves the document's folder"),
        ("below/../../secret.yaml", "leaves the document's folder"),
        (
            "below/%2e%2e/..%2F../secret.yaml",
            "leaves the document's folder",
        ),
        ("../nothing-there.yaml", "leaves the document's folder"),
        (absolute.as_str(), "absolute path"),
        ("/etc/passwd", "absolute path"),
        ("https://example.com/a.yaml#/A", "URL"),
        ("HTTP://example.com/a.yaml", "URL"),
        ("//example.com/a.yaml", "URL"),
        ("file:///etc/passwd", "URL"),
        ("urn:example:a", "URL"),
        ("C:\\secret.yaml", "URL"),
        ("missing.yaml", "can't be read"),
        ("below", "can't be read"),
        ("below/inside.yaml#/nowhere", "leads nowhere"),
    ] {
        let findings = findings_of(&folder, reference);
        let finding = findings
            .iter()
            .find(|finding| finding.code == codes::EXTERNAL_REFERENCE);
        let finding = finding.unwrap_or_else(|| panic!("{reference}: {findings:?}"));
        assert!(finding.message.contains(reason), "{reference}: {finding}");
        assert_eq!(
            (finding.line, finding.pointer.as_str()),
            (6, "/components/schemas/A"),
            "{reference}"
        );
    }
    for reference in [
        "below/inside.yaml",
        "./below/../below/inside.yaml#",
        "main.yaml#/info/title/../x",
    ] {
        let findings = findings_of(&folder, reference);
        let outside = findings
            .iter()
            .any(|finding| finding.code == codes::EXTERNAL_REFERENCE);
        assert!(!outside, "{reference}: {findings:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("api");
    fs::create_dir(&folder).unwrap();
    fs::write(outer.path().join("secret.yaml"), "type: string\n").unwrap();
    fs::write(folder.join("inside.yaml"), "type: string\n").unwrap();
    std::os::unix::fs::symlink("../secret.yaml", folder.join("out.yaml")).unwrap();
    std::os::unix::fs::symlink("inside.yaml", folder.join("in.yaml")).unwrap();
    let findings = findings_of(&folder, "out.yaml");
    assert!(
        findings[0].message.contains("through a link"),
        "{findings:?}"
    );
    assert_eq!(findings_of(&folder, "in.yaml"), []);
}

#[test]
fn mistakes_in_other_files_are_shown_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("other.yaml"),
        "x-a:\n  A:\n    type: object\n    properties: {a: {type: strng}}\n",
    )
    .unwrap();
    let findings = findings_of(folder.path(), "other.yaml#/x-a/A");
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    assert_eq!(finding.file, folder.path().join("other.yaml"));
    assert_eq!(
        (finding.line, finding.pointer.as_str()),
        (4, "/x-a/A/properties/a/type")
    );

    fs::write(folder.path().join("other.yaml"), "a: [\n").unwrap();
    let findings = findings_of(folder.path(), "other.yaml");
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [codes::EXTERNAL_REFERENCE, codes::SYNTAX]);
    assert_eq!(findings[1].file, folder.path().join("other.yaml"));
}

#[test]
fn cycles_through_files_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "$ref: b.yaml\n").unwrap();
    fs::write(folder.path().join("b.yaml"), "$ref: a.yaml\n").unwrap();
    let findings = findings_of(folder.path(), "a.yaml");
    assert!(
        findings
            .iter()
            .all(|finding| finding.code == codes::REFERENCE_CYCLE),
        "{findings:?}"
    );
    assert!(!findings.is_empty());
    fs::write(
        folder.path().join("tree.yaml"),
        "properties: {left: {$ref: tree.yaml}, right: {$ref: 'tree.yaml#'}}\n",
    )
    .unwrap();
    assert_eq!(findings_of(folder.path(), "tree.yaml"), []);
}
