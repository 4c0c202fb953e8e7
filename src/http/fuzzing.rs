//! The functions that read a request, for the fuzz targets: the handlers' own functions, without a
//! connection. This is no part of the API.

use dropshot_chassis::identity::ClientCertificate;
use dropshot_contract::Options;

use super::asker::{self, ShownInForm};
use super::service;
use crate::api::types::Auth2Request;
use crate::token::{Credential, CredentialError};

/// Which parts of a request are read, and within which limits.
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
    asker::credential(header, ShownInForm::from(form), certificate)
}
