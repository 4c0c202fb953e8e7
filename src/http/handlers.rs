//! The operations of the document.

use dropshot::RequestContext;
use dropshot_contract::{Authorization, Failure, Rejection, Response};

use super::origin::origin;
use super::{Service, dialect, reply};
use crate::api::{Api, replies, requests, types};
use crate::issuer::TokenRequest;
use crate::token::{Credential, CredentialError};

/// Carries out the API.
pub(super) enum Handlers {}

impl Api for Handlers {
    type Context = Service;

    async fn get_access_token(
        rqctx: RequestContext<Service>,
        request: requests::GetAccessTokenRequest,
    ) -> Result<replies::GetAccessTokenReply, Failure> {
        let origin = origin(&rqctx.request);
        let form = request.body.as_ref();
        let asked = TokenRequest {
            credential: credential(&request.authorization, form),
            client_id: form.and_then(|form| form.client_id.as_deref()),
            grant_type: form.map(|form| form.grant_type.as_str()),
            scope: form.and_then(|form| form.scope.as_deref()),
            origin,
        };
        match rqctx.context().issuer.issue(asked).await {
            Ok(issued) => reply::token(issued, origin.correlation_id),
            Err(refusal) => Ok(reply::refusal(&refusal, None, origin.correlation_id)),
        }
    }

    async fn get_json_web_key_set(
        rqctx: RequestContext<Service>,
        _request: requests::GetJsonWebKeySetRequest,
    ) -> Result<replies::GetJsonWebKeySetReply, Failure> {
        let issuer = &rqctx.context().issuer;
        reply::key_set(&issuer.jwks(), issuer.jwks_max_age())
    }

    async fn get_authorization_server_metadata(
        rqctx: RequestContext<Service>,
        _request: requests::GetAuthorizationServerMetadataRequest,
    ) -> Result<replies::GetAuthorizationServerMetadataReply, Failure> {
        Ok(reply::metadata(rqctx.context().metadata.clone()))
    }

    async fn get_open_api_document(
        rqctx: RequestContext<Service>,
        _request: requests::GetOpenApiDocumentRequest,
    ) -> Result<replies::GetOpenApiDocumentReply, Failure> {
        reply::document(&rqctx.context().document)
    }

    async fn rejected(rqctx: RequestContext<Service>, rejection: Rejection) -> Response {
        dialect::rejected(&rqctx, rejection).await
    }
}

/// The credential in the header, unless there is one in the form as well (RFC 6749 2.3).
fn credential(
    header: &Authorization,
    form: Option<&types::Auth2Request>,
) -> Result<Credential, CredentialError> {
    let in_form = |form: &types::Auth2Request| {
        form.client_secret.is_some() || form.client_assertion.is_some()
    };
    if form.is_some_and(in_form) {
        return Err(CredentialError::TwoMethods);
    }
    Credential::from_basic(header.as_str().as_bytes())
}
