//! `private_key_jwt`, RFC 7523 2.2: whether an assertion is the client's, for this service, and used for the first time.

use std::net::IpAddr;

use jiff::Timestamp;

use super::Authenticator;
use crate::issuer::directory::{Account, Authenticated, View};
use crate::issuer::throttle::Source;
use crate::keys::Decoy;
use crate::token::{AssertionError, AuthMethod, ClientAssertion, CredentialError, Reason};

impl Authenticator {
    /// A signature can't be guessed, so a right one is taken at any time, like a generated secret: guesses from behind the same
    /// gateway don't lock its client out. Checking one is some ten to a hundred microseconds, whoever it is of.
    pub(super) fn check_assertion(
        &self,
        view: &View,
        assertion: &ClientAssertion,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Authenticated, Reason> {
        let source = Source::from(address);
        let account = assertion.client_id().and_then(|id| view.account(id));
        let caller = self.throttle.caller(assertion.client_id(), source);
        let fail = |reason| self.failed(caller, reason, now);

        // 1. What the request alone decides, before any costly work: RFC 7523 3.
        let checked = assertion.check(self.issuer.as_str(), now);
        checked.map_err(|error| fail(refused(error)))?;

        // 2. The signature, and whether the client may use it: what is wrong, no caller learns, from the time either.
        let signed = is_signed_by(account.map(|account| &**account), assertion);
        let account = account.ok_or_else(|| fail(Reason::UnknownClient))?;
        if let Some(barred) = account.barred(AuthMethod::PrivateKeyJwt, address, now) {
            return Err(fail(barred));
        }
        if !signed {
            return Err(fail(refused(AssertionError::BadSignature)));
        }

        // 3. Once, RFC 7523 3: only what the client signed is remembered, so that nobody else can use up its memory.
        let used = &account.used_assertions;
        used.note(assertion.id(), assertion.expires_at(), now)
            .map_err(|reason| match reason {
                Reason::TooManyRequests { .. } => reason,
                reason => fail(reason),
            })?;
        self.throttle.succeeded(caller, now);
        Ok(Authenticated {
            account: account.clone(),
            secret: None,
        })
    }
}

fn is_signed_by(account: Option<&Account>, assertion: &ClientAssertion) -> bool {
    let (algorithm, message) = (assertion.algorithm(), assertion.message());
    let signature = assertion.signature();
    match account.and_then(|account| account.keys.as_ref()) {
        Some(keys) => keys.verify(algorithm, assertion.key_id(), message, signature),
        None => {
            Decoy.verify(algorithm, message, signature);
            false
        }
    }
}

fn refused(error: AssertionError) -> Reason {
    Reason::Credential(CredentialError::Assertion(error))
}
