//! The endpoints that Dropshot's router knows: one for each method, for every path.
//! [`crate::route::Table`] chooses the operation. It knows all of OpenAPI's rules for paths,
//! answers HEAD, and lets a service answer other methods in its own words.

use dropshot::{
    ApiEndpoint, ApiEndpointBodyContentType, ApiEndpointParameter, ServerContext, SharedExtractor,
};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

/// All methods of OpenAPI 3.0. Dropshot itself answers others with 405.
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

/// The endpoint for every path. It is not published, since no document has it.
pub(crate) fn wildcard<C: ServerContext>(mut endpoint: ApiEndpoint<C>) -> ApiEndpoint<C> {
    endpoint.parameters = parameters();
    endpoint.visible = false;
    endpoint
}

/// Dropshot wants a parameter with a schema for each variable of a path, but keeps the type of such
/// schemas private. So the parameter is taken from the metadata of Dropshot's own extractor.
fn parameters() -> Vec<ApiEndpointParameter> {
    #[derive(Deserialize, JsonSchema)]
    struct Variables {
        #[allow(dead_code)] // only its schema is wanted
        path: Vec<String>,
    }
    let json = ApiEndpointBodyContentType::Json;
    <dropshot::Path<Variables> as SharedExtractor>::metadata(json).parameters
}
