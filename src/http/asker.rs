//! Who asks: the caller, and the credential in the header or in the form, but not in both (RFC 6749
//! 2.3).

use dropshot::RequestInfo;
use dropshot_chassis::Caller;
use dropshot_chassis::caller::correlation_id;
use dropshot_chassis::identity::ClientCertificate;
use http::header;

use crate::api::types;
use crate::issuer::{Asker, Origin, PresentedToken};
use crate::token::{Credential, CredentialError};

/// The parts of a credential in a form. An empty parameter counts as absent (RFC 6749 3.2).
#[derive(Clone, Copy, Default)]
pub(super) struct ShownInForm<'a> {
    pub(super) client_secret: Option<&'a str>,
    pub(super) assertion_type: Option<&'a str>,
    pub(super) assertion: Option<&'a str>,
    pub(super) client_id: Option<&'a str>,
}

/// The input of the introspection and revocation endpoints.
pub(super) fn presented<'a>(
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
pub(super) fn asker<'a>(
    header: Option<&[u8]>,
    form: ShownInForm<'a>,
    origin: Origin<'a>,
) -> Asker<'a> {
    Asker {
        credential: credential(header, form, origin.certificate),
        client_id: form.client_id,
        origin,
    }
}

/// The origin of a caller's request.
pub(super) fn origin<'a>(caller: &'a Caller, request: &'a RequestInfo) -> Origin<'a> {
    Origin {
        source: caller.address,
        correlation_id: correlation_id(request),
        certificate: caller.certificate.as_deref(),
    }
}

/// The credential in the header, the assertion in the form, or the certificate of the connection
/// with the form's `client_id`.
pub(super) fn credential(
    header: Option<&[u8]>,
    form: ShownInForm<'_>,
    certificate: Option<&ClientCertificate>,
) -> Result<Credential, CredentialError> {
    let has_assertion = form.assertion_type.is_some() || form.assertion.is_some();
    match (header, has_assertion, form.client_secret) {
        (Some(header), false, None) => Credential::from_basic(header),
        (None, true, None) => Credential::from_assertion(form.assertion_type, form.assertion),
        // A certificate beside another credential belongs to the connection, as D1's does. It is
        // not a second method of authentication.
        (None, false, None) => match (form.client_id, certificate) {
            (Some(client_id), Some(certificate)) => {
                Ok(Credential::from_certificate(client_id, certificate))
            }
            _ => Err(CredentialError::Missing),
        },
        // A secret in the form doesn't authenticate here: servers log forms where they don't log
        // headers.
        (None, false, _) => Err(CredentialError::Missing),
        _ => Err(CredentialError::TwoMethods),
    }
}

impl<'a> From<&'a types::Auth2Request> for ShownInForm<'a> {
    fn from(form: &'a types::Auth2Request) -> Self {
        Self {
            client_secret: form.client_secret.as_deref(),
            assertion_type: form.client_assertion_type.as_deref(),
            assertion: form.client_assertion.as_deref(),
            client_id: form.client_id.as_deref(),
        }
    }
}

impl<'a> From<&'a types::PresentedToken> for ShownInForm<'a> {
    fn from(form: &'a types::PresentedToken) -> Self {
        Self {
            client_secret: form.client_secret.as_deref(),
            assertion_type: form.client_assertion_type.as_deref(),
            assertion: form.client_assertion.as_deref(),
            client_id: form.client_id.as_deref(),
        }
    }
}
