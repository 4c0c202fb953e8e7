//! What goes into the pipeline and what comes out.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::token::{
    Audience, ClientId, ClientSecret, Credential, CredentialError, ExpiresInAs, GrantType,
    Lifetime, Scope, TokenId,
};

/// A token request, read but not believed. An empty parameter is an absent one (RFC 6749 3.2).
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// The client's credential, or why there is none.
    pub credential: Result<Credential, CredentialError>,
    /// The form's `client_id`, which some clients repeat beside the header.
    pub client_id: Option<&'a str>,
    /// The form's `grant_type`.
    pub grant_type: Option<&'a str>,
    /// The form's `scope`.
    pub scope: Option<&'a str>,
    /// Where it came from.
    pub origin: Origin<'a>,
}

impl TokenRequest<'_> {
    /// The client it names, for the trail and the log. People paste the secret into the wrong field; what looks like one is
    /// left out.
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
    /// Its `x-correlation-id`, when it has D1's form.
    pub correlation_id: Option<&'a str>,
}

/// A token, and all that the reply says about it.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token.
    pub access_token: String,
    /// `expires_in`.
    pub expires_in: Lifetime,
    /// `expires_at`, which is the `exp` claim.
    pub expires_at: Timestamp,
    /// `scope`; may be empty.
    pub scope: Scope,
    /// The JSON type of `expires_in`.
    pub expires_in_as: ExpiresInAs,
    /// Whose it is.
    pub client_id: ClientId,
    /// How it was asked for.
    pub grant_type: GrantType,
    /// The `aud` claim.
    pub audiences: Arc<[Audience]>,
    /// The `jti` claim.
    pub token_id: TokenId,
    /// The `kid` of the key that signed it.
    pub key_id: Arc<str>,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({} of {})", self.token_id, self.client_id)
    }
}
