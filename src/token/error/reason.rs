//! The true reasons of refusals, and what each is in RFC 6749's words. The caller learns the code
//! and the description alone.

use std::time::Duration;

use super::ErrorCode;
use crate::token::{CredentialError, ResourceError, ScopeError};

/// The true reason of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The request could not be read; the text says why, and is shown to the caller.
    MalformedRequest(&'static str),
    /// There was no credential to check.
    Credential(CredentialError),
    /// The form's `client_id` is not the one that authenticated.
    ClientIdMismatch,
    /// Nobody has this id.
    UnknownClient,
    /// The secret is none of the client's live ones.
    WrongSecret,
    /// The right secret, of a client that may not use it.
    ClientDisabled,
    /// The same, after its end.
    ClientExpired,
    /// The same, from a network that the client doesn't ask from.
    NetworkNotAllowed,
    /// The same, in a way that the configuration's policy does not allow.
    AgainstPolicy,
    /// The client is registered for another way of authenticating.
    WrongAuthMethod,
    /// The connection's certificate has not the client's name.
    WrongCertificate,
    /// Too many wrong credentials from where this one came from. It was not looked at.
    TooManyFailures {
        /// When the next one is looked at, in whole seconds.
        wait: Duration,
        /// How many were not looked at, with this one, since the last that was.
        turned_away: u32,
    },
    /// The client is who it says, and asks more often than it may.
    TooManyRequests {
        /// When it may again, in whole seconds.
        wait: Duration,
    },
    /// Too many requests are under way. It was not read.
    TooManyAtOnce,
    /// Too many costly checks of chosen secrets are waiting already.
    TooManyVerifications,
    /// No `grant_type`.
    GrantMissing,
    /// A `grant_type` that this service doesn't have.
    GrantUnknown,
    /// A `grant_type` that this client may not use.
    GrantNotAllowed,
    /// A scope that can't be granted.
    Scope(ScopeError),
    /// A resource that no token can be issued for.
    Resource(ResourceError),
    /// The client's tokens are bound to a certificate, and there was none.
    CertificateMissing,
    /// The same, and the one that there was has expired.
    CertificateExpired,
    /// The client may not ask about tokens.
    IntrospectionNotAllowed,
    /// The client wants to revoke a token of another's.
    NotTheOwner,
    /// As many of the client's tokens are revoked as are kept.
    TooManyRevocations,
    /// The store can't be read, for so long that nobody goes by what was read before, or by a
    /// client that isn't in memory; or it can't be written.
    StoreUnavailable,
    /// No key may sign now.
    NoSigningKey,
    /// The key didn't sign.
    SigningFailed,
    /// The decision can't be written down, so it isn't made.
    AuditUnavailable,
}

impl Reason {
    /// Whether it lies in what is known of the client, and not in the request alone.
    #[must_use]
    pub fn depends_on_client(self) -> bool {
        match self {
            Self::Credential(CredentialError::Assertion(error)) => error.depends_on_client(),
            Self::Credential(_) => false,
            _ => self.code() == ErrorCode::InvalidClient,
        }
    }

    /// Whether anybody can have caused it, without proving to be a client.
    #[must_use]
    pub const fn is_anybodys(self) -> bool {
        matches!(
            self,
            Self::MalformedRequest(_)
                | Self::Credential(_)
                | Self::UnknownClient
                | Self::WrongSecret
                | Self::WrongAuthMethod
                | Self::WrongCertificate
                | Self::TooManyFailures { .. }
                | Self::TooManyVerifications
                | Self::StoreUnavailable
                | Self::GrantMissing
                | Self::GrantUnknown
        )
    }

    /// Whether the credential was not checked, as too many others were wrong, or wait.
    #[must_use]
    pub fn is_turned_away(self) -> bool {
        matches!(
            self,
            Self::TooManyFailures { .. } | Self::TooManyVerifications
        )
    }

