//! Why a request got nothing: the true reason, which stays inside, and what the caller learns. One
//! table has both.
//!
//! How an answer becomes a status and headers is the HTTP layer's business.

mod reason;
mod table;

use std::borrow::Cow;
use std::fmt;

pub use reason::{Malformed, Reason};
pub use table::{Answer, Row};

use super::{AssertionError, CredentialError};

/// A request that gets neither a token nor an answer about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The true reason, for the audit trail and the log. The caller never sees it.
    pub reason: Reason,
    /// The issuer, if the caller must learn the right audience of its assertion.
    pub issuer: Option<Box<str>>,
    /// The client that the caller claims to be. It is proven unless [`Refusal::code`] is
    /// `invalid_client`.
    pub client_id: Option<Box<str>>,
}

impl Refusal {
    /// A refusal for this reason.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self {
            reason,
            issuer: None,
            client_id: None,
        }
    }

    /// The same refusal, with the client's name.
    #[must_use]
    pub fn of(mut self, client_id: Option<&str>) -> Self {
        self.client_id = client_id.map(Into::into);
        self
    }

    /// The same refusal. If the audience of an assertion is wrong, it names this issuer.
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

    /// What decides the status and the headers.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.reason.row().answer
    }

    /// The `error_description` for the caller.
    #[must_use]
    pub fn description(&self) -> Cow<'static, str> {
        match &self.issuer {
            Some(issuer) => {
                let text = format!("aud of the client assertion must be {issuer} and nothing else");
                text.replace(['"', '\\'], "?").into()
            }
            None => self.reason.row().description.into(),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

/// The errors of RFC 6749 5.2, that of RFC 8707 2, and the two of RFC 6749 4.1.2.1 for faults of
/// the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request breaks a rule of the RFC.
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

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The endpoint of a request, as far as it is known of a request that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A token: RFC 6749 3.2.
    Token,
    /// The introspection of a token: RFC 7662 2.
    Introspection,
    /// The revocation of a token: RFC 7009 2.
    Revocation,
}

impl Endpoint {
    /// Its name in the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
        }
    }
}

#[cfg(test)]
mod tests;
