//! The operations of the SQL store, each in a transaction and within a time limit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::timeout;
use uuid::Uuid;

use super::adopt::{accept, adopt};
use super::attempts::repeat;
use super::check::{Extent, check};
use super::clients::uses;
use super::connections::PATIENCE;
use super::vouching::Part;
use super::{Engine, SqlStore, audit, clients, feed, keys, leases, outbox, schema, tokens};
use crate::keys::{KeyMaterial, RowKeys, StoredAuditKey, StoredKey};
use crate::store::{
    AuditHead, ChangeRecords, ClientRecord, ClientUpdate, ClientUse, Findings, News, Position,
    RevokedToken, Rotated, SchemaStatus, SeenVersion, Store, StoreError, TokensThen,
    WaitingRecords,
};
use crate::token::{Algorithm, ClientId, SecretHash, SecretId, Status, StoredSecret};

/// The number of new clients from which on the database's statistics are refreshed.
const MANY: usize = 1_000;

#[async_trait]
impl Store for SqlStore {
    async fn client(&self, id: &str) -> Result<Option<ClientRecord>, StoreError> {
        self.again(|| async {
            let before = self.vouching.version();
            let rows = clients::rows::one(&mut *self.read().await?, id).await?;
            let Some(rows) = rows else { return Ok(None) };
            // The caller is an administrator, who is told that the row was altered.
            let altered = || StoreError::Altered(Part::Clients.called(id));
            rows.believed(&self.vouching, before)?
                .map(Some)
                .ok_or_else(altered)
        })
        .await
    }

    async fn clients_named(&self, ids: &[ClientId]) -> Result<Vec<ClientRecord>, StoreError> {
        self.again(|| async {
            clients::rows::named(&mut *self.read().await?, &self.vouching, ids).await
        })
        .await
    }

    async fn clients_after(
        &self,
        id: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        self.again(|| async {
            clients::rows::after(&mut *self.read().await?, &self.vouching, id, most).await
        })
        .await
    }

    async fn clients_with_chosen_secrets(
        &self,
        after: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        self.again(|| async {
            clients::rows::with_chosen_secrets(
                &mut *self.read().await?,
                &self.vouching,
                after,
                most,
            )
            .await
        })
        .await
    }

    async fn number_of_clients(&self) -> Result<u64, StoreError> {
        self.again(|| async { clients::rows::number(&mut *self.read().await?).await })
            .await
    }

    async fn add_clients(&self, clients: &[ClientRecord]) -> Result<(), StoreError> {
        self.import_clients(clients, &[]).await
    }

    async fn import_clients(
        &self,
        added: &[ClientRecord],
        changed: &[ClientUpdate],
    ) -> Result<(), StoreError> {
        // The import has no time limit of its own, because many clients take long. Each step has
        // one.
        repeat(|| self.import_all(added, changed)).await?;
        if added.len() >= MANY {
            self.analyze().await;
        }
        Ok(())
    }

    async fn change_client(&self, changed: &ClientRecord) -> Result<(), StoreError> {
        self.again(|| self.put_client(changed)).await
    }

    async fn set_status(
        &self,
        id: &ClientId,
        status: Status,
        tokens: TokensThen,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.again(|| self.put_status(id, (status, tokens), now))
            .await
    }

