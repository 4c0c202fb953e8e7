//! Exports the document that Dropshot itself would write for a list of operations.
//!
//! Names, places, descriptions, statuses and media types come from the generated [`Operation`]s,
//! and schemas from the document. A path that Dropshot's router can't express is registered under
//! another path, and written back afterwards.

mod carrier;
mod endpoints;
mod plan;

use std::collections::HashMap;
use std::fmt;

use dropshot::{ApiDescription, ApiEndpoint, StubContext};
use http::Method;
use serde_json::{Map, Value};

use crate::operation::Operation;
use crate::route::Table;
use endpoints::Endpoints;
use plan::plan;

/// Why there is no export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportError(String);

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dropshot's export: {}", self.0)
    }
}

impl std::error::Error for ExportError {}

/// Exports the operations. They were generated from `document`.
///
/// # Errors
/// Two operations that no request can tell apart, or an operation that Dropshot refuses.
pub fn export(operations: &[&'static Operation], document: &Value) -> Result<Value, ExportError> {
    let routes: Vec<(Method, &str)> = operations
        .iter()
        .map(|operation| (operation.method.clone(), operation.path))
        .collect();
    let table = Table::new(&routes).map_err(|pair| {
        ExportError(format!(
            "{} and {} are the same",
            operations[pair.first].id, operations[pair.second].id
        ))
    })?;
    let mut endpoints = Endpoints::new(document);
    let mut own: ApiDescription<StubContext> = ApiDescription::new().tag_config(endpoints.tags());
    let mut aliased: ApiDescription<StubContext> = ApiDescription::new();
    let mut left: Vec<bool> = vec![true; operations.len()];
    for (index, path) in plan(&table) {
        if path == operations[index].path {
            left[index] = false;
            register(
                &mut own,
                endpoints.endpoint(operations[index], &path, &HashMap::new()),
            )?;
        }
    }
    let mut aliases = Vec::new();
    for (index, operation) in operations
        .iter()
        .enumerate()
        .filter(|(index, _)| left[*index])
    {
        let alias = Alias::new(index, operation, table.templates[index].variables());
        register(
            &mut aliased,
            endpoints.endpoint(operation, &alias.path, &alias.names),
        )?;
        aliases.push(alias);
    }
    let write = |api: &ApiDescription<StubContext>| {
        let version = semver::Version::new(1, 0, 0);
        api.openapi(endpoints.title(), version)
            .json()
            .map_err(|error| ExportError(error.to_string()))
    };
    let mut exported = write(&own)?;
    let mut others = write(&aliased)?;
    for alias in aliases {
        alias.write_back(&mut others, &mut exported);
    }
    merge_schemas(&mut exported, &others);
    Ok(exported)
}

fn register(
    api: &mut ApiDescription<StubContext>,
    endpoint: ApiEndpoint<StubContext>,
) -> Result<(), ExportError> {
    api.register(endpoint)
        .map_err(|error| ExportError(error.to_string()))
}

fn merge_schemas(exported: &mut Value, others: &Value) {
    let Some(Value::Object(more)) = others.pointer("/components/schemas").cloned() else {
        return;
    };
    // An export without schemas has no components at all.
    if let Value::Object(schemas) = &mut exported["components"]["schemas"] {
        schemas.extend(more);
    } else {
        exported["components"]["schemas"] = Value::Object(more);
    }
}

/// A path that Dropshot can express, in place of one that it can't.
struct Alias {
    path: String,
    method: String,
    original: &'static str,
    /// Maps the names of the path's variables to the names in the alias.
    names: HashMap<String, String>,
}

impl Alias {
    fn new(index: usize, operation: &'static Operation, variables: &[Box<str>]) -> Self {
        let mut path = format!("/aliased{index}");
        let mut names = HashMap::new();
        for (place, variable) in variables.iter().enumerate() {
            names.entry(variable.to_string()).or_insert_with(|| {
                path.push_str(&format!("/{{v{place}}}"));
                format!("v{place}")
            });
        }
        Self {
            path,
            method: operation.method.as_str().to_ascii_lowercase(),
            original: operation.path,
            names,
        }
    }

    fn write_back(self, from: &mut Value, to: &mut Value) {
        let Some(mut operation) = from["paths"][&self.path][&self.method]
            .as_object_mut()
            .map(std::mem::take)
        else {
            return;
        };
        for parameter in operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if parameter["in"] == "path"
                && let Some((name, _)) = self
                    .names
                    .iter()
                    .find(|(_, alias)| parameter["name"] == alias.as_str())
            {
                parameter["name"] = name.as_str().into();
            }
        }
        if !to["paths"].is_object() {
            to["paths"] = Map::new().into();
        }
        to["paths"][self.original][&self.method] = operation.into();
    }
}
