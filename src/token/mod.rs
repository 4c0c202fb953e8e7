//! What the RFCs say about clients, credentials, scopes and access tokens, as types that can't be
//! wrong once they exist.
//!
//! The types do no I/O and know neither a clock nor HTTP. [`crate::issuer`] decides with them who
//! may do what. The HTTP layer decides how a refusal looks on the wire.

mod assertion;
mod assertion_audience;
mod auth_method;
mod basic;
mod binding;
mod claims;
mod client;
mod credential;
mod effort;
mod endpoint;
mod error;
mod grant;
mod imported_hash;
mod jwks_uri;
mod jwt;
mod lifetime;
mod limits;
mod random;
mod rate;
mod resource;
mod scope;
mod secret;
mod terms;
mod token_id;
mod written_hash;

pub use assertion::{
    AssertionAlgorithm, AssertionError, ClientAssertion, UnknownAssertionAlgorithm,
};
pub use assertion_audience::AssertionAudience;
pub use auth_method::{AuthMethod, UnknownAuthMethod};
pub use basic::BasicCredential;
pub use binding::{CertificateBinding, Confirmation, UnknownBinding};
pub use claims::Claims;
pub use client::{
    Audience, Client, ClientId, ExpiresInAs, InvalidAudience, InvalidClientId, Status,
};
pub use credential::{CertificateCredential, Credential, CredentialError};
pub use effort::{Effort, PrfHash};
pub use endpoint::Endpoint;
pub use error::{Answer, ErrorCode, Malformed, Reason, Refusal, Row};
pub use grant::{GrantType, UnknownGrant};
pub use imported_hash::{ImportedHash, Scheme, UnusableHash};
pub use jwks_uri::{InvalidJwksUri, JwksUri};
pub(crate) use jwt::decoded_part;
pub use jwt::{Algorithm, EncodedHeader, UnknownAlgorithm, UnsignedToken};
pub use lifetime::{InvalidLifetime, Lifetime};
pub use limits::OverLimit;
pub use rate::{InvalidRate, Period, Rate};
pub use resource::{ResourceError, narrowed_audiences};
pub use scope::{Scope, ScopeError};
pub use secret::{ClientSecret, SecretError, SecretHash, SecretId, StoredSecret};
pub use terms::{TokenTerms, Withdrawn};
pub use token_id::TokenId;
pub use written_hash::{Written, written};
