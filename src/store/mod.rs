//! What lasts: clients, their secrets' hashes, sealed signing keys, and the feed of changes that every process follows.
//!
//! Knows no secret in the clear and decides nothing. Reading it on the token path is not needed: [`crate::issuer`] keeps a view
//! in memory.

pub mod conformance;
mod error;
mod open;
mod record;
mod sqlite;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

pub use error::StoreError;
pub use open::{Migrate, open};
pub use record::{Change, ClientRecord, SchemaStatus, SecretUse, Subject};
pub use sqlite::SqliteStore;

use crate::keys::StoredKey;
use crate::token::{Client, ClientId, Status, StoredSecret};

/// A store. Every change and its entry in the feed are one transaction, and durable when the method returns.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// All clients, by id.
    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError>;

    /// One client.
    async fn client(&self, id: &str) -> Result<Option<ClientRecord>, StoreError>;

    /// Adds a client with its first secret. Fails with [`StoreError::ClientExists`].
    async fn add_client(&self, client: &Client, secret: &StoredSecret) -> Result<(), StoreError>;

    /// Enables or disables a client. Fails with [`StoreError::NoSuchClient`].
    async fn set_status(
        &self,
        id: &ClientId,
        status: Status,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Adds a secret, made at its `created_at`. The newest of the client's live secrets goes on working until
    /// `overlap_until` at the latest; all others are forgotten, so that two work at most. Fails with
    /// [`StoreError::NoSuchClient`].
    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap_until: Timestamp,
    ) -> Result<(), StoreError>;

    /// Removes a client and its secrets. Fails with [`StoreError::NoSuchClient`].
    async fn remove_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError>;

    /// Notes when secrets were last used. Not a change that anybody follows.
    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError>;

    /// All signing keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Adds a signing key.
    async fn add_signing_key(&self, key: &StoredKey) -> Result<(), StoreError>;

    /// Adds a signing key unless there is one already, for when several processes start at once. Says whether it did.
    async fn add_first_signing_key(&self, key: &StoredKey) -> Result<bool, StoreError>;

    /// The sealed key under which client secrets are hashed, if one was kept.
    async fn sealed_secret_key(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps the sealed key unless there is one already. Says whether it did.
    async fn keep_first_sealed_secret_key(&self, sealed: &[u8]) -> Result<bool, StoreError>;

    /// The changes with a higher number than `sequence`, in order, some thousands at most.
    async fn changes_after(&self, sequence: i64) -> Result<Vec<Change>, StoreError>;

    /// The number of the last change; 0 before the first.
    async fn last_change(&self) -> Result<i64, StoreError>;

    /// How the schema stands to this program.
    async fn schema(&self) -> Result<SchemaStatus, StoreError>;

    /// Ends all connections.
    async fn close(&self);
}
