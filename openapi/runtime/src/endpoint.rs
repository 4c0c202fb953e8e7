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
    variables: &[String],
) -> ApiEndpoint<C> {
    endpoint.parameters = variables
        .iter()
        .flat_map(|name| named::<Scalar>(name))
        .collect();
    endpoint.summary = operation.summary.map(str::to_owned);
    endpoint.description = operation.description.map(str::to_owned);
    endpoint.tags = operation.tags.iter().map(ToString::to_string).collect();
    endpoint.deprecated = operation.deprecated;
    endpoint
}

/// The endpoint of a place and everything below it; not published, since no document has such a path.
pub(crate) fn wildcard<C: ServerContext>(
    mut endpoint: ApiEndpoint<C>,
    variables: &[String],
    rest: &str,
) -> ApiEndpoint<C> {
    endpoint.parameters = variables
        .iter()
        .flat_map(|name| named::<Scalar>(name))
        .chain(named::<Rest>(rest))
        .collect();
    endpoint.visible = false;
    endpoint
}

/// What a whole variable takes.
#[derive(serde::Deserialize, JsonSchema)]
#[allow(dead_code)] // read by no one but schemars
struct Scalar {
    value: String,
}

/// What a wildcard takes.
#[derive(serde::Deserialize, JsonSchema)]
#[allow(dead_code)] // read by no one but schemars
struct Rest {
    value: Vec<String>,
}

/// A path parameter with the schema of `T`'s one field.
fn named<T: JsonSchema + serde::de::DeserializeOwned + Send + Sync + 'static>(
    name: &str,
) -> impl Iterator<Item = ApiEndpointParameter> {
    let name = name.to_owned();
    let metadata =
        <dropshot::Path<T> as SharedExtractor>::metadata(ApiEndpointBodyContentType::Json);
    metadata.parameters.into_iter().map(move |parameter| {
        let location = ApiEndpointParameterLocation::Path;
        ApiEndpointParameter::new_named(
            &location,
            name.clone(),
            None,
            true,
            parameter.schema,
            Vec::new(),
        )
    })
}
