//! The tokens that were revoked before their end (RFC 7009), in memory. Introspection reads this. A
//! request for a new token doesn't.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::Timestamp;

use crate::store::{RevokedToken, Store, StoreError};
use crate::token::TokenId;

/// The revoked tokens. Each is kept for a while after its end.
#[derive(Debug)]
pub(crate) struct Revocations {
    store: Arc<dyn Store>,
    ends: RwLock<HashMap<TokenId, Timestamp>>,
}

impl Revocations {
    /// How many revoked tokens of one client are kept at once: about 2 MB here and in the store.
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

    /// How many revoked tokens are kept.
    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    /// Revokes a token: here at once, and elsewhere through the feed.
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

    /// Reads the tokens that any replica revoked after this change.
    pub(crate) async fn read_after(&self, change: i64) -> Result<(), StoreError> {
        self.add(self.store.tokens_revoked_after(change).await?);
        Ok(())
    }

    /// Forgets the tokens that have expired, here and in the store. Asks the store only if there
    /// are such tokens here.
    pub(crate) async fn forget_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now
            .checked_sub(Self::KEPT_AFTER_END)
            .unwrap_or(Timestamp::MIN);
        if self.read().values().any(|end| *end < before) {
            // The store forgets first. If it fails, the tokens are still known here, and the next
            // call tries again.
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
