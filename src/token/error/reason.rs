//! The true reasons of refusals. What each is to the caller and in the log is in [`super::table`].

use std::time::Duration;

use super::ErrorCode;
use crate::token::{CredentialError, ResourceError, ScopeError};

/// The true reason of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The request could not be read.
    MalformedRequest(Malformed),
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

/// Why a request could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// No `token`.
    NoToken,
    /// A parameter is there twice.
    RepeatedParameter,
    /// A percent escape or a character is none.
    Encoding,
    /// It has no form, or more than that.
    NotOneForm,
    /// Of another method than POST.
    Method,
    /// Without one `Host`.
    Host,
    /// Its header fields are too long.
    HeadersTooLarge,
    /// Its body is too large.
    BodyTooLarge,
    /// Its body did not arrive in time.
    BodyTimeout,
    /// Its body ended early.
    BodyAborted,
    /// In some other way.
    Unreadable,
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

    /// Whether the credential was not checked, as too many others were wrong, or wait.
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
