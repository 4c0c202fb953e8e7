//! Leaves out of a document what Dropshot's export can't express, for the comparison.

use serde_json::{Map, Value, json};

use super::notes::Notes;
use super::schema::{is_impossible, is_scalar, sayable};
use super::source::{METHODS, Source, said_body, said_response};
use crate::Status;

/// Makes the document that Dropshot would write.
pub(crate) struct Normaliser<'d> {
    source: Source<'d>,
    schemas: Map<String, Value>,
    pub(crate) notes: Notes,
}

impl<'d> Normaliser<'d> {
    pub(crate) fn new(document: &'d Value) -> Self {
        let source = Source(document);
        Self {
            source,
            schemas: source.schemas(),
            notes: Notes::default(),
        }
    }

    pub(crate) fn document(&mut self) -> Value {
        let root = self.source.0;
        for (member, name) in [
            ("servers", "servers"),
            ("security", "security"),
            ("externalDocs", "externalDocs"),
        ] {
            self.note_if(root.get(member).is_some(), name);
        }
        self.note_extensions(root);
        let info = root.get("info").and_then(Value::as_object);
        let version = info.and_then(|info| {
            info.get("version")?
                .as_str()?
                .parse::<semver::Version>()
                .ok()
        });
        self.note_if(
            version.is_none() || info.is_some_and(|info| info.len() > 2),
            "info",
        );
        let mut paths = Map::new();
        for (path, item) in root
            .get("paths")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if path.contains(['#', '?']) {
                self.notes.note("unreachable paths");
            } else if !path.starts_with("x-") {
                let item = self.path_item(self.source.resolve(item));
                if !item.is_empty() {
                    paths.insert(path.clone(), Value::Object(item));
                }
            }
        }
        let schemas = self.schemas.clone();
        let schemas: Map<String, Value> = schemas
            .iter()
            .map(|(name, schema)| (name.clone(), sayable(schema, &mut self.notes)))
            .collect();
        for (name, _) in root
            .get("components")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            self.note_if(
                name != "schemas",
                if name == "securitySchemes" {
                    "security"
                } else {
                    "components"
                },
            );
        }
        let title = root.pointer("/info/title").cloned().unwrap_or_default();
        json!({ "info": { "title": title }, "tags": self.tags(), "paths": paths, "components": { "schemas": schemas } })
    }

    /// The declared tags. Only these are compared, by name and description.
    fn tags(&mut self) -> Map<String, Value> {
        let tags = self.source.0.get("tags").and_then(Value::as_array);
        let mut said = Map::new();
        for tag in tags.into_iter().flatten() {
            let members = tag.as_object().map_or(0, Map::len);
            self.note_if(
                members > 1 + usize::from(tag.get("description").is_some()),
                "tags",
            );
            if let Some(name) = tag.get("name").and_then(Value::as_str) {
                said.insert(
                    name.to_owned(),
                    tag.get("description").cloned().unwrap_or_default(),
                );
            }
        }
        said
    }

    fn path_item(&mut self, item: &'d Value) -> Map<String, Value> {
        for name in ["summary", "description", "parameters"] {
            self.note_if(item.get(name).is_some(), "path items");
        }
        self.note_if(item.get("servers").is_some(), "servers");
        self.note_extensions(item);
        let mut said = Map::new();
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                said.insert(method.to_owned(), self.operation(item, operation));
            }
        }
        said
    }

    fn operation(&mut self, item: &'d Value, operation: &'d Value) -> Value {
        for name in ["servers", "security", "externalDocs", "callbacks"] {
            self.note_if(operation.get(name).is_some(), name);
        }
        self.note_if(operation.get("operationId").is_none(), "operation ids");
        self.note_extensions(operation);
        let mut said = Map::new();
        for name in ["operationId", "summary", "description", "tags"] {
            said.extend(
                operation
                    .get(name)
                    .map(|value| (name.to_owned(), value.clone())),
            );
        }
        if operation
            .get("tags")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            said.remove("tags");
        }
        if operation.get("deprecated") == Some(&Value::Bool(true)) {
            said.insert("deprecated".to_owned(), true.into());
        }
        said.insert(
            "parameters".to_owned(),
            self.parameters(item, operation).into(),
        );
        said.extend(
            self.body(operation)
                .map(|body| ("requestBody".to_owned(), body)),
        );
        said.insert("responses".to_owned(), self.responses(operation).into());
        Value::Object(said)
    }

    /// The parameters, by `in/name`.
    fn parameters(&mut self, item: &'d Value, operation: &'d Value) -> Map<String, Value> {
        let list = |of: &'d Value| {
            of.get("parameters")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let mut parameters: Map<String, Value> = Map::new();
        for parameter in list(item).chain(list(operation)) {
            let parameter = self.source.resolve(parameter);
            let text = |name: &str| {
                parameter
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let key = format!("{}/{}", text("in"), text("name"));
            parameters.remove(&key);
            if let Some(said) = self.parameter(text("in"), parameter) {
                parameters.insert(key, said);
            }
        }
        let twice = |key: &str| {
            key.strip_prefix("query/")
                .map(|name| format!("path/{name}"))
        };
        let keys: Vec<String> = parameters.keys().cloned().collect();
        for key in keys {
            if twice(&key).is_some_and(|path| parameters.contains_key(&path)) {
                parameters.remove(&key);
                self.notes.note("parameters of one name");
            }
        }
        parameters
    }

    fn parameter(&mut self, location: &str, parameter: &'d Value) -> Option<Value> {
        if location == "cookie" {
            self.notes.note("cookies");
            return None;
        }
        let known = ["name", "in", "required", "description", "schema", "content"];
        let others = parameter
            .as_object()
            .is_some_and(|members| members.keys().any(|key| !known.contains(&&**key)));
        self.note_if(others, "parameter styles");
        let declared = parameter.get("schema");
        self.note_if(declared.is_none(), "parameters declared by content");
        let mut schema = declared.map(|schema| sayable(schema, &mut self.notes));
        let scalar = schema
            .as_ref()
            .is_some_and(|schema| is_scalar(schema, &self.schemas));
        match location {
            "path" if !scalar => {
                self.note_if(declared.is_some(), "path parameters of several values");
                schema = Some(json!({ "type": "string" }));
            }
            "query" if !scalar => {
                self.note_if(declared.is_some(), "query parameters of several values");
                return None;
            }
            _ => (),
        }
        let required = location == "path" || parameter.get("required") == Some(&Value::Bool(true));
        let mut said =
            json!({ "required": required, "schema": schema.unwrap_or_else(|| json!({})) });
        if let Some(description) = parameter.get("description") {
            said["description"] = description.clone();
        }
        Some(said)
    }

    fn body(&mut self, operation: &'d Value) -> Option<Value> {
        let body = self.source.member(operation, "requestBody")?;
        let content = body.get("content")?.as_object()?;
        let said = said_body(content.keys().map(String::as_str));
        let same = said
            .is_some_and(|(index, name)| content.keys().nth(index).is_some_and(|key| key == name));
        self.note_if(content.len() != 1 || !same, "body media types");
        let (index, name) = said?;
        self.note_if(
            body.get("required") != Some(&Value::Bool(true)),
            "optional bodies",
        );
        let media = content.values().nth(index)?;
        let details = body.get("description").is_some()
            || media.as_object().is_some_and(|media| media.len() > 1);
        self.note_if(details, "body details");
        Some(json!({ name: self.schema_of(media) }))
    }

    /// The responses, by status.
    fn responses(&mut self, operation: &'d Value) -> Map<String, Value> {
        let mut said = Map::new();
        let all: Vec<(&String, &Value)> = operation
            .get("responses")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(key, _)| Status::of_key(key).is_some())
            .collect();
        let statuses: Vec<_> = all
            .iter()
            .filter_map(|(key, _)| Status::of_key(key))
            .collect();
        let chosen = said_response(&statuses);
        self.note_if(all.len() > usize::from(chosen.is_some()), "other responses");
        self.note_if(chosen.is_none(), "no response");
        if let Some((key, response)) = chosen.and_then(|index| all.get(index)) {
            said.insert((*key).clone(), self.response(self.source.resolve(response)));
        }
        said
    }

    fn response(&mut self, response: &'d Value) -> Value {
        self.note_if(response.get("links").is_some(), "links");
        let description = response
            .get("description")
            .cloned()
            .unwrap_or_else(|| "".into());
        let content = response.get("content").and_then(Value::as_object);
        let json =
            content.and_then(|content| content.iter().find(|(key, _)| crate::media::is_json(key)));
        let plain = json.is_some_and(|(key, _)| key == "application/json");
        self.note_if(
            content.is_some_and(|content| content.len() != 1 || !plain),
            "response media types",
        );
        let mut headers = Map::new();
        for (name, header) in response
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            // OpenAPI ignores this header (Response Object, headers).
            if !name.eq_ignore_ascii_case("content-type") {
                headers.insert(name.clone(), self.header(self.source.resolve(header)));
            }
        }
        let mut said = json!({ "description": description, "headers": headers });
        if let Some((_, media)) = json {
            self.note_if(
                media.as_object().is_some_and(|media| media.len() > 1),
                "response details",
            );
            let media = self.schema_of(media);
            if is_impossible(&media["schema"]) {
                self.notes.note("impossible responses");
            } else {
                said["application/json"] = media;
            }
        }
        said
    }

    fn header(&mut self, header: &'d Value) -> Value {
        let known = ["required", "description", "schema"];
        let others = header
            .as_object()
            .is_some_and(|members| members.keys().any(|key| !known.contains(&&**key)));
        self.note_if(others, "response details");
        let mut said = self.schema_of(header);
        said["required"] = (header.get("required") == Some(&Value::Bool(true))).into();
        if let Some(description) = header.get("description") {
            said["description"] = description.clone();
        }
        said
    }

    fn schema_of(&mut self, of: &Value) -> Value {
        let schema = of
            .get("schema")
            .map_or_else(|| json!({}), |schema| sayable(schema, &mut self.notes));
        json!({ "schema": schema })
    }

    fn note_extensions(&mut self, of: &Value) {
        let any = of
            .as_object()
            .is_some_and(|members| members.keys().any(|key| key.starts_with("x-")));
        self.note_if(any, "extensions");
    }

    fn note_if(&mut self, needed: bool, name: &'static str) {
        if needed {
            self.notes.note(name);
        }
    }
}
