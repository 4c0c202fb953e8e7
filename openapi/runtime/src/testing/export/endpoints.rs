//! Makes Dropshot's description of an operation.

use std::collections::{BTreeSet, HashMap};

use dropshot::{
    ApiEndpoint, ApiEndpointBodyContentType, ApiEndpointParameter, ApiEndpointParameterLocation,
    ApiEndpointResponse, ApiEndpointVersions, Body, HttpError, StubContext, TagConfig, TagDetails,
};
use http::StatusCode;
use schemars::schema::Schema;
use serde_json::{Map, Value, json};

use super::carrier::{self, Definitions, Header};
use crate::media;
use crate::operation::{Location, Operation, Parameter, Status};
use crate::template::Template;
use crate::testing::round_trip::Notes;
use crate::testing::round_trip::schema::{is_scalar, sayable, to_schemars};
use crate::testing::round_trip::source::{Source, said_body, said_response};

/// Makes endpoints for the operations of one document.
pub(super) struct Endpoints<'d> {
    source: Source<'d>,
    schemas: Map<String, Value>,
    /// All schemas of the document. The first endpoint carries them.
    carried: Definitions,
}

impl<'d> Endpoints<'d> {
    pub(super) fn new(document: &'d Value) -> Self {
        let source = Source(document);
        let schemas = source.schemas();
        let carried = schemas
            .iter()
            .map(|(name, schema)| (name.clone(), said(schema)))
            .collect();
        Self {
            source,
            schemas,
            carried,
        }
    }

