//! The operations of the document.

use dropshot::RequestInfo;
use dropshot_chassis::Caller;
use dropshot_contract::{Failure, Rejection, RequestContext, Response};
use http::header;

use super::context::Context;
use super::credential::{self, ShownInForm};
use super::dialect;
use super::origin::origin;
use super::reply::{self, refusal};
use crate::api::{Api, replies, requests, types};
use crate::issuer::{Asker, Origin, PresentedToken, TokenRequest};

/// Carries out the API.
pub(super) enum Handlers {}

impl Api for Handlers {
    type Context = Context;

    async fn get_access_token(
        rqctx: RequestContext<Context>,
        request: requests::GetAccessTokenRequest,
    ) -> Result<replies::GetAccessTokenReply, Failure> {
        let origin = origin(Caller::of(&rqctx)?, &rqctx.request);
        let form = request.body.as_ref();
        let header = request.authorization.as_ref();
        let asked = TokenRequest {
            asker: asker(
                header.map(|header| header.as_str().as_bytes()),
                form.map(ShownInForm::from).unwrap_or_default(),
                origin,
            ),
            grant_type: form.map(|form| form.grant_type.as_str()),
            scope: form.and_then(|form| form.scope.as_deref()),
            resources: form
                .and_then(|form| form.resource.as_deref())
                .unwrap_or_default(),
        };
        match rqctx.context().issuer.issue(asked).await {
            Ok(issued) => reply::token(issued, origin.correlation_id),
            Err(refusal) => Ok(refusal::token(&refusal, origin.correlation_id)),
        }
    }

    async fn introspect_token(
        rqctx: RequestContext<Context>,
        request: requests::IntrospectTokenRequest,
    ) -> Result<replies::IntrospectTokenReply, Failure> {
        let origin = origin(Caller::of(&rqctx)?, &rqctx.request);
        let asked = presented(&rqctx.request, &request.body, origin);
        Ok(match rqctx.context().issuer.introspect(asked).await {
            Ok(token) => reply::introspected(token, origin.correlation_id),
            Err(refusal) => refusal::introspection(&refusal, origin.correlation_id),
        })
    }

    async fn revoke_token(
        rqctx: RequestContext<Context>,
        request: requests::RevokeTokenRequest,
    ) -> Result<replies::RevokeTokenReply, Failure> {
        let origin = origin(Caller::of(&rqctx)?, &rqctx.request);
        let asked = presented(&rqctx.request, &request.body, origin);
        Ok(match rqctx.context().issuer.revoke(asked).await {
            Ok(()) => reply::revoked(origin.correlation_id),
            Err(refusal) => refusal::revocation(&refusal, origin.correlation_id),
        })
    }

    async fn get_json_web_key_set(
        rqctx: RequestContext<Context>,
        _request: requests::GetJsonWebKeySetRequest,
    ) -> Result<replies::GetJsonWebKeySetReply, Failure> {
        Caller::of(&rqctx)?;
        let issuer = &rqctx.context().issuer;
        reply::key_set(&issuer.jwks(), issuer.jwks_max_age())
    }

    async fn get_authorization_server_metadata(
        rqctx: RequestContext<Context>,
        _request: requests::GetAuthorizationServerMetadataRequest,
    ) -> Result<replies::GetAuthorizationServerMetadataReply, Failure> {
        Caller::of(&rqctx)?;
        let (body, cache_control) = reply::metadata(rqctx.context());
        Ok(replies::GetAuthorizationServerMetadataReply::Ok {
            body,
            cache_control,
        })
    }

    async fn get_open_id_configuration(
        rqctx: RequestContext<Context>,
        _request: requests::GetOpenIdConfigurationRequest,
    ) -> Result<replies::GetOpenIdConfigurationReply, Failure> {
        Caller::of(&rqctx)?;
        let (body, cache_control) = reply::metadata(rqctx.context());
        Ok(replies::GetOpenIdConfigurationReply::Ok {
            body,
            cache_control,
        })
    }

    async fn get_authorization_server_metadata_below_issuer(
        rqctx: RequestContext<Context>,
        _request: requests::GetAuthorizationServerMetadataBelowIssuerRequest,
    ) -> Result<replies::GetAuthorizationServerMetadataBelowIssuerReply, Failure> {
        Caller::of(&rqctx)?;
        let (body, cache_control) = reply::metadata(rqctx.context());
        Ok(
            replies::GetAuthorizationServerMetadataBelowIssuerReply::Ok {
                body,
                cache_control,
            },
        )
    }

    async fn get_open_id_configuration_below_issuer(
        rqctx: RequestContext<Context>,
        _request: requests::GetOpenIdConfigurationBelowIssuerRequest,
    ) -> Result<replies::GetOpenIdConfigurationBelowIssuerReply, Failure> {
        Caller::of(&rqctx)?;
        let (body, cache_control) = reply::metadata(rqctx.context());
        Ok(replies::GetOpenIdConfigurationBelowIssuerReply::Ok {
            body,
            cache_control,
        })
    }

    async fn get_open_api_document(
        rqctx: RequestContext<Context>,
        _request: requests::GetOpenApiDocumentRequest,
    ) -> Result<replies::GetOpenApiDocumentReply, Failure> {
        Caller::of(&rqctx)?;
        reply::document(&rqctx.context().document)
    }

    async fn rejected(rqctx: RequestContext<Context>, rejection: Rejection) -> Response {
        dialect::rejected(&rqctx, rejection).await
    }
}

/// The input of the introspection and revocation endpoints.
fn presented<'a>(
    request: &RequestInfo,
    form: &'a types::PresentedToken,
    origin: Origin<'a>,
) -> PresentedToken<'a> {
    // The header is there once at most. Otherwise the run time would have refused the request.
    let header = request.headers().get(header::AUTHORIZATION);
    PresentedToken {
        asker: asker(header.map(http::HeaderValue::as_bytes), form.into(), origin),
        token: &form.token,
    }
}

/// The client that asks, on any endpoint.
fn asker<'a>(header: Option<&[u8]>, form: ShownInForm<'a>, origin: Origin<'a>) -> Asker<'a> {
    Asker {
        credential: credential::of(header, form, origin.certificate),
        client_id: form.client_id,
        origin,
    }
}
