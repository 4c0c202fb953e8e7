//! The table of refusals: what each [`Reason`] is in the log, and what the caller learns of it.

use std::time::Duration;

use super::ErrorCode;
use super::reason::{Malformed, Reason};
use crate::token::{CredentialError, ResourceError, ScopeError};

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The reason's name in the audit trail, the log and the metrics.
    pub name: &'static str,
    /// The error of RFC 6749 5.2 that the caller sees.
    pub code: ErrorCode,
    /// What decides the status and the headers.
    pub answer: Answer,
    /// A sentence for the caller's developers, in the characters that RFC 6749 5.2 allows. The ways
    /// not to be a client share one, so that the caller does not learn which ids exist.
    pub description: &'static str,
    /// Whether a caller can cause it without proving to be a client.
    pub is_anybodys: bool,
}

/// The answers that differ in their status or headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 400.
    Malformed,
    /// 401 with `WWW-Authenticate`.
    Unauthenticated,
    /// 403 if the caller asks about a token, else 400.
    Unauthorized,
    /// 408.
    TooSlow,
    /// 413.
    TooLarge,
    /// 415.
    NoForm,
    /// 429 with `Retry-After`: the caller has to slow down, RFC 6585 4.
    TooMany(Duration),
    /// 500.
    Broken,
    /// 503 with `Retry-After`.
    Unavailable(Duration),
}

const NO_CLIENT: &str = "client authentication failed";
const LATER: &str = "try again later";

impl Reason {
    /// The error of RFC 6749 5.2 that the caller sees.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        self.row().code
    }

    /// The reason's name in the audit trail, the log and the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether a caller can cause it without proving to be a client.
    #[must_use]
    pub const fn is_anybodys(self) -> bool {
        self.row().is_anybodys
    }

    /// The reason's row in the table.
    #[must_use]
    pub const fn row(self) -> Row {
        use ErrorCode as E;
        use Reason as R;
        match self {
            R::MalformedRequest(why) => malformed(why).anybodys(),
            R::Credential(error) => credential(error).anybodys(),
            R::UnknownClient => no_client("unknown_client").anybodys(),
            R::WrongSecret => no_client("wrong_secret").anybodys(),
            R::WrongAuthMethod => no_client("wrong_auth_method").anybodys(),
            R::WrongCertificate => no_client("wrong_certificate").anybodys(),
            R::ClientDisabled => no_client("client_disabled"),
            R::ClientExpired => no_client("client_expired"),
            R::NetworkNotAllowed => no_client("network_not_allowed"),
            R::AgainstPolicy => no_client("against_policy"),
            R::ClientIdMismatch => {
                let why = "client_id is not the authenticated client";
                row("client_id_mismatch", E::InvalidRequest, why)
            }
            R::GrantMissing => {
                row("grant_missing", E::InvalidRequest, "grant_type is missing").anybodys()
            }
            R::GrantUnknown => {
                let why = "the grant type is not supported";
                row("grant_unknown", E::UnsupportedGrantType, why).anybodys()
            }
            R::GrantNotAllowed => {
                let why = "the client may not use this grant type";
                row("grant_not_allowed", E::UnauthorizedClient, why)
            }
            R::IntrospectionNotAllowed => {
                let why = "the client may not ask about tokens";
                row("introspection_not_allowed", E::UnauthorizedClient, why)
            }
            R::NotTheOwner => {
                let why = "the token is another client's";
                row("not_the_owner", E::UnauthorizedClient, why)
            }
            R::Scope(ScopeError::Malformed) => {
                row("scope_malformed", E::InvalidScope, "the scope is malformed")
            }
            R::Scope(ScopeError::NotAllowed) => {
                let why = "the scope exceeds what the client may have";
                row("scope_not_allowed", E::InvalidScope, why)
            }
            R::Resource(ResourceError::Malformed) => {
                let why = "resource must be an absolute URI without a fragment";
                row("resource_malformed", E::InvalidTarget, why)
            }
            R::Resource(ResourceError::NotAllowed) => {
                let why = "the client may not have a token for this resource";
                row("resource_not_allowed", E::InvalidTarget, why)
            }
            R::CertificateMissing => {
                let why = "the client must ask with its certificate";
                row("certificate_missing", E::InvalidRequest, why)
            }
            R::CertificateExpired => {
                let why = "the client's certificate has expired";
                row("certificate_expired", E::InvalidRequest, why)
            }
            // Not `invalid_client`: the credential may be right, and client libraries take that
            // error as final.
            R::TooManyFailures { wait, .. } => {
                let why = "too many failed attempts to authenticate; try again later";
                too_many("too_many_failures", wait, why).anybodys()
            }
            R::TooManyRequests { wait } => {
                let why = "the client asks too often; try again later";
                too_many("too_many_requests", wait, why)
            }
            R::TooManyRevocations => {
                let why = "the client has revoked as many live tokens as it may; try again later";
                // By then, some of the tokens may have expired.
                too_many("too_many_revocations", Duration::from_secs(60), why)
            }
            R::TooManyAtOnce => {
                row("too_many_at_once", E::TemporarilyUnavailable, LATER).anybodys()
            }
            R::TooManyVerifications => {
                row("too_many_verifications", E::TemporarilyUnavailable, LATER).anybodys()
            }
            R::StoreUnavailable => {
                row("store_unavailable", E::TemporarilyUnavailable, LATER).anybodys()
            }
            R::AuditUnavailable => row("audit_unavailable", E::TemporarilyUnavailable, LATER),
            R::NoSigningKey => row("no_signing_key", E::TemporarilyUnavailable, LATER),
            R::SigningFailed => row(
                "signing_failed",
                E::ServerError,
                "the token could not be signed",
            ),
        }
    }
}

