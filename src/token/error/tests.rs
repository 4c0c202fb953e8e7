//! What refusals tell the caller, and what they hide.

use std::time::Duration;

use super::*;
use crate::token::{AssertionError, ResourceError, ScopeError};

#[test]
fn the_ways_not_to_be_a_client_look_alike() {
    let outside = |reason: Reason| (reason.code(), reason.row().description);
    for reason in [
        Reason::WrongSecret,
        Reason::ClientDisabled,
        Reason::ClientExpired,
        Reason::NetworkNotAllowed,
        Reason::WrongAuthMethod,
        Reason::WrongCertificate,
        Reason::Credential(CredentialError::Assertion(AssertionError::BadSignature)),
    ] {
        assert_eq!(outside(Reason::UnknownClient), outside(reason));
    }
    assert_ne!(Reason::UnknownClient.name(), Reason::ClientDisabled.name());
}

#[test]
fn descriptions_stay_within_rfc_6749_5_2() {
    use CredentialError as C;
    let reasons = [
        Reason::Credential(C::Missing),
        Reason::Credential(C::Repeated),
        Reason::Credential(C::TwoMethods),
        Reason::Credential(C::NotBase64),
        Reason::Credential(C::HalfAnAssertion),
        Reason::Credential(C::Assertion(AssertionError::UnknownType)),
        Reason::Credential(C::Assertion(AssertionError::MissingClaim)),
        Reason::Credential(C::Assertion(AssertionError::WrongAudience)),
        Reason::Credential(C::Assertion(AssertionError::Replayed)),
        Reason::ClientIdMismatch,
        Reason::UnknownClient,
        Reason::GrantMissing,
        Reason::GrantUnknown,
        Reason::GrantNotAllowed,
        Reason::Scope(ScopeError::Malformed),
        Reason::Scope(ScopeError::NotAllowed),
        Reason::Resource(ResourceError::Malformed),
        Reason::Resource(ResourceError::NotAllowed),
        Reason::CertificateMissing,
        Reason::IntrospectionNotAllowed,
        Reason::NotTheOwner,
        Reason::TooManyRevocations,
        Reason::TooManyFailures {
            wait: Duration::from_secs(1),
            turned_away: 1,
        },
        Reason::TooManyRequests {
            wait: Duration::from_secs(1),
        },
        Reason::TooManyAtOnce,
        Reason::TooManyVerifications,
        Reason::SigningFailed,
    ];
    for reason in reasons {
        let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(reason.row().description.bytes().all(allowed), "{reason:?}");
    }
}

#[test]
fn a_stranger_can_cause_a_refusal_for_want_of_room() {
    assert!(Reason::TooManyAtOnce.is_anybodys());
    assert!(!Reason::ClientDisabled.is_anybodys());
}