    async fn revoke_tokens_of(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        self.again(|| self.end_tokens(id, now)).await
    }

    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap_until: Timestamp,
        ends_promised: bool,
    ) -> Result<Rotated, StoreError> {
        let overlap = (overlap_until, ends_promised);
        self.again(|| self.rotate(id, secret, overlap)).await
    }

    async fn replace_hash(
        &self,
        client: &ClientId,
        secret: SecretId,
        seen: &SecretHash,
        new: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = || self.replace(client, secret, [seen, new], now);
        self.again(change).await
    }

    async fn remove_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        self.again(|| self.remove(id, now)).await
    }

    async fn record_uses(&self, uses: &[ClientUse]) -> Result<(), StoreError> {
        self.again(|| async {
            let mut transaction = self.begin().await?;
            uses::record(&mut transaction, uses).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.again(|| async { keys::all(&mut self.read_moment().await?, &self.vouching).await })
            .await
    }

    async fn key_material(&self) -> Result<KeyMaterial, StoreError> {
        self.again(|| async {
            let mut moment = self.read_moment().await?;
            keys::material(&mut moment, &self.vouching).await
        })
        .await
    }

    async fn swap_key_material(
        &self,
        seen: &KeyMaterial,
        new: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.again(|| self.swap_keys(seen, new, now)).await
    }

    async fn token_algorithms(&self) -> Result<BTreeSet<Algorithm>, StoreError> {
        self.again(|| async { clients::rows::token_algorithms(&mut *self.read().await?).await })
            .await
    }

    async fn revoke_token(
        &self,
        token: &RevokedToken,
        most: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.again(|| async {
            let (mut transaction, mut ledger) = self.begin_change().await?;
            tokens::revoke(&mut transaction, &mut ledger, token, most, now).await?;
            self.publish(transaction, ledger).await
        })
        .await
    }

    async fn tokens_revoked_after(&self, change: i64) -> Result<Vec<RevokedToken>, StoreError> {
        self.again(|| async {
            tokens::revoked_after(&mut *self.read().await?, &self.vouching, change).await
        })
        .await
    }

    async fn forget_revoked_tokens(&self, expired_before: Timestamp) -> Result<(), StoreError> {
        self.again(|| async {
            let (mut transaction, mut ledger) = self.begin_change().await?;
            tokens::forget(&mut transaction, &mut ledger, expired_before).await?;
            self.commit(transaction, ledger).await
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
        self.again(|| async {
            let mut transaction = self.begin().await?;
            let taken = leases::take(&mut transaction, task, owner, now, until).await?;
            transaction.commit().await?;
            Ok(taken)
        })
        .await
    }

    async fn release_lease(&self, task: &str, owner: Uuid) -> Result<(), StoreError> {
        self.again(|| async {
            let mut transaction = self.begin().await?;
            leases::release(&mut transaction, task, owner).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn audit_key(&self) -> Result<Option<StoredAuditKey>, StoreError> {
        self.again(|| async { audit::key(&mut *self.read().await?).await })
            .await
    }

    async fn keep_first_audit_key(&self, key: &StoredAuditKey) -> Result<bool, StoreError> {
        self.again(|| async {
            let (mut transaction, mut ledger) = self.begin_change().await?;
            let kept = audit::keep_first_key(&mut transaction, &mut ledger, key).await?;
            ledger.save(&mut transaction).await?;
            transaction.commit().await?;
            Ok(kept)
        })
        .await
    }

    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError> {
        self.again(|| async { audit::heads(&mut *self.read().await?, &self.vouching).await })
            .await
    }

    async fn note_audit_head(&self, head: &AuditHead) -> Result<(), StoreError> {
        self.again(|| async {
            let (mut transaction, mut ledger) = self.begin_change().await?;
            audit::note_head(&mut transaction, &mut ledger, head).await?;
            self.commit(transaction, ledger).await
        })
        .await
    }

    fn recording(&self, records: ChangeRecords) -> Arc<dyn Store> {
        Arc::new(Self {
            records: Some(Arc::new(records)),
            ..self.clone()
        })
    }

    async fn leave_records(&self, records: ChangeRecords) -> Result<(), StoreError> {
        self.again(|| async {
            let (mut transaction, mut ledger) = self.begin_change().await?;
            outbox::put(&mut transaction, &mut ledger, &records).await?;
            self.commit(transaction, ledger).await
        })
        .await
    }

    async fn has_waiting_records(&self) -> Result<bool, StoreError> {
        let is_empty = self.again(|| async { outbox::is_empty(&mut *self.read().await?).await });
        Ok(!is_empty.await?)
    }

    async fn take_waiting_records(
        &self,
        trail: &str,
        left_before: Timestamp,
    ) -> Result<Vec<WaitingRecords>, StoreError> {
        self.again(|| async {
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
        self.again(|| self.forget_records(taken, head)).await
    }

    async fn changes_after(&self, position: Position) -> Result<News, StoreError> {
        self.again(|| async { feed::after(&mut *self.read().await?, position).await })
            .await
    }

    async fn last_change(&self) -> Result<Position, StoreError> {
        self.again(|| async { feed::last(&mut *self.read().await?).await })
            .await
    }

    async fn changed(&self) {
        match &self.listener {
            Some(listener) => listener.changed().await,
            None => std::future::pending().await,
        }
    }

    async fn age(&self) -> Result<Duration, StoreError> {
        if !self.read_only || self.engine == Engine::Sqlite {
            // A process that writes never uses a standby.
            return Ok(Duration::ZERO);
        }
        self.again(|| async { self.replay.age(&mut *self.read().await?).await })
            .await
    }

    fn unheard(&self) -> Option<String> {
        self.listener.as_ref().and_then(|it| it.fault())
    }

    fn entrust(&self, keys: Arc<RowKeys>, seen: SeenVersion) {
        self.vouching.entrust(keys, seen);
    }

    async fn adopt(
        &self,
        keys: Arc<RowKeys>,
        seen: Option<&[u8]>,
        sealed: &[u8],
    ) -> Result<bool, StoreError> {
        adopt(self, keys, seen, sealed).await
    }

    async fn check_rows(&self, most: Option<usize>) -> Result<bool, StoreError> {
        check(self, most.map_or(Extent::All, Extent::UpTo)).await
    }

    fn findings(&self) -> Findings {
        self.vouching.findings()
    }

    fn checks(&self) -> u64 {
        self.vouching.checks()
    }

    async fn version(&self) -> Result<SeenVersion, StoreError> {
        self.again(|| async { self.vouching.read_version(&mut *self.read().await?).await })
            .await
    }

    fn begin_again(&self) {
        self.vouching.begin_again();
    }

    async fn accept_rows(&self, now: Timestamp) -> Result<Findings, StoreError> {
        accept(self, now).await
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        self.again(|| async { schema::status(&mut *self.read().await?, self.engine).await })
            .await
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }

    async fn close(&self) {
        // A database that is gone never closes a connection.
        let _closed = timeout(PATIENCE, self.connections.close()).await;
    }
}
