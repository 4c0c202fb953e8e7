//! What Dropshot alone costs for a token request: it reads a form and writes a reply of the same
//! shape.

use dropshot::{ApiDescription, HttpError, HttpResponseOk, RequestContext, TypedBody, endpoint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API.
pub fn api() -> Result<ApiDescription<()>, String> {
    let mut api = ApiDescription::new();
    api.register(token).map_err(|error| error.to_string())?;
    Ok(api)
}

#[derive(Deserialize, JsonSchema)]
struct TokenRequest {
    grant_type: String,
    #[expect(dead_code, reason = "read from every request, as a token service does")]
    scope: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct TokenReply {
    access_token: String,
    token_type: &'static str,
    expires_in: String,
    expires_at: &'static str,
}

/// The length of a signed token with the usual claims, in bytes.
const TOKEN_BYTES: usize = 480;

#[endpoint { method = POST, path = "/token", content_type = "application/x-www-form-urlencoded" }]
async fn token(
    _rqctx: RequestContext<()>,
    body: TypedBody<TokenRequest>,
) -> Result<HttpResponseOk<TokenReply>, HttpError> {
    if body.into_inner().grant_type != "client_credentials" {
        return Err(HttpError::for_bad_request(
            None,
            "unsupported_grant_type".to_owned(),
        ));
    }
    Ok(HttpResponseOk(TokenReply {
        access_token: "x".repeat(TOKEN_BYTES),
        token_type: "Bearer",
        expires_in: 3600.to_string(),
        expires_at: "2030-01-01T00:00:00.000Z",
    }))
}