    /// The error of RFC 6749 5.2 that the caller sees.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::MalformedRequest(_)
            | Self::GrantMissing
            | Self::ClientIdMismatch
            | Self::CertificateMissing
            | Self::CertificateExpired => ErrorCode::InvalidRequest,
            Self::Credential(
                CredentialError::Repeated
                | CredentialError::TwoMethods
                | CredentialError::HalfAnAssertion,
            ) => ErrorCode::InvalidRequest,
            Self::Credential(_)
            | Self::UnknownClient
            | Self::WrongSecret
            | Self::ClientDisabled
            | Self::ClientExpired
            | Self::NetworkNotAllowed
            | Self::AgainstPolicy
            | Self::WrongAuthMethod
            | Self::WrongCertificate => ErrorCode::InvalidClient,
            Self::GrantUnknown => ErrorCode::UnsupportedGrantType,
            Self::GrantNotAllowed | Self::IntrospectionNotAllowed | Self::NotTheOwner => {
                ErrorCode::UnauthorizedClient
            }
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            // Not `invalid_client`: nobody said that the credential is wrong, and client libraries
            // take that for final.
            Self::TooManyFailures { .. }
            | Self::TooManyRequests { .. }
            | Self::TooManyAtOnce
            | Self::TooManyVerifications
            | Self::TooManyRevocations
            | Self::StoreUnavailable
            | Self::AuditUnavailable
            | Self::NoSigningKey => ErrorCode::TemporarilyUnavailable,
            Self::SigningFailed => ErrorCode::ServerError,
        }
    }

    /// A sentence for the caller's developers, in the characters that RFC 6749 5.2 allows. The ways
    /// not to be a client share one, so that nobody learns which ids exist.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::MalformedRequest(why) => why,
            Self::Credential(CredentialError::Repeated) => "more than one Authorization header",
            Self::Credential(CredentialError::TwoMethods) => {
                "more than one way of authenticating the client"
            }
            Self::Credential(CredentialError::Missing | CredentialError::UnsupportedScheme) => {
                "the client must authenticate with HTTP Basic, or with a client_assertion"
            }
            Self::Credential(CredentialError::HalfAnAssertion) => {
                "client_assertion and client_assertion_type belong together"
            }
            Self::Credential(CredentialError::Assertion(error)) => error.description(),
            Self::Credential(_) => "the Basic credential can't be read",
            Self::ClientIdMismatch => "client_id is not the authenticated client",
            Self::UnknownClient
            | Self::WrongSecret
            | Self::ClientDisabled
            | Self::ClientExpired
            | Self::NetworkNotAllowed
            | Self::AgainstPolicy
            | Self::WrongAuthMethod
            | Self::WrongCertificate => "client authentication failed",
            Self::GrantMissing => "grant_type is missing",
            Self::GrantUnknown => "the grant type is not supported",
            Self::GrantNotAllowed => "the client may not use this grant type",
            Self::Scope(ScopeError::Malformed) => "the scope is malformed",
            Self::Scope(ScopeError::NotAllowed) => "the scope exceeds what the client may have",
            Self::Resource(ResourceError::Malformed) => {
                "resource must be an absolute URI without a fragment"
            }
            Self::Resource(ResourceError::NotAllowed) => {
                "the client may not have a token for this resource"
            }
            Self::CertificateMissing => "the client must ask with its certificate",
            Self::CertificateExpired => "the client's certificate has expired",
            Self::IntrospectionNotAllowed => "the client may not ask about tokens",
            Self::NotTheOwner => "the token is another client's",
            Self::TooManyFailures { .. } => {
                "too many failed attempts to authenticate; try again later"
            }
            Self::TooManyRequests { .. } => "the client asks too often; try again later",
            Self::TooManyRevocations => {
                "the client has revoked as many live tokens as it may; try again later"
            }
            Self::TooManyAtOnce
            | Self::TooManyVerifications
            | Self::StoreUnavailable
            | Self::AuditUnavailable
            | Self::NoSigningKey => "try again later",
            Self::SigningFailed => "the token could not be signed",
        }
    }

    /// The reason's name in the audit trail, the log and the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MalformedRequest(_) => "malformed_request",
            Self::Credential(error) => match error {
                CredentialError::Missing => "no_credential",
                CredentialError::Repeated => "repeated_authorization_header",
                CredentialError::TwoMethods => "two_authentication_methods",
                CredentialError::UnsupportedScheme => "unsupported_scheme",
                CredentialError::Assertion(error) => error.name(),
                CredentialError::HalfAnAssertion => "half_an_assertion",
                CredentialError::TooLong
                | CredentialError::NotBase64
                | CredentialError::NotUtf8
                | CredentialError::NoColon
                | CredentialError::BadSecret => "malformed_credential",
            },
            Self::ClientIdMismatch => "client_id_mismatch",
            Self::UnknownClient => "unknown_client",
            Self::WrongSecret => "wrong_secret",
            Self::ClientDisabled => "client_disabled",
            Self::ClientExpired => "client_expired",
            Self::NetworkNotAllowed => "network_not_allowed",
            Self::AgainstPolicy => "against_policy",
            Self::WrongAuthMethod => "wrong_auth_method",
            Self::WrongCertificate => "wrong_certificate",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::TooManyAtOnce => "too_many_at_once",
            Self::TooManyVerifications => "too_many_verifications",
            Self::GrantMissing => "grant_missing",
            Self::GrantUnknown => "grant_unknown",
            Self::GrantNotAllowed => "grant_not_allowed",
            Self::Scope(ScopeError::Malformed) => "scope_malformed",
            Self::Scope(ScopeError::NotAllowed) => "scope_not_allowed",
            Self::Resource(ResourceError::Malformed) => "resource_malformed",
            Self::Resource(ResourceError::NotAllowed) => "resource_not_allowed",
            Self::CertificateMissing => "certificate_missing",
            Self::CertificateExpired => "certificate_expired",
            Self::IntrospectionNotAllowed => "introspection_not_allowed",
            Self::NotTheOwner => "not_the_owner",
            Self::TooManyRevocations => "too_many_revocations",
            Self::StoreUnavailable => "store_unavailable",
            Self::NoSigningKey => "no_signing_key",
            Self::SigningFailed => "signing_failed",
            Self::AuditUnavailable => "audit_unavailable",
        }
    }
}

impl From<CredentialError> for Reason {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

impl From<ScopeError> for Reason {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}

impl From<ResourceError> for Reason {
    fn from(error: ResourceError) -> Self {
        Self::Resource(error)
    }
}
