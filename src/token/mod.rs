//! What the RFCs say about clients, credentials, scopes and access tokens, as types that can't be
//! wrong once they exist.
//!
//! The types do no I/O and know neither a clock nor HTTP. [`crate::issuer`] decides with them who
//! may do what. The HTTP layer decides how a refusal looks on the wire.

mod algorithm;
mod assertion_audience;
mod auth_method;
mod binding;
mod client;
mod credential;
mod effort;
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

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use assertion_audience::AssertionAudience;
pub use auth_method::{AuthMethod, UnknownAuthMethod};
pub use binding::{CertificateBinding, Confirmation, UnknownBinding};
pub use client::{
    Audience, Client, ClientId, ExpiresInAs, InvalidAudience, InvalidClientId, Status,
};
pub use credential::{
    AssertionAlgorithm, AssertionError, BasicCredential, CertificateCredential, ClientAssertion,
    Credential, CredentialError, UnknownAssertionAlgorithm,
};
pub use effort::{Effort, PrfHash};
pub use error::{Answer, Endpoint, ErrorCode, Malformed, Reason, Refusal, Row};
pub use grant::{GrantType, UnknownGrant};
pub use imported_hash::{ImportedHash, Scheme, UnusableHash};
pub use jwks_uri::{InvalidJwksUri, JwksUri};
pub(crate) use jwt::decoded_part;
pub use jwt::{Claims, EncodedHeader, UnsignedToken};
pub use lifetime::{InvalidLifetime, Lifetime};
pub use limits::OverLimit;
pub use rate::{InvalidRate, Period, Rate};
pub use resource::{ResourceError, narrowed_audiences};
pub use scope::{Scope, ScopeError};
pub use secret::{ClientSecret, SecretError, SecretHash, SecretId, StoredSecret};
pub use terms::{TokenTerms, Withdrawn};
pub use token_id::TokenId;
pub use written_hash::{Written, written};
