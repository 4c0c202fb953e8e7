//! RFC 6749 3.2: "the client MUST use the HTTP "POST" method". Any other is refused in OAuth's words and without being cached,
//! which Dropshot's own 405 may be (RFC 9110 15.5.6).

use dropshot::{
    ApiDescription, ApiDescriptionRegisterError, ApiEndpoint, ApiEndpointVersions, Body, HttpError,
    RequestContext,
};
use dropshot_contract::Reply;
use http::{HeaderValue, Method, Response, StatusCode, header};

use super::origin::origin;
use super::{Service, reply};
use crate::token::{Reason, Refusal};

/// TRACE and CONNECT are left to Dropshot, which answers 405 as well.
const OTHERS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// Refuses the other methods of the token endpoint. They are no operations, so no document has them.
pub(super) fn refuse_others(
    api: &mut ApiDescription<Service>,
    token_path: &str,
) -> Result<(), ApiDescriptionRegisterError> {
    for method in OTHERS {
        let name = format!("{method} {token_path}");
        let versions = ApiEndpointVersions::All;
        let endpoint = ApiEndpoint::new(
            name,
            refuse,
            method,
            "application/json",
            token_path,
            versions,
        );
        api.register(endpoint.visible(false))?;
    }
    Ok(())
}

async fn refuse(rqctx: RequestContext<Service>) -> Result<Response<Body>, HttpError> {
    let origin = origin(&rqctx.request);
    let refusal = Refusal::from(Reason::MalformedRequest(
        "the token endpoint takes POST only",
    ));
    let refusal = rqctx.context().issuer.refuse_unread(refusal, origin).await;
    let mut response = reply::refusal(&refusal, None, origin.correlation_id).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let allow = HeaderValue::from_static("POST");
    response.headers_mut().insert(header::ALLOW, allow);
    Ok(response)
}
