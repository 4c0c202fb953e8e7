//! The tokens that were revoked before their end (RFC 7009), in memory. Who asks whether a token is active reads this; the way to a
//! new token doesn't.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use crate::store::RevokedToken;
use crate::token::TokenId;

/// The revoked tokens with their ends, until a while after those.
#[derive(Debug, Default)]
pub(super) struct Revocations(RwLock<HashMap<TokenId, Timestamp>>);

impl Revocations {
    /// How many tokens of one client are kept at once: some 2 MB here and in the store, at most.
    pub(super) const OF_ONE_CLIENT: u32 = 20_000;
    /// How long a revocation outlives its token, for replicas whose clocks are behind.
    const KEPT_AFTER_END: Duration = Duration::from_secs(5 * 60);

    pub(super) fn contains(&self, id: &TokenId) -> bool {
        self.read().contains_key(id)
    }

    pub(super) fn add(&self, tokens: impl IntoIterator<Item = RevokedToken>) {
        let tokens = tokens.into_iter().map(|token| (token.id, token.expires_at));
        self.write().extend(tokens);
    }

    /// Forgets the tokens that have expired. Gives the end before which they had, if there were any.
    pub(super) fn forget_expired(&self, now: Timestamp) -> Option<Timestamp> {
        let before = now.checked_sub(Self::KEPT_AFTER_END).ok()?;
        let mut revoked = self.write();
        let number = revoked.len();
        revoked.retain(|_, expires_at| *expires_at >= before);
        (revoked.len() < number).then_some(before)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<TokenId, Timestamp>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<TokenId, Timestamp>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::ClientId;

    #[test]
    fn a_revocation_is_forgotten_a_while_after_its_token_has_expired() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let token = |second| RevokedToken {
            id: TokenId::generate().unwrap(),
            client_id: ClientId::parse("c").unwrap(),
            expires_at: at(second),
        };
        let revocations = Revocations::default();
        let (one, two) = (token(1_000), token(2_000));
        revocations.add([one.clone(), two.clone()]);
        assert_eq!(revocations.forget_expired(at(1_300)), None);
        assert!(revocations.contains(&one.id) && revocations.contains(&two.id));
        assert_eq!(revocations.forget_expired(at(1_301)), Some(at(1_001)));
        assert!(!revocations.contains(&one.id) && revocations.contains(&two.id));
    }
}
