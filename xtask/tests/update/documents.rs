//! Updates with edited documents: what each reports and does, and that a refused one changes
//! nothing.

use super::service::{DOCUMENT, Service, said};
use serde_json::{Value, json};

/// The document in use, with an edit.
fn edited(edit: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    document["info"]["version"] = json!("1.1");
    edit(&mut document);
    serde_json::to_string_pretty(&document).unwrap()
}

/// Codes and effects of the changes, without those of documentation.
fn changes(report: &Value) -> Vec<(&str, &str)> {
    let text = |change: &'_ Value, field: &str| {
        change[field]
            .as_str()
            .map(str::to_owned)
            .unwrap_or_default()
    };
    let all = report["changes"].as_array().unwrap();
    let meant = all
        .iter()
        .filter(|change| text(change, "effect") != "documentation");
    meant
        .map(|change| {
            (
                change["kind"].as_str().unwrap(),
                change["effect"].as_str().unwrap(),
            )
        })
        .collect()
}

/// Updates with a document that must be refused. Checks that no file was changed.
#[track_caller]
fn refused(service: &Service, document: &str, more: &[&str], outcome: &str) -> Value {
    let before = service.tree();
    let (code, report) = service.report(document, more);
    assert_eq!(
        (code, report["outcome"].as_str()),
        (1, Some(outcome)),
        "{report:#}"
    );
    assert!(service.tree() == before, "{outcome}: a file was changed");
    report
}

