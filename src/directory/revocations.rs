//! The tokens that were revoked before their end (RFC 7009), in memory. Who asks whether a token is
//! active reads this; the way to a new token doesn't.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use crate::store::{RevokedToken, Store, StoreError};
use crate::token::TokenId;

/// The revoked tokens, until a while after their ends.
#[derive(Debug)]
pub(crate) struct Revocations {
    store: Arc<dyn Store>,
    ends: RwLock<HashMap<TokenId, Timestamp>>,
}

impl Revocations {
    /// How many tokens of one client are kept at once: some 2 MB here and in the store.
    const OF_ONE_CLIENT: u32 = 20_000;
    /// How long a revocation outlives its token, for replicas whose clocks are behind.
    const KEPT_AFTER_END: Duration = Duration::from_secs(5 * 60);

    pub(crate) async fn load(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let revocations = Self {
            store,
            ends: RwLock::default(),
        };
        revocations.read_after(0).await?;
        Ok(revocations)
    }

    pub(crate) fn contains(&self, id: &TokenId) -> bool {
        self.read().contains_key(id)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    /// Revokes a token: here at once, and elsewhere by the feed.
    pub(crate) async fn revoke(
        &self,
        token: RevokedToken,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store
            .revoke_token(&token, Self::OF_ONE_CLIENT, now)
            .await?;
        self.add([token]);
        Ok(())
    }

    /// Reads those that were revoked after a change, wherever that was.
    pub(crate) async fn read_after(&self, change: i64) -> Result<(), StoreError> {
        self.add(self.store.tokens_revoked_after(change).await?);
        Ok(())
    }

    /// Forgets the tokens that have expired, here and, if there were any, in the store.
    pub(crate) async fn forget_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now
            .checked_sub(Self::KEPT_AFTER_END)
            .unwrap_or(Timestamp::MIN);
        if self.read().values().any(|end| *end < before) {
            // First there: what it couldn't forget is looked for again as long as it is known here.
            if !self.store.is_read_only() {
                self.store.forget_revoked_tokens(before).await?;
            }
            self.write().retain(|_, end| *end >= before);
        }
        Ok(())
    }

    fn add(&self, tokens: impl IntoIterator<Item = RevokedToken>) {
        let tokens = tokens.into_iter().map(|token| (token.id, token.expires_at));
        self.write().extend(tokens);
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<TokenId, Timestamp>> {
        self.ends.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<TokenId, Timestamp>> {
        self.ends.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Migrate, SqlStore};
    use crate::token::ClientId;

    #[tokio::test]
    async fn what_the_store_could_not_forget_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let store = SqlStore::open_file(&file, Migrate::Yes).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let revocations = Revocations::load(store.clone()).await.unwrap();
        let now = Timestamp::now();
        revocations.add([RevokedToken {
            id: TokenId::generate().unwrap(),
            client_id: ClientId::parse("c").unwrap(),
            expires_at: now - Revocations::KEPT_AFTER_END - Duration::from_secs(1),
        }]);
        store.close().await;
        revocations.forget_expired(now).await.unwrap_err();
        assert_eq!(revocations.len(), 1);
    }
}
