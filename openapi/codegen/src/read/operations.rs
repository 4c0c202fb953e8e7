//! Reads paths and their operations.

use super::names::OperationIds;
use super::object::among;
use super::references::Kind;
use super::{At, Object, Reader};
use crate::codes;
use crate::model::{Location, Operation, Parameter, Requirement, SecurityScheme};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::HashMap;

const METHODS: &str = "get put post delete options head patch trace";

/// What all operations of a document share.
struct Shared<'s> {
    schemes: &'s IndexMap<String, SecurityScheme>,
    /// The document's `security`.
    security: Vec<Vec<Requirement>>,
}

/// What all operations of a path share.
struct PathItem<'s> {
    path: &'s str,
    /// The variables of its template.
    variables: Vec<&'s str>,
    /// The path of the path item's first server. `None` if it declares no server.
    base_path: Option<String>,
    parameters: Vec<Parameter>,
}

impl<'d> Reader<'d> {
    /// All operations, in the document's order.
    pub fn operations(
        &self,
        root: &Object<'_, 'd>,
        schemes: &IndexMap<String, SecurityScheme>,
    ) -> Vec<Operation> {
        if root.get("paths").is_none() && root.get("webhooks").is_none() {
            root.missing("paths", "an OpenAPI document");
        }
        let security = self.requirements(root, schemes).unwrap_or_default();
        let shared = Shared { schemes, security };
        let at = root.key("paths");
        let mut operations = Vec::new();
        for (path, value) in root
            .entries("paths")
            .filter(|(path, _)| !path.starts_with("x-"))
        {
            self.path(path, value, &at.key(path), &shared, &mut operations);
        }
        self.name(&mut operations);
        operations
    }

    fn path(
        &self,
        path: &str,
        value: &'d Value,
        at: &At<'_>,
        shared: &Shared<'_>,
        operations: &mut Vec<Operation>,
    ) {
        let variables = self.template(path, at);
        let Some((item, pointer)) = self.path_item(value, at) else {
            return;
        };
        let target_at = pointer.as_deref().map_or(*at, At::Pointer);
        let Some(object) = Object::new(self, item, target_at, "a path item") else {
            return;
        };
        const KNOWN: &str = "$ref summary description get put post delete options head patch trace servers \
            parameters";
        object.known(KNOWN, "a path item");
        let item = PathItem {
            path,
            variables,
            base_path: self.base_path(&object),
            parameters: self.parameters(&object),
        };
        // Clients never send a fragment, and the router ignores the query. Vendors use both to
        // describe one call twice.
        let servable = !path.contains(['?', '#']);
        if !servable {
            let message =
                format!("the path `{path}` has a query or a fragment: no request can have it");
            self.carried(
                codes::NOT_SERVED,
                at,
                message,
                "the path without it is the one that is called",
            );
        }
        for method in object.map.keys().filter(|key| among(METHODS, key)) {
            let operation = object
                .get(method)
                .map(|value| Object::new(self, value, object.key(method), "an operation"));
            if let Some(operation) = operation.flatten() {
                let operation = self.operation(&operation, method, &item, shared);
                operations.extend(servable.then_some(operation));
            }
        }
    }

    /// A path item, after `$ref`. Fields beside the `$ref` have no defined meaning (OpenAPI 3.0.3).
    fn path_item(&self, value: &'d Value, at: &At<'_>) -> Option<(&'d Value, Option<String>)> {
        let beside = value.as_object().map_or(0, |map| {
            map.keys().filter(|key| among(METHODS, key)).count()
        });
        if value.get("$ref").is_some() && beside > 0 {
            let message = "operations beside a `$ref` in a path item have no defined meaning";
            self.error(
                codes::WRONG_VALUE,
                at,
                message,
                "keep either the `$ref` or the operations",
            );
        }
        self.follow(value, at, Kind::PathItem)
    }

    /// Checks a path's template and returns its variables.
    fn template<'p>(&self, path: &'p str, at: &At<'_>) -> Vec<&'p str> {
        if !path.starts_with('/') {
            let message = format!("the path `{path}` does not begin with `/`");
            self.error(codes::PATH, at, message, format!("write `/{path}`"));
        }
        let mut variables = Vec::new();
        for part in path.split('{').skip(1) {
            match part.split_once('}') {
                Some((name, rest))
                    if !name.is_empty() && !name.contains('/') && !rest.contains('}') =>
                {
                    if variables.contains(&name) {
                        let message = format!("the path `{path}` has `{{{name}}}` twice");
                        self.error(
                            codes::PATH,
                            at,
                            message,
                            "give each variable a name of its own",
                        );
                    }
                    variables.push(name);
                }
                _ => {
                    let message = format!("the template of the path `{path}` is malformed");
                    self.error(codes::PATH, at, message, "write variables as `{name}`");
                }
            }
        }
        if path
            .split('{')
            .next()
            .is_some_and(|before| before.contains('}'))
        {
            let message = format!("the template of the path `{path}` is malformed");
            self.error(codes::PATH, at, message, "write variables as `{name}`");
        }
        variables
    }

