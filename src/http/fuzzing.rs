//! What reads a request, for those who try it with any bytes: the handlers' own functions, without
//! a connection. Nobody else's business, and no part of the API.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dropshot_chassis::config::GatewayConfig;
use dropshot_chassis::identity::ClientCertificate;
use dropshot_contract::Options;
use http::HeaderMap;

use super::credential::{self, ShownInForm};
use super::front_door::proxy;
use super::origin::{self, Caller};
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

/// The caller behind the gateway at `address`; `None` if it is refused.
#[must_use]
pub fn behind_gateway(
    gateway: &GatewayConfig,
    address: IpAddr,
    headers: &HeaderMap,
) -> Option<(IpAddr, Option<Arc<ClientCertificate>>)> {
    let caller = origin::behind(gateway, address, headers).ok()?;
    let Caller {
        address,
        certificate,
    } = caller;
    Some((address, certificate))
}

/// The header of the PROXY protocol that these bytes begin with: whose connection it is, if it says
/// so, and how long it is.
#[must_use]
pub fn proxy_header(bytes: &[u8]) -> Option<(Option<SocketAddr>, usize)> {
    match proxy::parse(bytes) {
        proxy::Header::Whole { caller, length } => Some((caller, length)),
        proxy::Header::Partial | proxy::Header::Malformed => None,
    }
}