    pub(super) fn title(&self) -> &'d str {
        self.source
            .0
            .pointer("/info/title")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn tags(&self) -> TagConfig {
        let tags = self
            .source
            .0
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let details = tags.filter_map(|tag| {
            let description = tag
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned);
            Some((
                tag.get("name")?.as_str()?.to_owned(),
                TagDetails {
                    description,
                    external_docs: None,
                },
            ))
        });
        TagConfig {
            tags: details.collect(),
            ..TagConfig::default()
        }
    }

    /// The endpoint at `path`. `names` maps variables to their names there.
    pub(super) fn endpoint(
        &mut self,
        operation: &Operation,
        path: &str,
        names: &HashMap<String, String>,
    ) -> ApiEndpoint<StubContext> {
        let mut endpoint = ApiEndpoint::new_for_types::<(), Result<http::Response<Body>, HttpError>>(
            operation.id.to_owned(),
            operation.method.clone(),
            "application/json",
            path,
            ApiEndpointVersions::All,
        );
        endpoint.error = None;
        endpoint.summary = operation.summary.map(str::to_owned);
        endpoint.description = operation.description.map(str::to_owned);
        endpoint.tags = operation.tags.iter().map(ToString::to_string).collect();
        endpoint.deprecated = operation.deprecated;
        endpoint.parameters = self.parameters(operation, names);
        endpoint.parameters.extend(self.body(operation));
        let carried = std::mem::take(&mut self.carried);
        endpoint.response = self.response(operation, carried);
        endpoint
    }

    fn parameters(
        &self,
        operation: &Operation,
        names: &HashMap<String, String>,
    ) -> Vec<ApiEndpointParameter> {
        let template = Template::parse(operation.path);
        let variables: BTreeSet<&str> = template.variables().iter().map(|name| &**name).collect();
        let mut parameters = Vec::new();
        for name in &variables {
            let declared = operation.parameter(Location::Path, name);
            let schema = declared
                .and_then(|parameter| self.parameter_schema(parameter))
                .filter(|schema| self.scalar(schema));
            let name = names.get(*name).map_or(*name, String::as_str);
            let description = declared.and_then(|parameter| parameter.description);
            let schema = schema.unwrap_or_else(|| json!({ "type": "string" }));
            parameters.extend(self.named(
                &ApiEndpointParameterLocation::Path,
                name,
                description,
                true,
                &schema,
            ));
        }
        for parameter in operation.parameters {
            let Some(schema) = self.parameter_schema(parameter) else {
                continue;
            };
            let location = match parameter.location {
                Location::Query if self.scalar(&schema) && !variables.contains(parameter.name) => {
                    ApiEndpointParameterLocation::Query
                }
                Location::Header => ApiEndpointParameterLocation::Header,
                _ => continue,
            };
            let Parameter {
                name,
                description,
                required,
                ..
            } = parameter;
            parameters.extend(self.named(&location, name, *description, *required, &schema));
        }
        parameters
    }

    fn named(
        &self,
        location: &ApiEndpointParameterLocation,
        name: &str,
        description: Option<&str>,
        required: bool,
        schema: &Value,
    ) -> Option<ApiEndpointParameter> {
        let mut definitions = Definitions::new();
        self.define(schema, &mut definitions);
        let carried = carrier::parameter(to_schemars(schema), definitions)?;
        let description = description.map(str::to_owned);
        Some(ApiEndpointParameter::new_named(
            location,
            name.to_owned(),
            description,
            required,
            carried.schema,
            Vec::new(),
        ))
    }

    /// The schema of a parameter, if it has one. A header declared by content gets the empty
    /// schema.
    fn parameter_schema(&self, parameter: &Parameter) -> Option<Value> {
        let declared = self.source.at(parameter.pointer)?.get("schema");
        match declared {
            Some(schema) => Some(sayable(schema, &mut Notes::default())),
            None => (parameter.location == Location::Header).then(|| json!({})),
        }
    }

    fn scalar(&self, schema: &Value) -> bool {
        is_scalar(schema, &self.schemas)
    }

    /// Collects the schemas that a schema refers to, directly or through others.
    fn define(&self, schema: &Value, definitions: &mut Definitions) {
        match schema {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                let name =
                    reference.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
                if let Some((name, target)) = name.and_then(|name| self.schemas.get_key_value(name))
                    && !definitions.contains_key(name)
                {
                    let target = sayable(target, &mut Notes::default());
                    definitions.insert(name.clone(), to_schemars(&target));
                    self.define(&target, definitions);
                }
                members
                    .values()
                    .for_each(|member| self.define(member, definitions));
            }
            Value::Array(values) => values
                .iter()
                .for_each(|value| self.define(value, definitions)),
            _ => (),
        }
    }

    fn body(&self, operation: &Operation) -> Option<ApiEndpointParameter> {
        let content = operation.body.as_ref()?.content;
        let (index, name) = said_body(content.iter().map(|media| media.media_type))?;
        let body = self
            .source
            .member(self.source.at(operation.pointer)?, "requestBody")?;
        let schema = body
            .get("content")?
            .get(content[index].media_type)?
            .get("schema");
        let carried =
            carrier::parameter(schema.map_or(Schema::Bool(true), said), Definitions::new())?;
        let content_type = ApiEndpointBodyContentType::from_mime_type(name).ok()?;
        Some(ApiEndpointParameter::new_body(
            content_type,
            true,
            carried.schema,
            Vec::new(),
        ))
    }

    fn response(&self, operation: &Operation, carried: Definitions) -> ApiEndpointResponse {
        let statuses: Vec<Status> = operation
            .responses
            .iter()
            .map(|declared| declared.status)
            .collect();
        let declared = said_response(&statuses).map(|index| &operation.responses[index]);
        let (key, code) = match declared.map(|declared| declared.status) {
            Some(Status::Code(code)) => (code.to_string(), StatusCode::from_u16(code).ok()),
            _ => ("default".to_owned(), None),
        };
        let written = self
            .source
            .at(operation.pointer)
            .and_then(|operation| operation.get("responses")?.get(key));
        let written = written.map(|response| self.source.resolve(response));
        let json = declared.and_then(|declared| {
            declared
                .media_types
                .iter()
                .find(|media_type| media::is_json(media_type))
        });
        let schema = match (json, written) {
            (Some(json), Some(written)) => {
                let schema = written
                    .get("content")
                    .and_then(|content| content.get(*json)?.get("schema"));
                schema.map_or(Schema::Bool(true), said)
            }
            // The impossible schema: Dropshot takes it for no content.
            _ => Schema::Bool(false),
        };
        let headers = declared
            .map_or(&[][..], |declared| declared.headers)
            .iter()
            .map(|header| {
                let written = written.and_then(|written| written.get("headers")?.get(header.name));
                let written = written.map(|header| self.source.resolve(header));
                let text = written.and_then(|written| written.get("description")?.as_str());
                let schema = written
                    .and_then(|written| written.get("schema"))
                    .map_or(Schema::Bool(true), said);
                (
                    header.name.to_owned(),
                    text.map(str::to_owned),
                    header.required,
                    schema,
                )
            });
        let mut response = carrier::response(headers.collect::<Vec<Header>>());
        response.schema = carrier::parameter(schema, carried).map(|carried| carried.schema);
        response.success = code;
        response.description = declared.map(|declared| declared.description.to_owned());
        response
    }
}

fn said(schema: &Value) -> Schema {
    to_schemars(&sayable(schema, &mut Notes::default()))
}