impl Row {
    const fn anybodys(self) -> Self {
        Self {
            is_anybodys: true,
            ..self
        }
    }

    const fn answered(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }
}

/// A row whose answer is that of its code.
const fn row(name: &'static str, code: ErrorCode, description: &'static str) -> Row {
    let answer = match code {
        ErrorCode::InvalidRequest
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget => Answer::Malformed,
        ErrorCode::InvalidClient => Answer::Unauthenticated,
        ErrorCode::UnauthorizedClient => Answer::Unauthorized,
        ErrorCode::TemporarilyUnavailable => Answer::Unavailable(Duration::from_secs(1)),
        ErrorCode::ServerError => Answer::Broken,
    };
    Row {
        name,
        code,
        answer,
        description,
        is_anybodys: false,
    }
}

const fn no_client(name: &'static str) -> Row {
    row(name, ErrorCode::InvalidClient, NO_CLIENT)
}

const fn too_many(name: &'static str, wait: Duration, description: &'static str) -> Row {
    row(name, ErrorCode::TemporarilyUnavailable, description).answered(Answer::TooMany(wait))
}

/// The row of a request that breaks the rules of the document.
const fn malformed(why: Malformed) -> Row {
    use Malformed as M;
    let (answer, description) = match why {
        M::NoToken => (Answer::Malformed, "token is missing"),
        M::RepeatedParameter => (Answer::Malformed, "a parameter is given more than once"),
        M::Encoding => {
            let why = "the form has a malformed percent escape, or is not UTF-8";
            (Answer::Malformed, why)
        }
        M::NotOneForm => {
            let why = "the body must be one application/x-www-form-urlencoded form";
            (Answer::NoForm, why)
        }
        M::Method => (Answer::Malformed, "this endpoint takes POST only"),
        M::Host => (
            Answer::Malformed,
            "the request must have one Host header field",
        ),
        M::HeadersTooLarge => (Answer::Malformed, "the header fields are too long"),
        M::BodyTooLarge => (Answer::TooLarge, "the body is too large"),
        M::BodyTimeout => (Answer::TooSlow, "the body did not arrive in time"),
        M::BodyAborted => (Answer::Malformed, "the body ended early"),
        M::Unreadable => (Answer::Malformed, "the request can not be read"),
    };
    row("malformed_request", ErrorCode::InvalidRequest, description).answered(answer)
}

/// The row of a credential that can't be checked, or of an assertion that proves nothing.
const fn credential(error: CredentialError) -> Row {
    use CredentialError as C;
    const HOW: &str = "the client must authenticate with HTTP Basic, or with a client_assertion";
    let (name, code, description) = match error {
        C::Missing => ("no_credential", ErrorCode::InvalidClient, HOW),
        C::UnsupportedScheme => ("unsupported_scheme", ErrorCode::InvalidClient, HOW),
        C::Repeated => (
            "repeated_authorization_header",
            ErrorCode::InvalidRequest,
            "more than one Authorization header",
        ),
        C::TwoMethods => (
            "two_authentication_methods",
            ErrorCode::InvalidRequest,
            "more than one way of authenticating the client",
        ),
        C::HalfAnAssertion => (
            "half_an_assertion",
            ErrorCode::InvalidRequest,
            "client_assertion and client_assertion_type belong together",
        ),
        C::Assertion(error) => (error.name(), ErrorCode::InvalidClient, error.description()),
        C::TooLong | C::NotBase64 | C::NotUtf8 | C::NoColon | C::BadSecret => (
            "malformed_credential",
            ErrorCode::InvalidClient,
            "the Basic credential can't be read",
        ),
    };
    row(name, code, description)
}
