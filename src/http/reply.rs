//! Turns the issuer's answers into the document's replies.

pub(super) mod refusal;
mod tokens;

use std::time::Duration;

use dropshot_contract::reply::WithHeaders as _;
use dropshot_contract::{Failure, Response, reply, serde_json};
use http::StatusCode;

pub(super) use tokens::{introspected, revoked};

use super::document::Document;
use crate::api::{replies, types};
use crate::issuer::IssuedToken;
use crate::keys::{Jwk, Jwks};
use crate::token::ExpiresInAs;

/// How long the document and the metadata may be kept.
pub(super) const DOCUMENT_MAX_AGE: &str = "public, max-age=3600";
const JSON: &str = "application/json";

/// The reply with a token: RFC 6749 5.1, in the vendor's types.
pub(super) fn token(
    issued: IssuedToken,
    correlation_id: Option<&str>,
) -> Result<replies::GetAccessTokenReply, Failure> {
    let seconds = issued.expires_in.as_secs();
    let body = types::GetAccessTokenOk {
        access_token: issued.access_token,
        expires_in: Some(seconds.to_string()),
        scope: (!issued.scope.is_empty()).then(|| issued.scope.as_str().to_owned()),
        token_type: types::GetAccessTokenOkTokenType::Bearer,
        expires_at: Some(format!("{:.3}", issued.expires_at)),
    };
    match issued.expires_in_as {
        ExpiresInAs::String => Ok(replies::GetAccessTokenReply::Ok {
            body,
            cache_control: types::NoStore::NoStore,
            pragma: types::NoCache::NoCache,
            x_correlation_id: correlation_id.map(str::to_owned),
        }),
        ExpiresInAs::Number => Err(with_number(&body, seconds, correlation_id)?.into()),
    }
}

/// The reply for a client that is set to get a number in `expires_in`, as in RFC 6749 5.1. The
/// vendor's document has no such reply, so it is written here. An administrator chooses it for
/// clients other than D1.
fn with_number(
    body: &types::GetAccessTokenOk,
    seconds: u32,
    correlation_id: Option<&str>,
) -> Result<Response, Failure> {
    let mut body = serde_json::to_value(body)
        .map_err(|error| Failure::internal(format!("a token reply did not serialize: {error}")))?;
    body["expires_in"] = seconds.into();
    Ok(reply::json(StatusCode::OK, JSON, &body)
        .header("cache-control", &types::NoStore::NoStore)
        .header("pragma", &types::NoCache::NoCache)
        .optional_header("x-correlation-id", correlation_id.as_ref()))
}

/// The public keys. Verifiers may keep them for `max_age`.
pub(super) fn key_set(
    jwks: &Jwks,
    max_age: Duration,
) -> Result<replies::GetJsonWebKeySetReply, Failure> {
    let keys: Option<Vec<_>> = jwks.keys.iter().map(json_web_key).collect();
    let keys =
        keys.ok_or_else(|| Failure::internal("a public key is none that can be published"))?;
    Ok(replies::GetJsonWebKeySetReply::Ok {
        body: types::JsonWebKeySet { keys },
        cache_control: format!("public, max-age={}", max_age.as_secs()),
    })
}

/// The key's published form. Copies member by member, so that no member is published that the
/// document doesn't name.
fn json_web_key(jwk: &Jwk) -> Option<types::JsonWebKey> {
    let value = serde_json::to_value(jwk).ok()?;
    let member = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    Some(types::JsonWebKey {
        kty: member("kty")?,
        use_: types::JsonWebKeyUse::Sig,
        alg: member("alg")?,
        kid: member("kid")?,
        crv: member("crv"),
        x: member("x"),
        y: member("y"),
        n: member("n"),
        e: member("e"),
    })
}

/// The document, byte for byte as the command line prints it. A typed reply would take it apart
/// into a map and sort it.
pub(super) fn document(document: &Document) -> Result<replies::GetOpenApiDocumentReply, Failure> {
    let response = reply::bytes(StatusCode::OK, JSON, document.json().clone())
        .header("cache-control", &DOCUMENT_MAX_AGE);
    Err(response.into())
}
