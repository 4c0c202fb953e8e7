//! Refusals as the document's replies: RFC 6749 5.2, which RFC 7009 2.2.1 and RFC 7662 2.3 adopt.

use std::time::Duration;

use dropshot_contract::{Reply as _, Response};

use crate::api::{replies, types};
use crate::token::{Answer, Endpoint, ErrorCode, Refusal};

/// The challenge, RFC 7617 2. The realm is the same for all clients.
const CHALLENGE: &str = "Basic realm=\"d1-authz\", charset=\"UTF-8\"";

/// Makes the replies of each operation to a refusal. `$unauthorized` is the reply to a client that
/// has authenticated and is not allowed to do this.
macro_rules! refusals {
    ($($name:ident: $reply:ident, $unauthorized:ident;)*) => {$(
        pub(in crate::http) fn $name(
            refusal: &Refusal,
            correlation_id: Option<&str>,
        ) -> replies::$reply {
            use replies::$reply as Reply;
            let body = body(refusal);
            let (cache_control, pragma) = (types::NoStore::NoStore, types::NoCache::NoCache);
            let x_correlation_id = correlation_id.map(str::to_owned);
            match refusal.answer() {
                Answer::Malformed => Reply::BadRequest { body, cache_control, pragma, x_correlation_id },
                Answer::Unauthorized => Reply::$unauthorized { body, cache_control, pragma, x_correlation_id },
                Answer::TooSlow => Reply::RequestTimeout { body, cache_control, pragma, x_correlation_id },
                Answer::TooLarge => Reply::ContentTooLarge { body, cache_control, pragma, x_correlation_id },
                Answer::NoForm => Reply::UnsupportedMediaType { body, cache_control, pragma, x_correlation_id },
                Answer::Broken => Reply::InternalServerError { body, cache_control, pragma, x_correlation_id },
                Answer::Unauthenticated => {
                    let www_authenticate = CHALLENGE.to_owned();
                    Reply::Unauthorized { body, cache_control, pragma, x_correlation_id, www_authenticate }
                }
                Answer::TooMany(wait) => {
                    let retry_after = seconds(wait);
                    Reply::TooManyRequests { body, cache_control, pragma, x_correlation_id, retry_after }
                }
                Answer::Unavailable(wait) => {
                    let retry_after = seconds(wait);
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

/// A refusal by any of the endpoints, as it is sent.
pub(in crate::http) fn response(
    endpoint: Endpoint,
    refusal: &Refusal,
    correlation_id: Option<&str>,
) -> Response {
    match endpoint {
        Endpoint::Token => token(refusal, correlation_id).into_response(),
        Endpoint::Introspection => introspection(refusal, correlation_id).into_response(),
        Endpoint::Revocation => revocation(refusal, correlation_id).into_response(),
    }
}

fn seconds(wait: Duration) -> i64 {
    i64::try_from(wait.as_secs()).unwrap_or(i64::MAX)
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
