//! What a store does, in transactions and in time.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Any, Transaction};
use tokio::time::timeout;
use uuid::Uuid;

use super::connections::PATIENCE;
use super::insert::ROWS;
use super::{SqlStore, audit, clients, feed, keys, leases, outbox, schema, tokens};
use crate::keys::{KeyMaterial, StoredAuditKey, StoredKey};
use crate::store::{
    AuditHead, ChangeRecords, ClientRecord, News, Position, RevokedToken, SchemaStatus, SecretUse,
    Store, StoreError, WaitingRecords,
};
use crate::token::{Algorithm, ClientId, Status, StoredSecret};

/// How many clients are read in one statement where all are.
const PAGE: usize = 5_000;
/// How many clients are so many that the database must know to read them well.
const MANY: usize = 1_000;

#[async_trait]
impl Store for SqlStore {
    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError> {
        let mut all: Vec<ClientRecord> = Vec::new();
        loop {
            let last = all.last().map(|record| &record.client.id);
            let page = self.clients_after(last, PAGE).await?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn client(&self, id: &str) -> Result<Option<ClientRecord>, StoreError> {
        in_time(clients::rows::one(&self.pool, id)).await
    }

    async fn clients_named(&self, ids: &[ClientId]) -> Result<Vec<ClientRecord>, StoreError> {
        in_time(clients::rows::named(&self.pool, ids)).await
    }

    async fn clients_after(
        &self,
        id: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        in_time(clients::rows::after(&self.pool, id, most)).await
    }

    async fn clients_with_chosen_secrets(
        &self,
        after: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        in_time(clients::rows::with_chosen_secrets(&self.pool, after, most)).await
    }

    async fn number_of_clients(&self) -> Result<u64, StoreError> {
        in_time(clients::rows::number(&self.pool)).await
    }

    async fn add_clients(&self, clients: &[ClientRecord]) -> Result<(), StoreError> {
        // In as much time as so many take.
        let mut transaction = in_time(self.begin()).await?;
        for records in clients.chunks(ROWS) {
            let subjects = records
                .iter()
                .map(|record| (record.client.id.as_str(), record.changed_at));
            let subjects: Vec<_> = subjects.collect();
            in_time(async {
                clients::add(&mut transaction, records).await?;
                feed::append(&mut transaction, feed::CLIENT, &subjects).await
            })
            .await?;
        }
        in_time(self.publish(transaction)).await?;
        if clients.len() >= MANY {
            self.analyze().await;
        }
        Ok(())
    }

    async fn change_client(&self, changed: &ClientRecord) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            clients::change(&mut transaction, changed).await?;
            let (id, at) = (&changed.client.id, changed.changed_at);
            self.publish_client(transaction, id, at).await
        })
        .await
    }

    async fn set_status(
        &self,
        id: &ClientId,
        status: Status,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            clients::set_status(&mut transaction, id, status, now).await?;
            self.publish_client(transaction, id, now).await
        })
        .await
    }

    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap_until: Timestamp,
    ) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            clients::rotate_secret(&mut transaction, id, secret, overlap_until).await?;
            self.publish_client(transaction, id, secret.created_at)
                .await
        })
        .await
    }

    async fn remove_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            clients::remove(&mut transaction, id).await?;
            self.publish_client(transaction, id, now).await
        })
        .await
    }

    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            clients::record_uses(&mut transaction, uses).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        in_time(async { keys::all(&mut *self.pool.acquire().await?).await }).await
    }

    async fn key_material(&self) -> Result<KeyMaterial, StoreError> {
        in_time(async {
            let mut moment = self.pool.begin_with(self.engine.begin_reading()).await?;
            keys::material(&mut moment).await
        })
        .await
    }

    async fn swap_key_material(
        &self,
        seen: &KeyMaterial,
        new: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            if keys::material(&mut transaction).await? != *seen {
                return Ok(false);
            }
            for id in keys::put(&mut transaction, seen, new).await? {
                feed::append(&mut transaction, feed::SIGNING_KEY, &[(id, now)]).await?;
            }
            self.publish(transaction).await?;
            Ok(true)
        })
        .await
    }

    async fn token_algorithms(&self) -> Result<BTreeSet<Algorithm>, StoreError> {
        in_time(clients::rows::token_algorithms(&self.pool)).await
    }

    async fn revoke_token(
        &self,
        token: &RevokedToken,
        most: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            tokens::revoke(&mut transaction, token, most, now).await?;
            self.publish(transaction).await
        })
        .await
    }

    async fn tokens_revoked_after(&self, change: i64) -> Result<Vec<RevokedToken>, StoreError> {
        in_time(tokens::revoked_after(&self.pool, change)).await
    }

    async fn forget_revoked_tokens(&self, expired_before: Timestamp) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            tokens::forget(&mut transaction, expired_before).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn take_lease(
        &self,
        task: &str,
        owner: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            let taken = leases::take(&mut transaction, task, owner, now, until).await?;
            transaction.commit().await?;
            Ok(taken)
        })
        .await
    }

    async fn release_lease(&self, task: &str, owner: Uuid) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            leases::release(&mut transaction, task, owner).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn audit_key(&self) -> Result<Option<StoredAuditKey>, StoreError> {
        in_time(audit::key(&self.pool)).await
    }

    async fn keep_first_audit_key(&self, key: &StoredAuditKey) -> Result<bool, StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            let kept = audit::keep_first_key(&mut transaction, key).await?;
            transaction.commit().await?;
            Ok(kept)
        })
        .await
    }

    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError> {
        in_time(audit::heads(&self.pool)).await
    }

    async fn note_audit_head(&self, head: &AuditHead) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            audit::note_head(&mut transaction, head).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    fn recording(&self, records: ChangeRecords) -> Arc<dyn Store> {
        Arc::new(Self {
            records: Some(Arc::new(records)),
            ..self.clone()
        })
    }

    async fn has_waiting_records(&self) -> Result<bool, StoreError> {
        Ok(!in_time(outbox::is_empty(&self.pool)).await?)
    }

    async fn take_waiting_records(
        &self,
        trail: &str,
        left_before: Timestamp,
    ) -> Result<Vec<WaitingRecords>, StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            let taken = outbox::take(&mut transaction, trail, left_before).await?;
            transaction.commit().await?;
            Ok(taken)
        })
        .await
    }

    async fn note_written_records(
        &self,
        taken: &[WaitingRecords],
        head: &AuditHead,
    ) -> Result<(), StoreError> {
        in_time(async {
            let mut transaction = self.begin().await?;
            outbox::forget(&mut transaction, taken).await?;
            audit::note_head(&mut transaction, head).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn changes_after(&self, position: Position) -> Result<News, StoreError> {
        in_time(feed::after(&self.pool, position)).await
    }

    async fn last_change(&self) -> Result<Position, StoreError> {
        in_time(feed::last(&self.pool)).await
    }

    async fn changed(&self) {
        match &self.listener {
            Some(listener) => listener.changed().await,
            None => std::future::pending().await,
        }
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        in_time(schema::status(&self.pool, self.engine)).await
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }

    async fn close(&self) {
        let _a_database_that_is_gone_closes_nothing = timeout(PATIENCE, self.pool.close()).await;
    }
}

impl SqlStore {
    /// Commits the change of a client, and tells those that follow.
    async fn publish_client(
        &self,
        mut transaction: Transaction<'static, Any>,
        id: &ClientId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        feed::append(&mut transaction, feed::CLIENT, &[(id.as_str(), at)]).await?;
        self.publish(transaction).await
    }
}

/// What is asked of the database ends, one way or the other.
async fn in_time<T>(
    work: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    timeout(PATIENCE, work)
        .await
        .unwrap_or(Err(StoreError::TimedOut))
}
