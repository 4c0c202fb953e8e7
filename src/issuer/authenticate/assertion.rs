//! `private_key_jwt`, RFC 7523 2.2: checks that the client signed the assertion, that it is for
//! this service, and that it is used for the first time.

use std::net::IpAddr;
use std::time::Duration;

use dropshot_chassis::identity::Source;
use jiff::Timestamp;

use super::{Authenticator, Named};
use crate::directory::{Account, Accounts, Authenticated};
use crate::keys::{ClientKeys, Decoy};
use crate::token::{
    AssertionAudience, AssertionError, AuthMethod, ClientAssertion, CredentialError, Reason,
};

impl Authenticator {
    /// Checks what the request alone decides, before any costly work: RFC 7523 3.
    pub(super) fn check_claims(
        &self,
        assertion: &ClientAssertion,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), Reason> {
        let checked = self.audience(assertion, now);
        checked.map(drop).map_err(|error| {
            let source = Source::from(address);
            let caller = self.throttle.caller(assertion.client_id(), source);
            self.failed(Named::Unknown, caller, refused(error), now)
        })
    }

    /// Checks the signature and that the assertion is new.
    ///
    /// A signature can't be guessed, so a right one is accepted at any time, like a generated
    /// secret. Guesses from behind the same gateway don't lock the client out. A check takes about
    /// ten to a hundred microseconds, for any client.
    pub(super) fn check_assertion(
        &self,
        accounts: &Accounts,
        named: Named<'_>,
        assertion: &ClientAssertion,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Authenticated, Reason> {
        let source = Source::from(address);
        let caller = self.caller(named, assertion.client_id(), source);
        let fail = |reason| self.failed(named, caller, reason, now);

        // 1. The signature, and whether the client may use it. A caller doesn't learn which of them
        // is wrong, also not from the time that the answer takes.
        let signed = self.is_signed_by(named.account().map(|account| &**account), assertion);
        let account = named.known().map_err(fail)?;
        if let Some(barred) = account.barred(AuthMethod::PrivateKeyJwt, address, now) {
            return Err(fail(barred));
        }
        if let Err(error) = signed {
            // The client may sign with a key that it has published since the last fetch.
            if let Some(uri) = &account.client.jwks_uri {
                self.remote_keys.want(uri);
            }
            return Err(fail(refused(error)));
        }
        let audience = self.audience(assertion, now);
        let audience = audience.map_err(|error| fail(refused(error)))?;
        if audience == AssertionAudience::TokenEndpoint
            && account.client.assertion_audience == AssertionAudience::Issuer
        {
            return Err(fail(refused(AssertionError::WrongAudience)));
        }

        // 2. An assertion is used once: RFC 7523 3. The service remembers only assertions that the
        // client signed, so that another caller can't use up the client's memory.
        if accounts.can_remember_no_assertion() {
            let wait = Duration::from_secs(60);
            return Err(Reason::TooManyRequests { wait });
        }
        let used = &account.recent_use.used_assertions;
        used.note(assertion.id(), assertion.expires_at(audience), now)
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

    /// Which audience the assertion names.
    fn audience(
        &self,
        assertion: &ClientAssertion,
        now: Timestamp,
    ) -> Result<AssertionAudience, AssertionError> {
        assertion.check(self.issuer.as_str(), &self.token_endpoint, now)
    }

    /// Checks that one of the client's keys signed the assertion. Takes as long if there is no
    /// client or no key.
    fn is_signed_by(
        &self,
        account: Option<&Account>,
        assertion: &ClientAssertion,
    ) -> Result<(), AssertionError> {
        let (algorithm, message) = (assertion.algorithm(), assertion.message());
        let signature = assertion.signature();
        let verified = |keys: &ClientKeys| {
            let verified = keys.verify(algorithm, assertion.key_id(), message, signature);
            verified.then_some(()).ok_or(AssertionError::BadSignature)
        };
        let uri = account.and_then(|account| account.client.jwks_uri.as_ref());
        let published = uri.map(|uri| self.remote_keys.get(uri));
        match (published, account.and_then(|account| account.keys.as_ref())) {
            (Some(Some(published)), _) => verified(&published),
            (None, Some(own)) => verified(own),
            (published, _) => {
                Decoy.verify(algorithm, message, signature);
                Err(match published {
                    Some(_) => AssertionError::KeysUnknown,
                    None => AssertionError::BadSignature,
                })
            }
        }
    }
}

fn refused(error: AssertionError) -> Reason {
    Reason::Credential(CredentialError::Assertion(error))
}
