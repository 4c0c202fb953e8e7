//! The pipelines' inputs and outputs.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use dropshot_chassis::identity::ClientCertificate;
use jiff::Timestamp;

use crate::token::{
    Algorithm, Audience, ClientId, ClientSecret, Credential, CredentialError, ExpiresInAs,
    GrantType, Lifetime, Scope, TokenId,
};

/// The client that asks, read but not believed. An empty parameter counts as absent (RFC 6749 3.2).
#[derive(Debug)]
pub struct Asker<'a> {
    /// The client's credential, or why there is none.
    pub credential: Result<Credential, CredentialError>,
    /// The form's `client_id`, which some clients send beside the header.
    pub client_id: Option<&'a str>,
    /// Where the request came from.
    pub origin: Origin<'a>,
}

/// A token request, read but not believed.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// The client that asks.
    pub asker: Asker<'a>,
    /// The form's `grant_type`.
    pub grant_type: Option<&'a str>,
    /// The form's `scope`.
    pub scope: Option<&'a str>,
    /// The form's values of `resource` (RFC 8707).
    pub resources: &'a [String],
}

/// A token that a client asks about (RFC 7662 2.1) or revokes (RFC 7009 2.1), read but not
/// believed. `token_type_hint` is left out: there is one type of tokens, and both RFCs let a server
/// ignore the hint.
pub struct PresentedToken<'a> {
    /// The client that asks.
    pub asker: Asker<'a>,
    /// The form's `token`.
    pub token: &'a str,
}

impl Asker<'_> {
    /// The client that the credential names, for the trail and the log. People paste the secret
    /// into the wrong field, so an id that looks like a secret is left out.
    pub(super) fn named_client(&self) -> Option<&str> {
        let id = self.credential.as_ref().ok()?.client_id()?;
        Some(id).filter(|id| !ClientSecret::has_generated_form(id))
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The caller's address.
    pub source: IpAddr,
    /// The caller's `x-correlation-id`. `None` if it doesn't have D1's form.
    pub correlation_id: Option<&'a str>,
    /// The caller's certificate. The caller has proved that it has the certificate's key.
    pub certificate: Option<&'a ClientCertificate>,
}

/// A token, and everything that the reply says about it.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token.
    pub access_token: String,
    /// `expires_in`.
    pub expires_in: Lifetime,
    /// `expires_at`, which is the `exp` claim.
    pub expires_at: Timestamp,
    /// `scope`, which may be empty.
    pub scope: Scope,
    /// The JSON type of `expires_in`.
    pub expires_in_as: ExpiresInAs,
    /// The client that the token is for.
    pub client_id: ClientId,
    /// The grant of the request.
    pub grant_type: GrantType,
    /// The `aud` claim.
    pub audiences: Arc<[Audience]>,
    /// The `jti` claim.
    pub token_id: TokenId,
    /// The `kid` of the key that signed it.
    pub key_id: Arc<str>,
    /// The algorithm of the signature.
    pub algorithm: Algorithm,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({} of {})", self.token_id, self.client_id)
    }
}

impl fmt::Debug for PresentedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedToken(..) from {}", self.asker.origin.source)
    }
}
