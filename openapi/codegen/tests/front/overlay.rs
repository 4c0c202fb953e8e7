//! Tests overlays. They are applied as OpenAPI Overlay 1.0 says, and refused if a part would be
//! ignored.

use super::fixture;
use dropshot_codegen::diagnostics::Finding;
use dropshot_codegen::{Loaded, codes, load};
use serde_json::json;
use std::io::Write;

const HEAD: &str = "overlay: 1.0.0\ninfo: {title: Additions, version: 1.0.0}\n";

fn with_overlay(overlay: &str) -> Result<Loaded, Vec<Finding>> {
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    file.write_all(overlay.as_bytes()).unwrap();
    load(&fixture("valid/everything.yaml"), Some(file.path())).map_err(|findings| findings.findings)
}

fn refused(overlay: &str) -> Vec<(&'static str, usize, String)> {
    let findings = with_overlay(overlay).unwrap_err();
    findings
        .into_iter()
        .map(|finding| (finding.code, finding.line, finding.pointer))
        .collect()
}

#[test]
fn updates_merge_append_and_remove() {
    let overlay = format!(
        "{HEAD}actions:
- target: $.paths['/pets'].get
  update: {{operationId: all, x-own: {{a: 1}}, tags: [more]}}
- target: $.tags
  update: {{name: more}}
- target: $.paths['/pets'].post
  remove: true
- target: $.components.schemas
  update: {{Added: {{type: string}}}}
"
    );
    let document = with_overlay(&overlay).unwrap().document;
    assert_eq!(document.operations.len(), 3);
    assert_eq!(document.operations[0].id, "all");
    assert_eq!(document.operations[0].tags, ["pets", "more"]);
    assert_eq!(
        document.value["paths"]["/pets"]["get"]["x-own"],
        json!({"a": 1})
    );
    assert_eq!(document.tags.last().unwrap().0, "more");
    assert!(document.schemas.contains_key("Added"));
}

#[test]
fn an_action_that_matches_nothing_is_an_error_and_so_is_each() {
    let overlay = format!(
        "{HEAD}actions:
- target: $.paths['/nowhere'].get
  description: the token operation
  update: {{summary: a}}
- target: $.info
  update: {{x-a: 1}}
- target: $.components.schemas.Nobody
  remove: true
"
    );
    let findings = with_overlay(&overlay).unwrap_err();
    let places: Vec<_> = findings
        .iter()
        .map(|f| (f.code, f.line, f.pointer.as_str()))
        .collect();
    let expected = [
        (codes::OVERLAY_NO_MATCH, 4, "/actions/0/target"),
        (codes::OVERLAY_NO_MATCH, 9, "/actions/2/target"),
    ];
    assert_eq!(places, expected);
    assert!(
        findings[0]
            .message
            .contains("overlay action 0 (the token operation), target `$.paths['/nowhere'].get`")
    );
}

#[test]
fn malformed_overlays_are_refused_in_their_own_lines() {
    let unknown =
        format!("{HEAD}actions:\n- target: $.info\n  updates: {{}}\n  update: {{}}\nextend: a\n");
    let mut places = refused(&unknown);
    places.sort_by_key(|place| place.1);
    assert_eq!(
        places,
        [
            (codes::OVERLAY, 5, "/actions/0/updates".to_owned()),
            (codes::OVERLAY, 7, "/extend".to_owned())
        ]
    );
    let both = format!(
        "{HEAD}actions:\n- target: $.info\n  remove: true\n  update: {{}}\n- target: '$['\n  remove: true\n"
    );
    assert_eq!(
        refused(&both),
        [
            (codes::OVERLAY, 4, "/actions/0".to_owned()),
            (codes::OVERLAY, 7, "/actions/1/target".to_owned())
        ]
    );
    assert_eq!(
        refused("overlay: 2.0.0\ninfo: {title: a, version: b}\nactions: []\n")[0].0,
        codes::OVERLAY
    );
    assert_eq!(
        refused(&format!("{HEAD}actions: []\n"))[0].0,
        codes::OVERLAY
    );
    assert_eq!(refused("[]")[0].0, codes::OVERLAY);
    assert_eq!(refused("overlay: [\n")[0].0, codes::SYNTAX);
    let primitive = format!("{HEAD}actions:\n- target: $.info.title\n  update: new\n");
    assert_eq!(
        refused(&primitive),
        [(codes::OVERLAY_ACTION, 4, "/actions/0/target".to_owned())]
    );
    let root = format!("{HEAD}actions:\n- target: $\n  remove: true\n");
    assert_eq!(refused(&root)[0].0, codes::OVERLAY_NO_MATCH);
}

#[test]
fn what_an_overlay_breaks_is_shown_in_the_overlay() {
    let overlay = format!(
        "{HEAD}actions:
- target: $.components.schemas.Pet
  update:
    properties:
      id: {{type: strng}}
      added: {{type: nmber}}
- target: $.paths['/pets'].get.parameters
  update: {{name: added, in: body, schema: {{}}}}
"
    );
    let findings = with_overlay(&overlay).unwrap_err();
    let places: Vec<_> = findings
        .iter()
        .map(|f| (f.code, f.line, f.pointer.as_str()))
        .collect();
    assert_eq!(
        places[..2],
        [
            (codes::TYPE, 7, "/actions/0/update/properties/id/type"),
            (codes::TYPE, 8, "/actions/0/update/properties/added/type"),
        ]
    );
    assert_eq!((places[2].0, places[2].1), (codes::WRONG_VALUE, 10));
    assert!(
        findings
            .iter()
            .all(|finding| finding.file != fixture("valid/everything.yaml"))
    );
}
