//! Why a request got nothing: the true reason, which stays inside, and the error that RFC 6749 5.2 has for it.
//!
//! How an error becomes a status and headers is the HTTP layer's business.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{AssertionError, CredentialError, ResourceError, ScopeError};

/// A request that gets nothing: no token, and no answer about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The true reason, for the audit trail and the log. Never for the caller.
    pub reason: Reason,
    /// When asking again may help.
    pub retry_after: Option<Duration>,
    /// The issuer, where the caller must be told what its assertion is to be for.
    pub issuer: Option<Box<str>>,
    /// The client the caller said it is; proven unless [`Refusal::code`] is `invalid_client`.
    pub client_id: Option<Box<str>>,
}

impl Refusal {
    /// A refusal for this reason.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        let retry_after = match (reason, reason.code()) {
            (Reason::TooManyFailures { wait, .. } | Reason::TooManyRequests { wait }, _) => {
                Some(wait)
            }
            // Until some of them have expired.
            (Reason::TooManyRevocations, _) => Some(Duration::from_secs(60)),
            (_, ErrorCode::TemporarilyUnavailable) => Some(Duration::from_secs(1)),
            _ => None,
        };
        Self {
            reason,
            retry_after,
            issuer: None,
            client_id: None,
        }
    }

    /// The same, naming the client.
    #[must_use]
    pub fn of(mut self, client_id: Option<&str>) -> Self {
        self.client_id = client_id.map(Into::into);
        self
    }

    /// The same, by this issuer.
    #[must_use]
    pub fn by(mut self, issuer: &str) -> Self {
        let wrong_audience = CredentialError::Assertion(AssertionError::WrongAudience);
        if self.reason == Reason::Credential(wrong_audience) {
            self.issuer = Some(issuer.into());
        }
        self
    }

    /// The error for the caller.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.reason.code()
    }

    /// Whether it is the caller, and not the service, that has to slow down (RFC 6585 4).
    #[must_use]
    pub fn is_for_asking_too_much(&self) -> bool {
        matches!(
            self.reason,
            Reason::TooManyFailures { .. }
                | Reason::TooManyRequests { .. }
                | Reason::TooManyRevocations
        )
    }

    /// The `error_description` for the caller.
    #[must_use]
    pub fn description(&self) -> Cow<'static, str> {
        match &self.issuer {
            Some(issuer) => {
                let text = format!("aud of the client assertion must be {issuer} and nothing else");
                text.replace(['"', '\\'], "?").into()
            }
            None => self.reason.description().into(),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

/// The errors of RFC 6749 5.2, that of RFC 8707 2, and the two of RFC 6749 4.1.2.1 for when the fault is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request is not what the RFC says a request is.
    InvalidRequest,
    /// The client didn't prove who it is.
    InvalidClient,
    /// The client may not use this grant, ask about tokens, or revoke this one.
    UnauthorizedClient,
    /// The service doesn't have this grant.
    UnsupportedGrantType,
    /// The scope is malformed or not the client's.
    InvalidScope,
    /// The resource is malformed or not the client's.
    InvalidTarget,
    /// Asking again later may help.
    TemporarilyUnavailable,
    /// The service is broken.
    ServerError,
}

impl ErrorCode {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

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
    /// The store can't be read, for so long that nobody goes by what was read before, or by a client that isn't in memory; or it
    /// can't be written.
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
            // Not `invalid_client`: nobody said that the credential is wrong, and client libraries take that for final.
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

    /// A sentence for the caller's developers, in the characters that RFC 6749 5.2 allows. The ways not to be a client share
    /// one, so that nobody learns which ids exist.
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

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
