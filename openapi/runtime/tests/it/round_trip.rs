//! Dropshot's export of a document's operations against the document.

use dropshot_contract::testing::export::export;
use dropshot_contract::testing::round_trip::{NORMALISATIONS, compare};
use serde_json::{Value, json};

use crate::document::operations;

/// Differences and the names of the normalisations used.
fn round_trip(document: &Value) -> (Vec<String>, Vec<&'static str>) {
    let exported = export(&operations(document), document).unwrap();
    let comparison = compare(document, &exported);
    let differences = comparison
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    (
        differences,
        comparison.normalised.iter().map(|(name, _)| name).collect(),
    )
}

fn plain() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Pets", "version": "1.0.0"},
        "tags": [{"name": "pets", "description": "All about them"}],
        "paths": {
            "/pets/{id}": {
                "get": {
                    "operationId": "getPet", "summary": "One", "description": "More", "tags": ["pets"], "deprecated": true,
                    "parameters": [
                        {"name": "id", "in": "path", "required": true, "description": "Its number",
                         "schema": {"type": "integer", "format": "int64", "minimum": 1}},
                        {"name": "kind", "in": "query", "schema": {"$ref": "#/components/schemas/Kind"}},
                        {"name": "X-Trace", "in": "header", "required": true, "schema": {"type": "string", "maxLength": 9}},
                    ],
                    "responses": {"200": {
                        "description": "the pet",
                        "headers": {"X-Rest": {"description": "left", "required": true, "schema": {"type": "integer"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                    }},
                },
                "put": {
                    "operationId": "putPet",
                    "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
                    "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {
                        "schema": {"$ref": "#/components/schemas/Pet"}}}},
                    "responses": {"204": {"description": "done"}},
                },
            },
        },
        "components": {"schemas": {
            "Kind": {"type": "string", "enum": ["cat", "dog"], "description": "What it is", "default": "cat"},
            "Pet": {
                "type": "object", "required": ["name", "id"], "additionalProperties": false, "title": "A pet", "x-table": "pets",
                "properties": {
                    "id": {"type": "integer", "format": "int32", "readOnly": true, "multipleOf": 2},
                    "name": {"type": "string", "pattern": "^a", "minLength": 1, "nullable": true},
                    "weight": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1.5},
                    "kinds": {"type": "array", "items": {"$ref": "#/components/schemas/Kind"}, "uniqueItems": true, "maxItems": 3},
                    "parent": {"allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": true, "description": "of it"},
                    "toy": {"oneOf": [{"type": "boolean"}, {"type": "string", "format": "date"}]},
                    "map": {"type": "object", "additionalProperties": {"type": "string"}, "example": {"a": "b"}},
                    "any": {},
                },
            },
        }},
    })
}

#[test]
fn what_dropshot_can_say_round_trips_without_a_normalisation() {
    assert_eq!(round_trip(&plain()), (vec![], vec![]));
}

/// Every change of one value shows, so the comparison compares.
#[test]
fn a_difference_shows_wherever_it_is() {
    let document = plain();
    let exported = export(&operations(&document), &document).unwrap();
    let mut leaves = Vec::new();
    leaf_pointers(&document, String::new(), &mut leaves);
    // A version needn't be semantic; a path's parameters are always required, and so are Dropshot's
    // bodies.
    let required = "/paths/~1pets~1{id}/put/parameters/0/required";
    let body = "/paths/~1pets~1{id}/put/requestBody/required";
    let ignored = [
        "/openapi",
        "/info/version",
        required,
        body,
        &required.replace("put", "get"),
    ];
    let mut changed = 0;
    for pointer in leaves
        .iter()
        .filter(|pointer| !ignored.contains(&pointer.as_str()))
    {
        let mut other = document.clone();
        let leaf = other.pointer_mut(pointer).unwrap();
        *leaf = match &*leaf {
            Value::Bool(value) => json!(!value),
            Value::Number(_) => json!(77),
            Value::String(text) if text.starts_with("#/") => json!("#/components/schemas/Other"),
            Value::String(text) if text == "number" => json!("string"),
            Value::String(_) => json!("number"),
            _ => json!({"type": "boolean"}),
        };
        // What follows from the change may be left out as a whole, but not silently the same.
        assert_ne!(compare(&other, &exported).differences, [], "{pointer}");
        changed += 1;
    }
    assert!(changed > 60, "{changed}");
}

