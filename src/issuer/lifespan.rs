//! When a token begins and ends. It ends after its lifetime, or earlier if something that it
//! depends on ends earlier.

use dropshot_chassis::identity::ClientCertificate;
use jiff::Timestamp;

use crate::directory::Account;
use crate::token::{Lifetime, Reason};

/// `iat` and `exp`: whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifespan {
    pub issued_at: i64,
    pub expires_at: i64,
    /// From now to `expires_at`.
    pub expires_in: Lifetime,
}

impl Lifespan {
    /// The lifespan of a token that is issued now. `certificate` is the one that the token is bound
    /// to, and `key` is when the key that signs the token leaves the JWK set.
    ///
    /// # Errors
    ///
    /// The [`Reason`] of the dependency that ends within this second.
    pub(super) fn of(
        account: &Account,
        lifetime: Lifetime,
        certificate: Option<&ClientCertificate>,
        key: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Reason> {
        let now = now.as_second();
        let ends = [
            (
                account.client.expires_at.map(Timestamp::as_second),
                Reason::ClientExpired,
            ),
            (
                certificate.map(ClientCertificate::expires_at),
                Reason::CertificateExpired,
            ),
            (key.map(Timestamp::as_second), Reason::NoSigningKey),
        ];
        let mut expires_at = now + i64::from(lifetime.as_secs());
        for (end, reason) in ends {
            let Some(end) = end else { continue };
            if end <= now {
                return Err(reason);
            }
            expires_at = expires_at.min(end);
        }
        // `expires_at` is after now, and not after the end of the lifetime.
        let seconds = u64::try_from(expires_at - now).unwrap_or_default();
        Ok(Self {
            // If all tokens of the client were revoked in this second, a new token is told from
            // them by `iat`, which is the next second.
            issued_at: now.max(account.token_terms.not_before),
            expires_at,
            expires_in: Lifetime::from_secs(seconds).unwrap_or(lifetime),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::tests::client;
    use crate::store::ClientRecord;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn account(set: impl FnOnce(&mut ClientRecord)) -> Account {
        let mut record = ClientRecord::new(client("c"), at(0));
        set(&mut record);
        Account::new(record, None, None, false)
    }

    fn lifespan(account: &Account, key: Option<i64>, now: i64) -> Result<Lifespan, Reason> {
        Lifespan::of(account, Lifetime::DEFAULT, None, key.map(at), at(now))
    }

    #[test]
    fn the_first_end_is_the_tokens() {
        let account = account(|record| record.client.expires_at = Some(at(500)));
        let ends = |key, now| lifespan(&account, key, now).map(|token| token.expires_at);
        assert_eq!(ends(None, 100), Ok(500));
        assert_eq!(ends(Some(400), 100), Ok(400));
        assert_eq!(ends(Some(600), 100), Ok(500));
        assert_eq!(ends(Some(400), 400), Err(Reason::NoSigningKey));
        assert_eq!(ends(None, 500), Err(Reason::ClientExpired));
        let last = lifespan(&account, None, 499).unwrap();
        assert_eq!((last.issued_at, last.expires_in.as_secs()), (499, 1));
    }

    #[test]
    fn a_token_that_follows_a_revocation_at_once_is_not_of_before_it() {
        let account = account(|record| record.tokens_not_before = Some(at(101)));
        let token = |now| lifespan(&account, None, now).unwrap();
        let first = token(100);
        assert_eq!((first.issued_at, first.expires_at), (101, 1000));
        assert_eq!(first.expires_in, Lifetime::DEFAULT);
        assert_eq!(token(102).issued_at, 102);
    }
}
