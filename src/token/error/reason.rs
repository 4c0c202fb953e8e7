//! The true reasons of refusals. [`super::table`] says what each is to the caller and in the log.

use std::time::Duration;

use super::ErrorCode;
use crate::token::{CredentialError, ResourceError, ScopeError};

/// The true reason of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The request could not be read.
    MalformedRequest(Malformed),
    /// The request has no credential that could be checked, or an assertion that proves nothing.
    Credential(CredentialError),
    /// The form's `client_id` is not the one that authenticated.
    ClientIdMismatch,
    /// No client has this id.
    UnknownClient,
    /// The secret is not one of the client's live secrets.
    WrongSecret,
    /// The credential is right, and the client is disabled.
    ClientDisabled,
    /// The credential is right, and the client has expired.
    ClientExpired,
    /// The credential is right, and the request comes from a network that the client may not use.
    NetworkNotAllowed,
    /// The credential is right, and the configuration's policy does not allow its kind.
    AgainstPolicy,
    /// The client is registered for another way of authenticating.
    WrongAuthMethod,
    /// The connection's certificate doesn't have the client's name.
    WrongCertificate,
    /// Too many wrong credentials came from this source. This one was not checked.
    TooManyFailures {
        /// When the next one is checked, in whole seconds.
        wait: Duration,
        /// How many were not checked since the last one that was, with this one.
        turned_away: u32,
    },
    /// The client has proved who it is, and asks more often than it may.
    TooManyRequests {
        /// When it may ask again, in whole seconds.
        wait: Duration,
    },
    /// Too many requests are under way. This one was not read.
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
    /// The client's tokens are bound to a certificate, and the request came without one.
    CertificateMissing,
    /// The client's tokens are bound to a certificate, and that of the request has expired.
    CertificateExpired,
    /// The client may not ask about tokens.
    IntrospectionNotAllowed,
    /// The client wants to revoke another client's token.
    NotTheOwner,
    /// The store keeps as many revoked tokens of the client as it may.
    TooManyRevocations,
    /// The store can't be written, or can't be read: the client isn't in memory, or memory is too
    /// old to be used.
    StoreUnavailable,
    /// No signing key may be used now.
    NoSigningKey,
    /// The signature failed.
    SigningFailed,
    /// The decision can't be written into the audit trail, so it isn't made.
    AuditUnavailable,
}

/// Why a request could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The parameter `token` is missing.
    NoToken,
    /// A parameter occurs twice.
    RepeatedParameter,
    /// A percent escape is malformed, or the text is not UTF-8.
    Encoding,
    /// The body is not exactly one form.
    NotOneForm,
    /// The method is not POST.
    Method,
    /// It doesn't have exactly one `Host`.
    Host,
    /// Its header fields are too long.
    HeadersTooLarge,
    /// Its body is too large.
    BodyTooLarge,
    /// Its body did not arrive in time.
    BodyTimeout,
    /// Its body ended early.
    BodyAborted,
    /// It can't be read for another reason.
    Unreadable,
}

impl Reason {
    /// Whether the reason depends on what this service knows of the client, and not on the request
    /// alone.
    #[must_use]
    pub fn depends_on_client(self) -> bool {
        match self {
            Self::Credential(CredentialError::Assertion(error)) => error.depends_on_client(),
            Self::Credential(_) => false,
            _ => self.code() == ErrorCode::InvalidClient,
        }
    }

    /// Whether the credential was not checked, because too many others were wrong or are waiting.
    #[must_use]
    pub fn is_turned_away(self) -> bool {
        matches!(
            self,
            Self::TooManyFailures { .. } | Self::TooManyVerifications
        )
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