    fn operation(
        &self,
        object: &Object<'_, 'd>,
        method: &str,
        item: &PathItem<'_>,
        shared: &Shared<'_>,
    ) -> Operation {
        const KNOWN: &str = "tags summary description externalDocs operationId parameters requestBody \
            responses callbacks deprecated security servers";
        object.known(KNOWN, "an operation");
        if object.entries("callbacks").next().is_some() {
            let message = "callbacks are kept; nothing is called";
            self.carried(
                codes::CALLBACKS,
                &object.key("callbacks"),
                message,
                "call them from the handler",
            );
        }
        let own = self.parameters(object);
        let overridden = |shared: &Parameter| own.iter().any(|own| same(own, shared));
        let mut parameters: Vec<_> = item
            .parameters
            .iter()
            .filter(|p| !overridden(p))
            .cloned()
            .collect();
        parameters.extend(own);
        self.check_template(object, item, &parameters);
        Operation {
            pointer: object.at.to_string(),
            id: object.text("operationId").unwrap_or_default(),
            method: method.to_ascii_uppercase(),
            path: item.path.to_owned(),
            base_path: self.base_path(object).or_else(|| item.base_path.clone()),
            tags: object.texts("tags"),
            summary: object.text("summary"),
            description: object.text("description"),
            deprecated: object.flag("deprecated").unwrap_or(false),
            body: object
                .get("requestBody")
                .and_then(|body| self.request_body(body, &object.key("requestBody"))),
            responses: self.responses(object),
            security: self
                .requirements(object, shared.schemes)
                .unwrap_or_else(|| shared.security.clone()),
            parameters,
        }
    }

    /// A list of parameters. Two of the same name and location are an error.
    fn parameters(&self, object: &Object<'_, 'd>) -> Vec<Parameter> {
        let at = object.key("parameters");
        let mut parameters: Vec<Parameter> = Vec::new();
        for (item, value) in object.list("parameters").iter().enumerate() {
            let at = at.item(item);
            let Some(parameter) = self.parameter(value, &at) else {
                continue;
            };
            match parameters.iter().find(|other| same(other, &parameter)) {
                None => parameters.push(parameter),
                Some(other) => self.duplicate(&at, &parameter, other),
            }
        }
        parameters
    }

    fn duplicate(&self, at: &At<'_>, parameter: &Parameter, other: &Parameter) {
        let name = &parameter.name;
        if self.root.pointer(&parameter.pointer) == self.root.pointer(&other.pointer) {
            let message = format!("the parameter `{name}` is listed twice, alike");
            self.carried(codes::TOLERATED, at, message, "list it once");
        } else {
            let message =
                format!("the parameter `{name}` is declared twice in the same place of a request");
            self.error(
                codes::DUPLICATE_PARAMETER,
                at,
                message,
                "keep one of the two",
            );
        }
    }

    /// Checks that each variable of the path has a parameter, and each path parameter a variable.
    fn check_template(
        &self,
        operation: &Object<'_, 'd>,
        item: &PathItem<'_>,
        parameters: &[Parameter],
    ) {
        let path = item.path;
        let declared: Vec<&Parameter> = parameters
            .iter()
            .filter(|p| p.location == Location::Path)
            .collect();
        // A parameter that could not be read is already a finding, so it is not reported as
        // missing.
        let unread = operation.list("parameters").len() > parameters.len();
        for name in item
            .variables
            .iter()
            .filter(|name| !unread && !declared.iter().any(|p| p.name == **name))
        {
            let message =
                format!("the path `{path}` has the variable `{name}`, which no parameter declares");
            let help = format!("declare a parameter `{name}` with `in: path` and `required: true`");
            self.error(codes::PATH_PARAMETER, &operation.at, message, help);
        }
        for parameter in declared
            .iter()
            .filter(|p| !item.variables.contains(&p.name.as_str()))
        {
            let message = format!(
                "the path parameter `{}` is no variable of the path `{path}`",
                parameter.name
            );
            let help = "put it into the path in braces, or drop the parameter";
            self.error(
                codes::PATH_PARAMETER,
                &At::Pointer(&parameter.pointer),
                message,
                help,
            );
        }
    }

    /// Names the operations without a name, and reports names in double use.
    fn name(&self, operations: &mut [Operation]) {
        let mut ids = OperationIds::default();
        let mut first: HashMap<&str, &str> = HashMap::new();
        for operation in operations
            .iter()
            .filter(|operation| !operation.id.is_empty())
        {
            ids.reserve(&operation.id);
            if let Some(earlier) = first.insert(&operation.id, &operation.pointer) {
                let message = format!(
                    "the operationId `{}` is used twice, before at {earlier}",
                    operation.id
                );
                let at = format!("{}/operationId", operation.pointer);
                self.error(
                    codes::DUPLICATE_OPERATION_ID,
                    &At::Pointer(&at),
                    message,
                    "give each operation its own",
                );
            }
        }
        for operation in operations
            .iter_mut()
            .filter(|operation| operation.id.is_empty())
        {
            operation.id = ids.make(&operation.method, &operation.path);
        }
    }
}

/// Whether two parameters have the same name and location. Header names ignore case.
fn same(one: &Parameter, other: &Parameter) -> bool {
    one.location == other.location
        && match one.location {
            Location::Header => one.name.eq_ignore_ascii_case(&other.name),
            _ => one.name == other.name,
        }
}
