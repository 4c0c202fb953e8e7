//! Answers in OAuth's words a request that the run time refuses before a handler sees it.
//!
//! The run time says in its own words how a request differs from the document. On OAuth's
//! endpoints, each of its reasons becomes the error that RFC 6749 5.2 has for it, and goes into the
//! audit trail like any other refusal.

use dropshot::RequestInfo;
use dropshot_chassis::Caller;
use dropshot_contract::{
    Location, Operation, Reason as Wrong, Rejection, RequestContext, Response,
};
use http::{HeaderValue, header};

use super::asker::origin;
use super::context::Context;
use super::reply::refusal;
use crate::api::operations;
use crate::token::{Credential, CredentialError, Endpoint, Malformed, Reason, Refusal};

/// The endpoints that answer in OAuth's words, with their operations in the document.
pub(super) static ENDPOINTS: [(Endpoint, &Operation); 3] = [
    (Endpoint::Token, &operations::GET_ACCESS_TOKEN),
    (Endpoint::Introspection, &operations::INTROSPECT_TOKEN),
    (Endpoint::Revocation, &operations::REVOKE_TOKEN),
];

/// The answer to a request that differs from the document.
pub(super) async fn rejected(rqctx: &RequestContext<Context>, rejection: Rejection) -> Response {
    let caller = match Caller::of(rqctx) {
        Ok(caller) => caller,
        Err(stranger) => return stranger.response(),
    };
    let Some((endpoint, _)) = ENDPOINTS
        .iter()
        .find(|(_, operation)| operation.id == rejection.operation())
    else {
        return rejection.into_response(&rqctx.request_id);
    };
    let origin = origin(caller, &rqctx.request);
    let mut refusal = Refusal::from(reason(*endpoint, &rejection, &rqctx.request));
    // A request above the limit of requests at once is counted, but has no record: nothing is
    // decided about it, and a record of each would add to the load.
    if rejection.reason() != Wrong::Overloaded {
        let issuer = &rqctx.context().issuer;
        refusal = issuer.refuse(*endpoint, refusal, origin).await;
    }
    let mut response = refusal::response(*endpoint, &refusal, origin.correlation_id);
    // These refusals are HTTP's own, and the document leaves them to HTTP.
    if let Wrong::MethodNotAllowed | Wrong::HeadersTooLarge = rejection.reason() {
        *response.status_mut() = rejection.status();
    }
    if let Some(Ok(allow)) = rejection.allow().map(HeaderValue::from_str) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn reason(endpoint: Endpoint, rejection: &Rejection, request: &RequestInfo) -> Reason {
    use Malformed as M;
    let malformed = match (rejection.reason(), rejection.location()) {
        // The vendor's header parameter and the security scheme both describe this header.
        (Wrong::Credentials, _) | (_, Some(Location::Header)) => {
            return Reason::Credential(credential_error(request));
        }
        // Each of these endpoints has one required parameter. If the body is missing, so is that
        // parameter.
        (Wrong::MissingBody | Wrong::MissingProperty, _) if endpoint == Endpoint::Token => {
            return Reason::GrantMissing;
        }
        (Wrong::NotAllowed, _) if rejection.pointer() == "/grant_type" => {
            return Reason::GrantUnknown;
        }
        (Wrong::Overloaded, _) => return Reason::TooManyAtOnce,
        (Wrong::MissingBody | Wrong::MissingProperty, _) => M::NoToken,
        (Wrong::RepeatedParameter, _) => M::RepeatedParameter,
        (Wrong::MalformedEncoding, _) => M::Encoding,
        (Wrong::UnsupportedMediaType, _) => M::NotOneForm,
        (Wrong::MethodNotAllowed, _) => M::Method,
        (Wrong::Host, _) => M::Host,
        (Wrong::HeadersTooLarge, _) => M::HeadersTooLarge,
        (Wrong::BodyTooLarge, _) => M::BodyTooLarge,
        (Wrong::BodyTimeout, _) => M::BodyTimeout,
        (Wrong::BodyAborted, _) => M::BodyAborted,
        _ => M::Unreadable,
    };
    Reason::MalformedRequest(malformed)
}

fn credential_error(request: &RequestInfo) -> CredentialError {
    let mut lines = request.headers().get_all(header::AUTHORIZATION).iter();
    match (lines.next(), lines.next()) {
        (None, _) => CredentialError::Missing,
        (Some(_), Some(_)) => CredentialError::Repeated,
        // If the run time refused a header that this reader accepts, the two readers of the header
        // would differ.
        (Some(line), None) => Credential::from_basic(line.as_bytes())
            .err()
            .unwrap_or(CredentialError::NotUtf8),
    }
}
