//! Which of a client's tokens are good. This depends on when they were issued, and on the state of
//! the client.

use jiff::Timestamp;

/// The conditions that a token must meet besides its own claims. A token of an earlier client with
/// the same id doesn't meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenTerms {
    /// The first `iat` of a good token, in seconds since 1970.
    pub not_before: i64,
    /// When the client and its tokens expire; `None` for no end.
    pub until: Option<Timestamp>,
    /// Whether the client is disabled and its tokens with it.
    pub is_suspended: bool,
}

/// Why a token that is well signed and has not expired is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Withdrawn {
    /// The client is disabled.
    #[error("its client is disabled")]
    ClientDisabled,
    /// The client has expired.
    #[error("its client ended at {0:.0}")]
    ClientEnded(Timestamp),
    /// It was revoked with all of the client's tokens, or belongs to an earlier client with the
    /// same id.
    #[error("the tokens of its client that were issued before {0:.0} are revoked")]
    IssuedBefore(Timestamp),
}

impl TokenTerms {
    /// Whether a token with this `iat` is good at `now`.
    ///
    /// # Errors
    /// [`Withdrawn`]: why the token is not good.
    pub fn check(&self, issued_at: i64, now: Timestamp) -> Result<(), Withdrawn> {
        if issued_at < self.not_before {
            let not_before = Timestamp::from_second(self.not_before);
            return Err(Withdrawn::IssuedBefore(
                not_before.unwrap_or(Timestamp::MAX),
            ));
        }
        match self.until {
            Some(end) if end <= now => Err(Withdrawn::ClientEnded(end)),
            _ if self.is_suspended => Err(Withdrawn::ClientDisabled),
            _ => Ok(()),
        }
    }

    /// The `not_before` that revokes every token that was issued until `now`. `iat` has whole
    /// seconds, so all tokens of the same second are revoked, later ones too.
    #[must_use]
    pub fn revoking_until(now: Timestamp) -> Timestamp {
        Timestamp::from_second(now.as_second() + 1).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_good_from_a_time_to_a_time_and_while_its_client_is_enabled() {
        let terms = TokenTerms {
            not_before: 10,
            until: Some(at(20)),
            is_suspended: false,
        };
        assert_eq!(terms.check(10, at(19)), Ok(()));
        assert_eq!(terms.check(9, at(19)), Err(Withdrawn::IssuedBefore(at(10))));
        assert_eq!(terms.check(10, at(20)), Err(Withdrawn::ClientEnded(at(20))));
        let suspended = TokenTerms {
            is_suspended: true,
            ..terms
        };
        assert_eq!(suspended.check(10, at(19)), Err(Withdrawn::ClientDisabled));
    }

    #[test]
    fn a_token_of_the_second_in_which_tokens_are_revoked_is_revoked() {
        let now = Timestamp::from_millisecond(10_001).unwrap();
        assert_eq!(TokenTerms::revoking_until(now), at(11));
        assert_eq!(TokenTerms::revoking_until(at(10)), at(11));
    }
}