#[test]
fn what_breaks_callers_is_refused_and_told() {
    let service = Service::new();
    let removed = edited(|document| {
        document["components"]["schemas"]["Card"]["properties"]
            .as_object_mut()
            .unwrap()
            .remove("holder");
    });
    let report = refused(&service, &removed, &[], "breaking");
    assert_eq!(changes(&report), [("property-removed", "breaking")]);
    let change = &report["changes"][0];
    assert_eq!(change["side"], "caller_receives");
    assert_eq!(change["old"], "/components/schemas/Card/properties/holder");
    assert_eq!(change["operations"], json!(["createCard", "getCard"]));
    let place = change["old_place"].as_str().unwrap();
    assert!(place.contains("D1-Public-OUT-v1-Auth2.json:24:"), "{place}");

    let required = edited(|document| {
        let parameter = json!({"name": "X-Request-Id", "in": "header", "required": true, "schema": {"type": "string"}});
        document["paths"]["/cards/{id}"]["get"]["parameters"]
            .as_array_mut()
            .unwrap()
            .push(parameter);
    });
    let report = refused(&service, &required, &[], "breaking");
    assert_eq!(changes(&report), [("parameter-added", "breaking")]);

    let narrowed = edited(|document| {
        document["components"]["schemas"]["NewCard"]["properties"]["kind"]["enum"] =
            json!(["debit"]);
    });
    let report = refused(&service, &narrowed, &[], "breaking");
    assert_eq!(changes(&report), [("enum-narrowed", "breaking")]);

    // The text report has the same result, and names the option that allows it.
    let out = service.update(&narrowed, &[]).output().unwrap();
    let text = said(&out);
    assert_eq!(out.status.code(), Some(1), "{text}");
    for part in [
        "Cards 1.0 -> Cards 1.1",
        "Breaks callers (1)",
        "\"credit\"",
        "--allow-breaking",
        "nothing was changed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let service = Service::new();
    let broken = DOCUMENT.replacen("\"info\": {", "\"info\": ", 1);
    let report = refused(&service, &broken, &[], "refused");
    assert_eq!(report["findings"][0]["code"], "DC004");
    // The finding is at line 3 of the file, where the document stops being JSON.
    assert_eq!(report["findings"][0]["line"], 3, "{report:#}");

    let dangling = DOCUMENT.replace("schemas/NewCard\"", "schemas/NoCard\"");
    let report = refused(&service, &dangling, &["--allow-breaking"], "refused");
    assert_eq!(report["findings"][0]["code"], "DC031");

    // The overlay adds /health to the paths. It must not overrule a vendor's document with another
    // /health.
    let contradicts = edited(|document| {
        document["paths"]["/health"] =
            json!({"get": {"operationId": "health", "responses": {"204": {"description": "Up"}}}});
    });
    let report = refused(&service, &contradicts, &["--allow-breaking"], "contract");
    assert!(
        report["problems"]
            .as_str()
            .unwrap()
            .contains("/paths/~1health/get/operationId"),
        "{report:#}"
    );
}

#[test]
fn the_document_in_use_must_be_the_one_that_was_taken() {
    let service = Service::new();
    let report = service.report(DOCUMENT, &[]);
    assert_eq!(
        (report.0, report.1["outcome"].as_str()),
        (0, Some("unchanged"))
    );
    service.write(
        "openapi/D1-Public-OUT-v1-Auth2.json",
        DOCUMENT.replace("Cards", "Edited"),
    );
    refused(&service, &edited(|_| {}), &[], "edited");
}

#[test]
fn compatible_documents_are_taken_whole() {
    let service = Service::new();
    let before = service.tree();
    // 1. The document gets an optional property.
    let added = edited(|document| {
        document["components"]["schemas"]["NewCard"]["properties"]["limit"] =
            json!({"type": "integer"});
    });
    let (code, report) = service.report(&added, &[]);
    assert_eq!(
        (code, report["outcome"].as_str()),
        (0, Some("updated")),
        "{report:#}"
    );
    assert_eq!(changes(&report), [("property-added", "compatible")]);
    assert!(service.has_taken(&added));
    let files = [
        "D1-Public-OUT-v1-Auth2.json",
        "served.json",
        "vendor.sha256",
    ]
    .map(|name| format!("openapi/{name}"));
    assert_eq!(report["files"], json!(files));

    // 2. A new operation. Only its skeleton is added to the code, and answers 501.
    let operation = edited(|document| {
        document["components"]["schemas"]["NewCard"]["properties"]["limit"] =
            json!({"type": "integer"});
        document["paths"]["/cards/{id}"]["delete"] = json!({
            "operationId": "deleteCard",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {"204": {"description": "Gone"}},
        });
    });
    let (code, report) = service.report(&operation, &[]);
    assert_eq!(
        (code, report["outcome"].as_str()),
        (0, Some("updated")),
        "{report:#}"
    );
    assert_eq!(changes(&report), [("operation-added", "compatible")]);
    assert!(service.has_taken(&operation));
    let handler =
        json!({"operation": "deleteCard", "method": "delete_card", "file": "src/handlers.rs"});
    assert_eq!(report["handlers"]["added"], json!([handler]));
    let was = String::from_utf8(before[std::path::Path::new("src/handlers.rs")].clone()).unwrap();
    let is = service.read("src/handlers.rs");
    let kept = was.trim_end().trim_end_matches('}').trim_end();
    let skeleton = is.strip_prefix(kept).unwrap_or_else(|| panic!("{is}"));
    assert!(
        skeleton.contains("fn delete_card(")
            && skeleton.contains("not_implemented(\"deleteCard\")"),
        "{skeleton}"
    );

    // 3. The operation is removed again. Its handler must go first, and the report names its lines.
    let report = refused(&service, &added, &["--allow-breaking"], "dead_handlers");
    let dead = &report["handlers"]["dead"][0];
    assert_eq!(dead["method"], "delete_card");
    let (first, last) = (
        dead["first_line"].as_u64().unwrap() as usize,
        dead["last_line"].as_u64().unwrap() as usize,
    );
    let lines: Vec<&str> = is.lines().collect();
    let kept: Vec<&str> = lines[..first - 1]
        .iter()
        .chain(&lines[last..])
        .copied()
        .collect();
    service.write("src/handlers.rs", kept.join("\n"));
    let (code, report) = service.report(&added, &["--allow-breaking"]);
    assert_eq!(
        (code, report["outcome"].as_str()),
        (0, Some("updated")),
        "{report:#}"
    );
    assert_eq!(changes(&report), [("operation-removed", "breaking")]);
    assert_eq!(report["tested"], true);
    assert!(service.has_taken(&added));

    // 4. The update runs without the tests.
    let out = service
        .update(&operation, &["--skip-tests"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", said(&out));
    assert!(
        said(&out).contains("the tests were skipped") && !said(&out).contains("cargo test"),
        "{}",
        said(&out)
    );
    assert!(service.has_taken(&operation));
}

#[test]
fn what_does_not_compile_is_not_taken() {
    let service = Service::new();
    let handlers = service.read("src/handlers.rs");
    let reads = handlers.replacen(
        "Err(Failure::not_implemented(\"createCard\"))",
        "let _ = &_request.body.holder;\n        Err(Failure::not_implemented(\"createCard\"))",
        1,
    );
    assert_ne!(reads, handlers);
    service.write("src/handlers.rs", reads);
    let removed = edited(|document| {
        document["components"]["schemas"]["NewCard"]["properties"]
            .as_object_mut()
            .unwrap()
            .remove("holder");
    });
    let report = refused(&service, &removed, &["--allow-breaking"], "step");
    assert_eq!(report["command"], "cargo check --all-targets");
    assert_eq!(changes(&report), [("property-removed", "unclear")]);
}

#[test]
fn a_new_optional_field_is_none_until_someone_fills_it() {
    let service = Service::new();
    let built = "\n#[allow(dead_code)]\nfn card() -> crate::api::types::Card {\n    crate::api::types::Card {\n        \
                 id: String::new(),\n        holder: None,\n    }\n}\n";
    let handlers = service.read("src/handlers.rs") + built;
    service.write("src/handlers.rs", &handlers);
    let with = |required: Value| {
        edited(|document| {
            let card = &mut document["components"]["schemas"]["Card"];
            card["properties"]["limit"] = json!({"type": "integer"});
            card["required"] = required;
        })
    };
    let (code, report) = service.report(&with(json!(["id"])), &[]);
    assert_eq!(
        (code, report["outcome"].as_str()),
        (0, Some("updated")),
        "{report:#}"
    );
    assert_eq!(report["filled"][0]["field"], "limit");
    let filled = handlers.replace(
        "holder: None,\n    }",
        "holder: None,\n        limit: None,\n    }",
    );
    assert_eq!(service.read("src/handlers.rs"), filled);

    // A required field can't be filled in: the code must set it.
    let service = Service::new();
    service.write("src/handlers.rs", &handlers);
    let report = refused(&service, &with(json!(["id", "limit"])), &[], "step");
    assert_eq!(changes(&report), [("property-added", "compatible")]);
}
