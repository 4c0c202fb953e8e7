//! Changes of clients as whole transactions, with their entries in the feed.

use jiff::Timestamp;

use super::attempts::in_time;
use super::clients::{removed, secrets};
use super::insert::ROWS;
use super::{SqlStore, clients, feed};
use crate::store::{ClientRecord, ClientUpdate, StoreError};
use crate::token::{ClientId, SecretHash, SecretId};

impl SqlStore {
    /// Adds clients and changes others, all or none.
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

    /// Puts another hash of a secret in the place of the one that was seen, if that is still there.
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
}