fn leaf_pointers(value: &Value, pointer: String, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, member)| {
                leaf_pointers(member, format!("{pointer}/{}", escaped(name)), found);
            });
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(index, value)| {
                leaf_pointers(value, format!("{pointer}/{index}"), found);
            });
        }
        _ => found.push(pointer),
    }
}

/// A document of one path.
#[allow(clippy::needless_pass_by_value)] // reads better where it is called
pub fn with(mut operation: Value, schemas: Value) -> Value {
    if operation.get("responses").is_none() {
        operation["responses"] = json!({"204": {"description": "done"}});
    }
    operation["operationId"] = json!("one");
    json!({"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"/x": {"post": operation}},
           "components": {"schemas": schemas}})
}

#[test]
fn each_normalisation_is_used_where_it_is_needed_and_nothing_else_differs() {
    let query = |name: &str, schema: Value| json!({"name": name, "in": "query", "schema": schema});
    let schema = |schema: Value| with(json!({}), json!({"S": schema}));
    let cases: Vec<(Value, &[&str])> = vec![
        (
            with(
                json!({"security": [], "servers": [], "callbacks": {}, "externalDocs": {}, "x-a": 1}),
                json!({}),
            ),
            &[
                "callbacks",
                "extensions",
                "externalDocs",
                "security",
                "servers",
            ],
        ),
        (
            with(
                json!({"parameters": [{"name": "c", "in": "cookie", "schema": {}}]}),
                json!({}),
            ),
            &["cookies"],
        ),
        (
            with(
                json!({"parameters": [query("a", json!({"type": "array", "items": {"type": "string"}}))]}),
                json!({}),
            ),
            &["query parameters of several values"],
        ),
        (
            with(
                json!({"parameters": [{"name": "a", "in": "query", "style": "form", "schema": {"type": "string"}}]}),
                json!({}),
            ),
            &["parameter styles"],
        ),
        (
            with(
                json!({"parameters": [{"name": "a", "in": "query", "content": {"application/json": {}}}]}),
                json!({}),
            ),
            &["parameters declared by content"],
        ),
        (
            with(
                json!({"parameters": [query("a", json!({"$ref": "#/components/schemas/A"}))]}),
                json!({"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}),
            ),
            &["query parameters of several values"],
        ),
        (
            with(
                json!({"requestBody": {"content": {"text/plain": {}, "application/vnd.a+json": {"schema": {"type": "string"}}}}}),
                json!({}),
            ),
            &["body media types", "optional bodies"],
        ),
        (
            with(
                json!({"requestBody": {"required": true, "description": "d", "content": {"application/json": {}}}}),
                json!({}),
            ),
            &["body details"],
        ),
        (
            with(
                json!({"responses": {"404": {"description": "a"}, "201": {"description": "b"}, "default": {"description": "c"}}}),
                json!({}),
            ),
            &["other responses"],
        ),
        (
            with(
                json!({"responses": {"default": {"description": "c", "links": {}, "content": {"text/plain": {}}}}}),
                json!({}),
            ),
            &["links", "response media types"],
        ),
        (with(json!({"responses": {}}), json!({})), &["no response"]),
        (
            schema(json!({"$ref": "#/components/schemas/S", "nullable": true})),
            &["$ref siblings"],
        ),
        (
            schema(json!({"type": "string", "xml": {}, "discriminator": {}})),
            &["schema annotations"],
        ),
        (
            schema(json!({"type": "string", "nullable": false})),
            &["written defaults"],
        ),
        (
            schema(json!({"type": "string", "default": null})),
            &["null defaults and examples"],
        ),
        (
            schema(json!({"properties": {"a": {}}, "oneOf": [{"required": ["a"]}]})),
            &["missing types"],
        ),
        (schema(json!({"enum": ["a", null]})), &["missing types"]),
        (schema(json!({"type": "array"})), &["missing items"]),
        (
            schema(json!({"type": "string", "minimum": 1, "exclusiveMaximum": true})),
            &["keywords of other types"],
        ),
        (
            schema(json!({"type": "number", "exclusiveMinimum": true})),
            &["keywords of other types"],
        ),
        (
            schema(json!({"type": "boolean", "format": "x"})),
            &["formats of other types"],
        ),
        (
            schema(json!({"type": "integer", "enum": [1.5]})),
            &["enums of other types"],
        ),
        (
            schema(json!({"type": "object", "enum": [{}]})),
            &["enums of other types"],
        ),
        (
            schema(json!({"type": "string", "enum": []})),
            &["enums of other types"],
        ),
        (
            schema(
                json!({"allOf": [{}], "anyOf": [{}], "not": {"type": "string"}, "nullable": true}),
            ),
            &["combinators"],
        ),
        (
            schema(json!({"type": "integer", "minimum": 0.5, "maximum": 9223372036854775807_u64})),
            &["integer bounds"],
        ),
        (
            schema(json!({"type": "string", "maxLength": 4294967296_u64})),
            &["large lengths"],
        ),
        (
            schema(json!({"type": "string", "minLength": -1})),
            &["large lengths"],
        ),
    ];
    for (document, expected) in &cases {
        let (differences, used) = round_trip(document);
        assert_eq!(differences, Vec::<String>::new(), "{document}");
        // "1" is no semantic version, and a schema within may need more of the same.
        let used: Vec<&str> = used
            .into_iter()
            .filter(|name| *name != "info" && *name != "missing types" || expected.contains(name))
            .collect();
        assert_eq!(used, *expected, "{document}");
    }
    for (name, why) in NORMALISATIONS {
        assert!(!name.is_empty() && !why.is_empty());
    }
}

#[test]
fn paths_that_dropshot_refuses_are_exported_under_their_own_names() {
    let get = |id: &str, names: &[&str]| {
        let parameter = |name: &&str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        json!({"get": {"operationId": id, "responses": {"204": {"description": id}},
                       "parameters": names.iter().map(parameter).collect::<Vec<_>>()}})
    };
    let document = json!({"openapi": "3.0.3", "info": {"title": "T"}, "paths": {
        "/gists/public": get("a", &[]), "/gists/{id}": get("b", &["id"]), "/gists/{other}/forks": get("c", &["other"]),
        "/x": get("d", &[]), "/x/": get("e", &[]), "/compare/{base}...{head}": get("f", &["base", "head"]),
        "/twice/{id}/and/{id}": get("g", &["id"]), "/plain/{v0}": get("h", &["v0"]), "/colon/{a:b}": get("i", &["a:b"]),
        "/": get("j", &[]),
    }});
    assert_eq!(round_trip(&document).0, Vec::<String>::new());
}

/// Every JSON document of the folder that `OPENAPI_CORPORA` names.
#[test]
fn documents_of_the_corpora_round_trip() {
    let Some(folder) = std::env::var_os("OPENAPI_CORPORA") else {
        return println!("skipped: OPENAPI_CORPORA names no folder");
    };
    let (mut documents, mut operations_seen, mut failed) = (0, 0, Vec::new());
    for folder in ["omicron", "progenitor", "ogen-positive"]
        .map(|name| std::path::Path::new(&folder).join(name))
    {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read(&path).unwrap_or_default();
            let Ok(document) = serde_json::from_slice::<Value>(&text) else {
                continue;
            };
            let version = document["openapi"].as_str().unwrap_or_default();
            if !version.starts_with("3.0") {
                continue;
            }
            let operations = operations(&document);
            documents += 1;
            operations_seen += operations.len();
            match export(&operations, &document) {
                Ok(exported) => {
                    let found = compare(&document, &exported).differences;
                    failed.extend(
                        found
                            .iter()
                            .take(5)
                            .map(|difference| format!("{}: {difference}", path.display())),
                    );
                }
                Err(error) => failed.push(format!("{}: {error}", path.display())),
            }
        }
    }
    println!("{documents} documents, {operations_seen} operations");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(documents > 10);
}
