//! The credential of a request: in its header or in its form, and not in both (RFC 6749 2.3).

use dropshot_chassis::identity::ClientCertificate;

use crate::api::types;
use crate::token::{Credential, CredentialError};

/// What a form has of a credential. An empty parameter is an absent one (RFC 6749 3.2).
#[derive(Clone, Copy, Default)]
pub(super) struct ShownInForm<'a> {
    pub(super) client_secret: Option<&'a str>,
    pub(super) assertion_type: Option<&'a str>,
    pub(super) assertion: Option<&'a str>,
    pub(super) client_id: Option<&'a str>,
}

/// The credential in the header, the assertion in the form, or the certificate of the connection
/// with the form's `client_id`.
pub(super) fn of(
    header: Option<&[u8]>,
    form: ShownInForm<'_>,
    certificate: Option<&ClientCertificate>,
) -> Result<Credential, CredentialError> {
    let has_assertion = form.assertion_type.is_some() || form.assertion.is_some();
    match (header, has_assertion, form.client_secret) {
        (Some(header), false, None) => Credential::from_basic(header),
        (None, true, None) => Credential::from_assertion(form.assertion_type, form.assertion),
        // A certificate beside another credential is the connection's alone, as D1's is: it is no
        // second method.
        (None, false, None) => match (form.client_id, certificate) {
            (Some(client_id), Some(certificate)) => {
                Ok(Credential::from_certificate(client_id, certificate))
            }
            _ => Err(CredentialError::Missing),
        },
        // A secret in the form is no way of authenticating here, as a form is logged where a header
        // isn't.
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
