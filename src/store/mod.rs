//! What lasts: clients, the hashes of their secrets, sealed signing keys, and the feed of changes
//! that every process follows.
//!
//! The store knows no secret in the clear and decides nothing. The token path reads it only for
//! clients that have not asked lately: `directory` keeps the other clients, and the keys, in
//! memory.

pub mod conformance;
mod difference;
mod error;
mod findings;
mod record;
mod sql;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub use difference::{Difference, TrailDifference};
pub use error::StoreError;
pub use findings::{Earlier, Findings, SeenVersion};
pub use record::{
    AuditHead, AuditPlace, Change, ChangeRecords, ClientRecord, ClientUpdate, ClientUse, NewSecret,
    News, Position, RevokedToken, Rotated, SchemaStatus, Subject, TokensThen, WaitingRecords,
};
pub use sql::{Copied, SqlStore, Staged};

use crate::config::StoreConfig;
use crate::keys::{KeyMaterial, RowKeys, StoredAuditKey, StoredKey};
use crate::token::{Algorithm, ClientId, SecretHash, SecretId, Status, StoredSecret};

/// A store. Every change and its entry in the feed are one transaction, which is durable when the
/// method returns.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// All clients, by id.
    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError> {
        const PAGE: usize = 5_000;
        let mut all: Vec<ClientRecord> = Vec::new();
        loop {
            let last = all.last().map(|record| &record.client.id);
            let page = self.clients_after(last, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// One client.
    async fn client(&self, id: &str) -> Result<Option<ClientRecord>, StoreError>;

    /// The clients with these ids, in any order. An id without a client is left out.
    async fn clients_named(&self, ids: &[ClientId]) -> Result<Vec<ClientRecord>, StoreError>;

    /// The next clients after `id`, ordered by id; from the beginning if `id` is `None`. Gives
    /// `most` clients at most, and none after the last one.
    async fn clients_after(
        &self,
        id: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError>;

    /// As [`clients_after`](Self::clients_after), of the clients that have a chosen secret. The
    /// check of such a secret is costly.
    async fn clients_with_chosen_secrets(
        &self,
        after: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError>;

    /// The number of clients.
    async fn number_of_clients(&self) -> Result<u64, StoreError>;

    /// Adds clients with their secrets and keys: all, or none. Fails with
    /// [`StoreError::ClientExists`]. The tokens of an earlier client with the same id are revoked.
    async fn add_clients(&self, clients: &[ClientRecord]) -> Result<(), StoreError>;

    /// Adds clients and changes others, with their status and, where the update has one, their
    /// secret: all, or none. Fails with [`StoreError::ClientExists`], [`StoreError::NoSuchClient`]
    /// or [`StoreError::SecretPromised`].
    async fn import_clients(
        &self,
        added: &[ClientRecord],
        changed: &[ClientUpdate],
    ) -> Result<(), StoreError>;

    /// Replaces the settings and keys of the client with the same id, as of `changed_at`. Its
    /// secrets, its status and the time of its registration stay. Fails with
    /// [`StoreError::NoSuchClient`].
    async fn change_client(&self, changed: &ClientRecord) -> Result<(), StoreError>;

    /// Enables or disables a client. `tokens` says whether its tokens stay good. Fails with
    /// [`StoreError::NoSuchClient`].
    async fn set_status(
        &self,
        id: &ClientId,
        status: Status,
        tokens: TokensThen,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Revokes every token that was issued to a client until `now`. Gives the time before which
    /// tokens are revoked. Fails with [`StoreError::NoSuchClient`].
    async fn revoke_tokens_of(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError>;

    /// Adds a secret, made at its `created_at`. The newest of the client's live secrets works until
    /// `overlap_until` at the latest. All others are removed, so that two work at most. If another
    /// live secret would end, it fails with [`StoreError::SecretPromised`] and changes nothing,
    /// unless `ends_promised`. Fails with [`StoreError::NoSuchClient`].
    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap_until: Timestamp,
        ends_promised: bool,
    ) -> Result<Rotated, StoreError>;

    /// Replaces the hash `seen` of a secret by another hash of the same secret. Says whether the
    /// store still had the hash `seen`.
    async fn replace_hash(
        &self,
        client: &ClientId,
        secret: SecretId,
        seen: &SecretHash,
        new: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes a client and its secrets, and revokes its tokens. Fails with
    /// [`StoreError::NoSuchClient`].
    async fn remove_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError>;

    /// Notes when clients and their secrets last authenticated. This adds no entry to the feed.
    async fn record_uses(&self, uses: &[ClientUse]) -> Result<(), StoreError>;

    /// All signing keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// The signing keys, and the sealed key under which client secrets are hashed, as of one
    /// moment.
    async fn key_material(&self) -> Result<KeyMaterial, StoreError>;

    /// Replaces the key material by `new` if the store still holds what was `seen`. Says whether it
    /// did. Every signing key that differs gets an entry in the feed.
    async fn swap_key_material(
        &self,
        seen: &KeyMaterial,
        new: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The token algorithms that clients are registered with.
    async fn token_algorithms(&self) -> Result<BTreeSet<Algorithm>, StoreError>;

    /// Revokes a token. A token that is revoked already stays so. Fails with
    /// [`StoreError::TooManyRevoked`] if the store already keeps `most` revoked tokens of this
    /// client.
    async fn revoke_token(
        &self,
        token: &RevokedToken,
        most: u32,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The tokens that were revoked after the change with this number, in order. After 0, these are
    /// all revoked tokens that the store still keeps.
    async fn tokens_revoked_after(&self, change: i64) -> Result<Vec<RevokedToken>, StoreError>;

    /// Removes revoked tokens that expired before a time, and their entries in the feed. The last
    /// entry of the feed from before that time stays, and all entries after it: every process that
    /// has read the feed since then stands on one of them.
    async fn forget_revoked_tokens(&self, expired_before: Timestamp) -> Result<(), StoreError>;

    /// Takes or prolongs a task that one process at a time may carry out, until a time. Says
    /// whether `owner` has the task now: not while another owner's time is not over. A time that is
    /// far later than `until` was set by a wrong clock and doesn't count. So two processes may
    /// carry out a task at once, and it must bear that.
    async fn take_lease(
        &self,
        task: &str,
        owner: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives a task back, if `owner` has it.
    async fn release_lease(&self, task: &str, owner: Uuid) -> Result<(), StoreError>;

    /// The sealed key that signs checkpoints of audit trails; `None` if the store has none yet.
    async fn audit_key(&self) -> Result<Option<StoredAuditKey>, StoreError>;

    /// Keeps the key if the store has none yet. Says whether it did.
    async fn keep_first_audit_key(&self, key: &StoredAuditKey) -> Result<bool, StoreError>;

    /// How far each audit trail went when it was last noted, ordered by the trails' ids.
    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError>;

    /// Notes how far a trail goes, unless a later record of it is noted already.
    async fn note_audit_head(&self, head: &AuditHead) -> Result<(), StoreError>;

    /// The same store, for one change. It writes these records into the outbox in the transaction
    /// of that change.
    fn recording(&self, records: ChangeRecords) -> Arc<dyn Store>;

    /// Writes these records into the outbox, without a change. A trail's writer takes them from
    /// there.
    async fn leave_records(&self, records: ChangeRecords) -> Result<(), StoreError>;

    /// Whether the outbox holds records for a trail.
    async fn has_waiting_records(&self) -> Result<bool, StoreError>;

    /// Gives a trail's writer the records that it is to write, in order, 1,600 at most: those for
    /// its own trail, those for any trail, and those for another trail that have waited since
    /// before `left_before`.
    async fn take_waiting_records(
        &self,
        trail: &str,
        left_before: Timestamp,
    ) -> Result<Vec<WaitingRecords>, StoreError>;

    /// Removes these records from the outbox, because they are in a trail, and notes how far the
    /// trail goes now.
    async fn note_written_records(
        &self,
        taken: &[WaitingRecords],
        head: &AuditHead,
    ) -> Result<(), StoreError>;

    /// The changes since a position.
    async fn changes_after(&self, position: Position) -> Result<News, StoreError>;

    /// The position of the last change.
    async fn last_change(&self) -> Result<Position, StoreError>;

    /// Waits until the store says that something may have changed; for ever if it can't say. The
    /// caller polls the feed as well.
    async fn changed(&self);

    /// How old the data may be that the store shows: zero except on a standby, which may be cut off
    /// or have stopped replaying.
    async fn age(&self) -> Result<Duration, StoreError> {
        Ok(Duration::ZERO)
    }

    /// Why the store doesn't say that something has changed, although this kind of store can.
    fn unheard(&self) -> Option<String> {
        None
    }
    /// From now on, only rows that these keys vouch for are believed, and these keys vouch for new
    /// rows. `seen` is the version of the store that this installation saw before.
    fn entrust(&self, keys: Arc<RowKeys>, seen: SeenVersion);

    /// Replaces the sealed secret key that was `seen` by `sealed`, vouches for all rows that the
    /// store has, and calls [`entrust`](Self::entrust). If `seen` is `None`, the store is new, and
    /// its rows are not vouched for. Says whether this was done. It is done once: not if another
    /// process did it first.
    async fn adopt(
        &self,
        keys: Arc<RowKeys>,
        seen: Option<&[u8]>,
        sealed: &[u8],
    ) -> Result<bool, StoreError>;

    /// Checks all rows, with pauses. With `most`, it makes no pauses, and checks nothing if there
    /// are more clients than that. Says whether it checked them.
    async fn check_rows(&self, most: Option<usize>) -> Result<bool, StoreError>;

    /// The rows that are known not to be as this service wrote them.
    fn findings(&self) -> Findings;

    /// How often all rows were checked.
    fn checks(&self) -> u64;

    /// The highest version of the store that was seen, now included. Each change of rows that are
    /// vouched for raises the version. It is 0 if nothing vouches for rows.
    async fn version(&self) -> Result<SeenVersion, StoreError>;

    /// The caller has found that the store's history is another one, such as that of a backup. Rows
    /// may now be older than those read before. The store counts as in an earlier state until an
    /// administrator accepts its rows.
    fn begin_again(&self);

    /// Vouches for the rows as they are, on the word of an administrator. Clients that were not
    /// believed are disabled, and such signing keys are removed. Gives what was wrong before.
    async fn accept_rows(&self, now: Timestamp) -> Result<Findings, StoreError>;

    /// The version of the schema, and the version that this program has.
    async fn schema(&self) -> Result<SchemaStatus, StoreError>;

    /// Whether this process may only read: writes fail with [`StoreError::ReadOnly`].
    fn is_read_only(&self) -> bool;

    /// Closes all connections.
    async fn close(&self);
}

/// What to do about a schema that is older than this program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date. Make the store if there is none.
    Yes,
    /// Refuse to use it.
    No,
}

impl From<bool> for Migrate {
    /// Reads the setting `store.migrate`.
    fn from(migrate: bool) -> Self {
        if migrate { Self::Yes } else { Self::No }
    }
}

/// Opens the store that the configuration names.
///
/// # Errors
/// As [`SqlStore::open`].
pub async fn open(config: &StoreConfig, migrate: Migrate) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(SqlStore::open(config, migrate).await?))
}
