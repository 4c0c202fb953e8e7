//! The operations of the document.

use dropshot_chassis::Caller;
use dropshot_contract::{Failure, Rejection, RequestContext, Response};

use super::asker::{ShownInForm, asker, origin, presented};
use super::context::Context;
use super::dialect;
use super::reply::{self, DOCUMENT_MAX_AGE, refusal};
use crate::api::{Api, replies, requests};
use crate::issuer::TokenRequest;

/// The operations that answer with the metadata. The document has four, since verifiers look in
/// four places.
macro_rules! metadata {
    ($($name:ident: $request:ident, $reply:ident;)*) => {$(
        async fn $name(
            rqctx: RequestContext<Context>,
            _request: requests::$request,
        ) -> Result<replies::$reply, Failure> {
            Caller::of(&rqctx)?;
            Ok(replies::$reply::Ok {
                body: rqctx.context().metadata.clone(),
                cache_control: DOCUMENT_MAX_AGE.to_owned(),
            })
        }
    )*};
}

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

    metadata! {
        get_authorization_server_metadata:
            GetAuthorizationServerMetadataRequest, GetAuthorizationServerMetadataReply;
        get_open_id_configuration: GetOpenIdConfigurationRequest, GetOpenIdConfigurationReply;
        get_authorization_server_metadata_below_issuer:
            GetAuthorizationServerMetadataBelowIssuerRequest,
            GetAuthorizationServerMetadataBelowIssuerReply;
        get_open_id_configuration_below_issuer:
            GetOpenIdConfigurationBelowIssuerRequest, GetOpenIdConfigurationBelowIssuerReply;
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
