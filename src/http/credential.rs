//! Finds the credential of a request: in the header or in the form, but not in both (RFC 6749 2.3).

use dropshot_chassis::identity::ClientCertificate;

use crate::api::types;
use crate::token::{Credential, CredentialError};

/// The parts of a credential in a form. An empty parameter counts as absent (RFC 6749 3.2).
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
