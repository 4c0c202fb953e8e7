//! What reads a request, for those who try it with any bytes: the handlers' own functions, without
//! a connection. Nobody else's business, and no part of the API.

use dropshot_chassis::identity::ClientCertificate;
use dropshot_contract::Options;

use super::credential::{self, ShownInForm};
use super::service;
use crate::api::types::Auth2Request;
use crate::token::{Credential, CredentialError};

/// What is read of a request, and how.
#[must_use]
pub fn reading() -> Options {
    service::reading()
}

/// The credential of a token request.
///
/// # Errors
/// [`CredentialError`]
pub fn credential(
    header: Option<&[u8]>,
    form: &Auth2Request,
    certificate: Option<&ClientCertificate>,
) -> Result<Credential, CredentialError> {
    credential::of(header, ShownInForm::from(form), certificate)
}
