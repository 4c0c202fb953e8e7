//! What is refused before a handler sees it, in OAuth's words.
//!
//! The run time tells in its own words why a request isn't what the document says. On the token endpoint each of them becomes
//! the error that RFC 6749 5.2 has for it, and goes into the audit trail like any other refusal.

use dropshot::{RequestContext, RequestInfo};
use dropshot_contract::{Location, Reason as Wrong, Rejection, Reply, Response};
use http::{StatusCode, header};

use super::origin::origin;
use super::{Service, reply};
use crate::api::operations;
use crate::token::{Credential, CredentialError, Reason, Refusal};

/// The answer to a request that is not what the document says.
pub(super) async fn rejected(rqctx: &RequestContext<Service>, rejection: Rejection) -> Response {
    if rejection.operation() != operations::GET_ACCESS_TOKEN.id {
        return rejection.into_response(&rqctx.request_id);
    }
    let origin = origin(&rqctx.request);
    let refusal = Refusal::from(reason(&rejection, &rqctx.request));
    let refusal = rqctx.context().issuer.refuse_unread(refusal, origin).await;
    reply::refusal(&refusal, status(&rejection), origin.correlation_id).into_response()
}

fn reason(rejection: &Rejection, request: &RequestInfo) -> Reason {
    use Reason::MalformedRequest as Malformed;
    match (rejection.reason(), rejection.location()) {
        // The two of them: the vendor's header parameter and the security scheme that it describes.
        (Wrong::Credentials, _) | (_, Some(Location::Header)) => {
            Reason::Credential(credential_error(request))
        }
        (Wrong::MissingBody, _) => Reason::GrantMissing,
        (Wrong::MissingProperty, _) if rejection.pointer() == "/grant_type" => Reason::GrantMissing,
        (Wrong::MissingProperty, _) => Malformed("a required parameter is missing"),
        (Wrong::NotAllowed, _) if rejection.pointer() == "/grant_type" => Reason::GrantUnknown,
        (Wrong::RepeatedParameter, _) => Malformed("a parameter is given more than once"),
        (Wrong::MalformedEncoding, _) => {
            Malformed("the form has a malformed percent escape, or is not UTF-8")
        }
        (Wrong::UnsupportedMediaType, _) => {
            Malformed("the body must be one application/x-www-form-urlencoded form")
        }
        (Wrong::BodyTooLarge, _) => Malformed("the body is too large"),
        (Wrong::BodyTimeout, _) => Malformed("the body did not arrive in time"),
        (Wrong::BodyAborted, _) => Malformed("the body ended early"),
        _ => Malformed("the request can not be read"),
    }
}

/// The status where it says more than RFC 6749's 400; both leave the error code as it is.
fn status(rejection: &Rejection) -> Option<StatusCode> {
    match rejection.reason() {
        Wrong::UnsupportedMediaType | Wrong::BodyTooLarge | Wrong::BodyTimeout => {
            Some(rejection.status())
        }
        _ => None,
    }
}

fn credential_error(request: &RequestInfo) -> CredentialError {
    let mut lines = request.headers().get_all(header::AUTHORIZATION).iter();
    match (lines.next(), lines.next()) {
        (None, _) => CredentialError::Missing,
        (Some(_), Some(_)) => CredentialError::Repeated,
        // Refused by the run time and yet readable: it would be a difference between two readers of one header.
        (Some(line), None) => Credential::from_basic(line.as_bytes())
            .err()
            .unwrap_or(CredentialError::NotUtf8),
    }
}
