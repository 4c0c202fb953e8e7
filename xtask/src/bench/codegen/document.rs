//! A document of any size. All operations have the same shape: each has four structs of its own
//! (path, query, body and reply), and all share a fifth.

use serde_json::{Map, Value, json};

/// An OpenAPI document of this many operations, `do_thing_0` and on, with forty operations to a
/// tag.
pub fn document(operations: usize) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Shared".to_owned(), shared());
    schemas.insert("Error".to_owned(), error());
    for index in 0..operations {
        schemas.insert(format!("Body{index}"), body());
        schemas.insert(format!("Reply{index}"), reply());
        paths.insert(path(index), json!({ "post": operation(index) }));
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Things", "version": "1.0.0" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// The template of an operation's path.
pub fn path(index: usize) -> String {
    format!("/group{}/thing{index}/{{project}}/{{id}}", index / 20)
}

/// An HTTP/1.1 request that an operation takes.
pub fn request(index: usize) -> Vec<u8> {
    let path = path(index).replace("{project}", "p").replace("{id}", "1");
    let body = r#"{"name":"n","count":1}"#;
    format!(
        "POST {path}?limit=5&verbose=true HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn operation(index: usize) -> Value {
    let parameter = |location, name, required, schema| json!({ "in": location, "name": name, "required": required, "schema": schema });
    let content = |name: String| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "application/json": { "schema": schema } })
    };
    json!({
        "operationId": format!("do_thing_{index}"),
        "summary": format!("Does thing {index}"),
        "description": "A longer description of what the operation does and why.",
        "tags": [format!("tag{}", index / 40)],
        "parameters": [
            parameter("path", "project", true, json!({ "type": "string" })),
            parameter("path", "id", true, json!({ "type": "integer", "format": "int64" })),
            parameter("query", "limit", false, json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 100 })),
            parameter("query", "sort", false, json!({ "type": "string" })),
            parameter("query", "verbose", false, json!({ "type": "boolean" })),
        ],
        "requestBody": { "required": true, "content": content(format!("Body{index}")) },
        "responses": {
            "200": { "description": "Done", "content": content(format!("Reply{index}")) },
            "default": { "description": "Not done", "content": content("Error".to_owned()) },
        },
    })
}

fn shared() -> Value {
    json!({
        "type": "object",
        "required": ["id", "created"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "created": { "type": "string", "format": "date-time" },
            "labels": { "type": "array", "items": { "type": "string" } },
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["message"],
        "properties": { "message": { "type": "string" }, "code": { "type": "string" } },
    })
}

fn body() -> Value {
    json!({
        "type": "object",
        "required": ["name", "count"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 64 },
            "count": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 1000 },
            "note": { "type": "string" },
            "flag": { "type": "boolean" },
            "shared": { "$ref": "#/components/schemas/Shared" },
        },
    })
}

fn reply() -> Value {
    json!({
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": { "type": "string" },
            "name": { "type": "string" },
            "total": { "type": "integer" },
            "items": { "type": "array", "items": { "$ref": "#/components/schemas/Shared" } },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropshot_codegen::load::load_bytes;
    use std::path::Path;

    #[test]
    fn the_document_is_one_that_the_generator_takes() {
        let text = document(45).to_string();
        let loaded = load_bytes(Path::new("things.json"), text.as_bytes(), None).expect("valid");
        assert_eq!(loaded.document.operations.len(), 45);
        assert_eq!(loaded.carried, []);
        assert!(dropshot_codegen::generate(&loaded, dropshot_codegen::Options::default()).is_ok());
    }
}
