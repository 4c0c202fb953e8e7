//! The endpoints that Dropshot's router knows: one a method, for every path. Which operation a
//! request is for is decided by [`crate::route::Table`], which knows all that OpenAPI says of
//! paths, answers HEAD, and has a service's own words for other methods.

use dropshot::{
    ApiEndpoint, ApiEndpointBodyContentType, ApiEndpointParameter, ServerContext, SharedExtractor,
};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

/// All methods of OpenAPI 3.0. Dropshot answers others itself, with 405.
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

/// Every path.
pub(crate) const PATH: &str = "/{path:.*}";

/// The endpoint for every path; not published, since no document has it.
pub(crate) fn wildcard<C: ServerContext>(mut endpoint: ApiEndpoint<C>) -> ApiEndpoint<C> {
    endpoint.parameters = parameters();
    endpoint.visible = false;
    endpoint
}

/// Dropshot checks that each variable of a path has a parameter with a schema, but keeps the type
/// of such schemas to itself. It is taken from the metadata of its own extractor.
fn parameters() -> Vec<ApiEndpointParameter> {
    #[derive(Deserialize, JsonSchema)]
    struct Variables {
        #[allow(dead_code)] // only its schema is wanted
        path: Vec<String>,
    }
    let json = ApiEndpointBodyContentType::Json;
    <dropshot::Path<Variables> as SharedExtractor>::metadata(json).parameters
}
