//! Changes of several tables, each in one transaction with its entries in the feed.

use jiff::Timestamp;

use super::attempts::in_time;
use super::clients::{removed, secrets};
use super::insert::ROWS;
use super::{SqlStore, audit, clients, feed, keys, outbox};
use crate::keys::KeyMaterial;
use crate::store::{
    AuditHead, ClientRecord, ClientUpdate, Rotated, StoreError, TokensThen, WaitingRecords,
};
use crate::token::{ClientId, SecretHash, SecretId, Status, StoredSecret};

impl SqlStore {
    /// Adds clients and changes others: all, or none.
    pub(super) async fn import_all(
        &self,
        added: &[ClientRecord],
        changed: &[ClientUpdate],
    ) -> Result<(), StoreError> {
        let mut transaction = in_time(self.begin()).await?;
        let mut ledger = in_time(self.ledger(&mut transaction)).await?;
        let removed = in_time(removed::lately(&mut transaction, added)).await?;
        for records in added.chunks(ROWS) {
            let subjects = records
                .iter()
                .map(|record| (record.client.id.as_str(), record.changed_at));
            let subjects: Vec<_> = subjects.collect();
            in_time(async {
                clients::add(&mut transaction, &mut ledger, records, &removed).await?;
                feed::append(&mut transaction, &mut ledger, feed::CLIENT, &subjects).await
            })
            .await?;
        }
        for update in changed {
            in_time(clients::update(&mut transaction, &mut ledger, update)).await?;
        }
        in_time(self.publish(transaction, ledger)).await
    }

    /// Replaces the hash `seen` of a secret if the store still has it.
    pub(super) async fn replace(
        &self,
        client: &ClientId,
        secret: SecretId,
        hashes: [&SecretHash; 2],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let mut ledger = self.ledger(&mut transaction).await?;
        if !secrets::replace_hash(&mut transaction, &mut ledger, client, secret, hashes).await? {
            return Ok(false);
        }
        self.publish_client(transaction, ledger, client, now)
            .await?;
        Ok(true)
    }

    /// Enables or disables a client.
    pub(super) async fn put_status(
        &self,
        id: &ClientId,
        standing: (Status, TokensThen),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut transaction, mut ledger) = self.begin_change().await?;
        clients::set_status(&mut transaction, &mut ledger, id, standing, now).await?;
        self.publish_client(transaction, ledger, id, now).await
    }

    /// Revokes a client's tokens. Gives the time before which tokens are revoked.
    pub(super) async fn end_tokens(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let (mut transaction, mut ledger) = self.begin_change().await?;
        let not_before = clients::revoke_tokens(&mut transaction, &mut ledger, id, now).await?;
        self.publish_client(transaction, ledger, id, now).await?;
        Ok(not_before)
    }

    /// Adds a secret to a client and ends its older ones.
    pub(super) async fn rotate(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap: (Timestamp, bool),
    ) -> Result<Rotated, StoreError> {
        let (mut transaction, mut ledger) = self.begin_change().await?;
        let rotated = secrets::rotate(&mut transaction, &mut ledger, id, secret, overlap).await?;
        let at = secret.created_at;
        self.publish_client(transaction, ledger, id, at).await?;
        Ok(rotated)
    }

    /// Removes a client, and notes the time before which its tokens are revoked.
    pub(super) async fn remove(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        let (mut transaction, mut ledger) = self.begin_change().await?;
        let not_before = clients::remove(&mut transaction, &mut ledger, id, now).await?;
        removed::note(&mut transaction, &mut ledger, id, not_before).await?;
        self.publish_client(transaction, ledger, id, now).await
    }

    /// Replaces the key material if the store still has what was `seen`.
    pub(super) async fn swap_keys(
        &self,
        seen: &KeyMaterial,
        new: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if keys::material(&mut transaction, &self.vouching).await? != *seen {
            return Ok(false);
        }
        let mut ledger = self.ledger(&mut transaction).await?;
        for id in keys::put(&mut transaction, &mut ledger, seen, new).await? {
            let subject = [(id, now)];
            feed::append(&mut transaction, &mut ledger, feed::SIGNING_KEY, &subject).await?;
        }
        self.publish(transaction, ledger).await?;
        Ok(true)
    }

    /// Replaces the settings and keys of the client with the same id.
    pub(super) async fn put_client(&self, changed: &ClientRecord) -> Result<(), StoreError> {
        let (mut transaction, mut ledger) = self.begin_change().await?;
        clients::change(&mut transaction, &mut ledger, changed).await?;
        let (id, at) = (&changed.client.id, changed.changed_at);
        self.publish_client(transaction, ledger, id, at).await
    }

    /// Removes records that a trail has from the outbox, and notes how far the trail goes.
    pub(super) async fn forget_records(
        &self,
        taken: &[WaitingRecords],
        head: &AuditHead,
    ) -> Result<(), StoreError> {
        let (mut transaction, mut ledger) = self.begin_change().await?;
        outbox::forget(&mut transaction, &mut ledger, taken).await?;
        audit::note_head(&mut transaction, &mut ledger, head).await?;
        self.commit(transaction, ledger).await
    }
}
