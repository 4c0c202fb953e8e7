//! Replies about existing tokens: what a token says (RFC 7662 2.2), and that a token is revoked
//! (RFC 7009 2.2).

use crate::api::{replies, types};
use crate::issuer::ActiveToken;

/// The reply of introspection. If the token isn't active, the reply says only that.
pub(in crate::http) fn introspected(
    token: Option<ActiveToken>,
    correlation_id: Option<&str>,
) -> replies::IntrospectTokenReply {
    replies::IntrospectTokenReply::Ok {
        body: token.map_or_else(inactive, active),
        cache_control: types::NoStore::NoStore,
        pragma: types::NoCache::NoCache,
        x_correlation_id: correlation_id.map(str::to_owned),
    }
}

/// The reply of revocation. A text that was no token gets the same reply.
pub(in crate::http) fn revoked(correlation_id: Option<&str>) -> replies::RevokeTokenReply {
    replies::RevokeTokenReply::Ok {
        cache_control: types::NoStore::NoStore,
        pragma: types::NoCache::NoCache,
        x_correlation_id: correlation_id.map(str::to_owned),
    }
}

fn active(token: ActiveToken) -> types::IntrospectionResponse {
    types::IntrospectionResponse {
        active: true,
        scope: token.scope,
        client_id: Some(token.client_id),
        token_type: Some(types::IntrospectionResponseTokenType::Bearer),
        exp: Some(token.expires_at),
        iat: Some(token.issued_at),
        sub: Some(token.subject),
        aud: Some(token.audiences),
        iss: Some(token.issuer),
        jti: Some(token.token_id),
        cnf: token
            .confirmation
            .map(|confirmation| types::IntrospectionResponseCnf {
                x5t_s256: confirmation.thumbprint,
            }),
    }
}

fn inactive() -> types::IntrospectionResponse {
    types::IntrospectionResponse {
        active: false,
        scope: None,
        client_id: None,
        token_type: None,
        exp: None,
        iat: None,
        sub: None,
        aud: None,
        iss: None,
        jti: None,
        cnf: None,
    }
}
