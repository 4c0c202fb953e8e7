//! What Dropshot wants to know about an endpoint besides its handler.
//!
//! Dropshot checks that each variable of a path has a parameter with a schema, but keeps the type of such schemas to
//! itself. They are taken from the metadata of its own extractor.

use dropshot::{
    ApiEndpoint, ApiEndpointBodyContentType, ApiEndpointParameter, ApiEndpointParameterLocation,
    ServerContext, SharedExtractor,
};
use http::Method;
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::operation::Operation;

/// All methods of OpenAPI 3.0.
pub(crate) const METHODS: [Method; 8] = [
    Method::GET,
    Method::PUT,
    Method::POST,
    Method::DELETE,
    Method::PATCH,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
];

/// The endpoint of an operation at a path of its own.
pub(crate) fn published<C: ServerContext>(
    mut endpoint: ApiEndpoint<C>,
    operation: &Operation,
    parameters: Vec<ApiEndpointParameter>,
) -> ApiEndpoint<C> {
    endpoint.parameters = parameters;
    endpoint.summary = operation.summary.map(str::to_owned);
    endpoint.description = operation.description.map(str::to_owned);
    endpoint.tags = operation.tags.iter().map(ToString::to_string).collect();
    endpoint.deprecated = operation.deprecated;
    endpoint
}

/// The endpoint of a place and everything below it; not published, since no document has such a path.
pub(crate) fn wildcard<C: ServerContext>(
    mut endpoint: ApiEndpoint<C>,
    parameters: Vec<ApiEndpointParameter>,
) -> ApiEndpoint<C> {
    endpoint.parameters = parameters;
    endpoint.visible = false;
    endpoint
}

/// Makes path parameters. The metadata of one type gives many of them, since asking for it is most of the work of
/// registering an endpoint.
#[derive(Default)]
pub(crate) struct Parameters {
    scalars: Vec<ApiEndpointParameter>,
    lists: Vec<ApiEndpointParameter>,
}

impl Parameters {
    /// A parameter for each variable of a path.
    pub(crate) fn variables(&mut self, names: &[String]) -> Vec<ApiEndpointParameter> {
        let scalar = |name: &String| {
            if self.scalars.is_empty() {
                self.scalars = metadata::<Scalars>();
            }
            self.scalars.pop().map(|made| named(name, made))
        };
        names.iter().filter_map(scalar).collect()
    }

    /// The parameter for a wildcard.
    pub(crate) fn rest(&mut self, name: &str) -> Option<ApiEndpointParameter> {
        if self.lists.is_empty() {
            self.lists = metadata::<Lists>();
        }
        self.lists.pop().map(|made| named(name, made))
    }
}

fn metadata<T: JsonSchema + DeserializeOwned + Send + Sync + 'static>() -> Vec<ApiEndpointParameter>
{
    <dropshot::Path<T> as SharedExtractor>::metadata(ApiEndpointBodyContentType::Json).parameters
}

fn named(name: &str, made: ApiEndpointParameter) -> ApiEndpointParameter {
    let location = ApiEndpointParameterLocation::Path;
    ApiEndpointParameter::new_named(
        &location,
        name.to_owned(),
        None,
        true,
        made.schema,
        Vec::new(),
    )
}

/// An object of many properties of one type.
fn many<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut object = SchemaObject {
        instance_type: Some(InstanceType::Object.into()),
        ..SchemaObject::default()
    };
    for n in 0..64 {
        object
            .object()
            .properties
            .insert(n.to_string(), T::json_schema(generator));
    }
    object.into()
}

/// What whole variables take.
#[derive(Deserialize)]
struct Scalars {}

/// What wildcards take.
#[derive(Deserialize)]
struct Lists {}

impl JsonSchema for Scalars {
    fn schema_name() -> String {
        "Scalars".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        many::<String>(generator)
    }
}

impl JsonSchema for Lists {
    fn schema_name() -> String {
        "Lists".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        many::<Vec<String>>(generator)
    }
}
