//! RFC 6749 3.2: "the client MUST use the HTTP "POST" method", and RFC 7662 2.1 and RFC 7009 2.1 say the same. Any other is refused
//! in OAuth's words and without being cached, which Dropshot's own 405 may be (RFC 9110 15.5.6).

use dropshot::{
    ApiDescription, ApiDescriptionRegisterError, ApiEndpoint, ApiEndpointVersions, Body, HttpError,
    RequestContext,
};
use http::{HeaderValue, Method, Response, StatusCode, header};

use super::Service;
use super::origin::caller;
use super::reply::refusal;
use crate::issuer::Endpoint;
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

/// Refuses the other methods of an endpoint. They are no operations, so no document has them.
pub(super) fn refuse_others(
    api: &mut ApiDescription<Service>,
    endpoint: Endpoint,
    path: &str,
) -> Result<(), ApiDescriptionRegisterError> {
    for method in OTHERS {
        let name = format!("{method} {path}");
        let versions = ApiEndpointVersions::All;
        let refuse = move |rqctx| refuse(rqctx, endpoint);
        let refusing = ApiEndpoint::new(name, refuse, method, "application/json", path, versions);
        api.register(refusing.visible(false))?;
    }
    Ok(())
}

async fn refuse(
    rqctx: RequestContext<Service>,
    endpoint: Endpoint,
) -> Result<Response<Body>, HttpError> {
    let caller = match caller(&rqctx) {
        Ok(caller) => caller,
        Err(stranger) => return Ok(stranger.response()),
    };
    let origin = caller.origin(&rqctx.request);
    let refusal = Refusal::from(Reason::MalformedRequest("this endpoint takes POST only"));
    let issuer = &rqctx.context().issuer;
    let refusal = issuer.refuse(endpoint, refusal, origin).await;
    let mut response = refusal::response(endpoint, &refusal, None, origin.correlation_id);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let allow = HeaderValue::from_static("POST");
    response.headers_mut().insert(header::ALLOW, allow);
    Ok(response)
}
