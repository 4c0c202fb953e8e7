//! Refusals as the document has them: RFC 6749 5.2, which RFC 7009 2.2.1 and RFC 7662 2.3 take
//! over.

use dropshot_contract::{Reply as _, Response};
use http::StatusCode;

use crate::api::{replies, types};
use crate::token::Endpoint;
use crate::token::{ErrorCode, Refusal};

/// RFC 7617 2; the realm is the same for all clients.
const CHALLENGE: &str = "Basic realm=\"d1-authz\", charset=\"UTF-8\"";

/// A refusal of each operation. `$unauthorized` is the reply to a client that is who it says and
/// may not. `status` is the one of HTTP's own refusals, where there is one.
macro_rules! refusals {
    ($($name:ident: $reply:ident, $unauthorized:ident;)*) => {$(
        pub(in crate::http) fn $name(
            refusal: &Refusal,
            status: Option<StatusCode>,
            correlation_id: Option<&str>,
        ) -> replies::$reply {
            use replies::$reply as Reply;
            let body = body(refusal);
            let (cache_control, pragma) = (types::NoStore::NoStore, types::NoCache::NoCache);
            let x_correlation_id = correlation_id.map(str::to_owned);
            match kind(refusal, status) {
                Kind::Malformed => Reply::BadRequest { body, cache_control, pragma, x_correlation_id },
                Kind::Unauthorized => Reply::$unauthorized { body, cache_control, pragma, x_correlation_id },
                Kind::TooSlow => Reply::RequestTimeout { body, cache_control, pragma, x_correlation_id },
                Kind::TooLarge => Reply::ContentTooLarge { body, cache_control, pragma, x_correlation_id },
                Kind::NoForm => Reply::UnsupportedMediaType { body, cache_control, pragma, x_correlation_id },
                Kind::Broken => Reply::InternalServerError { body, cache_control, pragma, x_correlation_id },
                Kind::Unauthenticated => {
                    let www_authenticate = CHALLENGE.to_owned();
                    Reply::Unauthorized { body, cache_control, pragma, x_correlation_id, www_authenticate }
                }
                Kind::TooMany => {
                    let retry_after = retry_after(refusal);
                    Reply::TooManyRequests { body, cache_control, pragma, x_correlation_id, retry_after }
                }
                Kind::Unavailable => {
                    let retry_after = retry_after(refusal);
                    Reply::ServiceUnavailable { body, cache_control, pragma, x_correlation_id, retry_after }
                }
            }
        }
    )*};
}

refusals! {
    token: GetAccessTokenReply, BadRequest;
    introspection: IntrospectTokenReply, Forbidden;
    revocation: RevokeTokenReply, BadRequest;
}

/// A refusal of any of them, as it is sent.
pub(in crate::http) fn response(
    endpoint: Endpoint,
    refusal: &Refusal,
    status: Option<StatusCode>,
    correlation_id: Option<&str>,
) -> Response {
    match endpoint {
        Endpoint::Token => token(refusal, status, correlation_id).into_response(),
        Endpoint::Introspection => introspection(refusal, status, correlation_id).into_response(),
        Endpoint::Revocation => revocation(refusal, status, correlation_id).into_response(),
    }
}

/// The refusals that differ in their status or headers.
enum Kind {
    Malformed,
    Unauthenticated,
    Unauthorized,
    TooSlow,
    TooLarge,
    NoForm,
    TooMany,
    Broken,
    Unavailable,
}

fn kind(refusal: &Refusal, status: Option<StatusCode>) -> Kind {
    match (status, refusal.code()) {
        (Some(StatusCode::REQUEST_TIMEOUT), _) => Kind::TooSlow,
        (Some(StatusCode::PAYLOAD_TOO_LARGE), _) => Kind::TooLarge,
        (Some(StatusCode::UNSUPPORTED_MEDIA_TYPE), _) => Kind::NoForm,
        (_, ErrorCode::InvalidClient) => Kind::Unauthenticated,
        (_, ErrorCode::UnauthorizedClient) => Kind::Unauthorized,
        (_, ErrorCode::TemporarilyUnavailable) if refusal.is_for_asking_too_much() => Kind::TooMany,
        (_, ErrorCode::TemporarilyUnavailable) => Kind::Unavailable,
        (_, ErrorCode::ServerError) => Kind::Broken,
        (
            _,
            ErrorCode::InvalidRequest
            | ErrorCode::UnsupportedGrantType
            | ErrorCode::InvalidScope
            | ErrorCode::InvalidTarget,
        ) => Kind::Malformed,
    }
}

fn retry_after(refusal: &Refusal) -> i64 {
    let seconds = refusal.retry_after.map_or(0, |after| after.as_secs());
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn body(refusal: &Refusal) -> types::TokenError {
    types::TokenError {
        error: match refusal.code() {
            ErrorCode::InvalidRequest => types::TokenErrorCode::InvalidRequest,
            ErrorCode::InvalidClient => types::TokenErrorCode::InvalidClient,
            ErrorCode::UnauthorizedClient => types::TokenErrorCode::UnauthorizedClient,
            ErrorCode::UnsupportedGrantType => types::TokenErrorCode::UnsupportedGrantType,
            ErrorCode::InvalidScope => types::TokenErrorCode::InvalidScope,
            ErrorCode::InvalidTarget => types::TokenErrorCode::InvalidTarget,
            ErrorCode::TemporarilyUnavailable => types::TokenErrorCode::TemporarilyUnavailable,
            ErrorCode::ServerError => types::TokenErrorCode::ServerError,
        },
        error_description: Some(refusal.description().into_owned()),
    }
}
