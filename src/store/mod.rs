//! What lasts: clients, their secrets' hashes, sealed signing keys, and the feed of changes that
//! every process follows.
//!
//! Knows no secret in the clear and decides nothing. Reading it on the token path is needed for
//! clients alone that didn't ask lately: [`crate::issuer`] keeps the others, and the keys, in
//! memory.

pub mod conformance;
mod difference;
mod error;
mod findings;
mod open;
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
pub use open::{Migrate, open};
pub use record::{
    AuditHead, AuditPlace, Change, ChangeRecords, ClientRecord, ClientUpdate, ClientUse, NewSecret,
    News, Position, RevokedToken, Rotated, SchemaStatus, Subject, TokensThen, WaitingRecords,
};
pub use sql::{Copied, SqlStore, Staged};

use crate::keys::{KeyMaterial, RowKeys, StoredAuditKey, StoredKey};
use crate::token::{Algorithm, ClientId, SecretHash, SecretId, Status, StoredSecret};

/// A store. Every change and its entry in the feed are one transaction, and durable when the method
/// returns.
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

    /// Those of these clients that there are, in any order.
    async fn clients_named(&self, ids: &[ClientId]) -> Result<Vec<ClientRecord>, StoreError>;

    /// The next clients, by id, after this one; from the beginning when there is none. So many at
    /// most, and none at the end.
    async fn clients_after(
        &self,
        id: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError>;

    /// The same of the clients that have a secret of somebody's choice, whose check is costly.
    async fn clients_with_chosen_secrets(
        &self,
        after: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError>;

    /// How many clients there are.
    async fn number_of_clients(&self) -> Result<u64, StoreError>;

    /// Adds clients with all that belongs to them: all, or none. Fails with
    /// [`StoreError::ClientExists`]. No token of a client that had the same id before is good any
    /// more.
    async fn add_clients(&self, clients: &[ClientRecord]) -> Result<(), StoreError>;

    /// Adds clients, and changes others with their status and, where they get another, their
    /// secret: all, or none. Fails with [`StoreError::ClientExists`] or
    /// [`StoreError::NoSuchClient`].
    async fn import_clients(
        &self,
        added: &[ClientRecord],
        changed: &[ClientUpdate],
    ) -> Result<(), StoreError>;

    /// Puts a client and its keys in the place of those with the same id, as of its `changed_at`.
    /// Its secrets, its status and its beginning stay as they are. Fails with
    /// [`StoreError::NoSuchClient`].
    async fn change_client(&self, changed: &ClientRecord) -> Result<(), StoreError>;

    /// Enables or disables a client, of which tokens that are kept stay good. Fails with
    /// [`StoreError::NoSuchClient`].
    async fn set_status(
        &self,
        id: &ClientId,
        status: Status,
        tokens: TokensThen,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Revokes every token that a client has until `now`. Gives the time before which these were
    /// issued. Fails with [`StoreError::NoSuchClient`].
    async fn revoke_tokens_of(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError>;

    /// Adds a secret, made at its `created_at`. The newest of the client's live secrets goes on
    /// working until `overlap_until` at the latest; all others are forgotten, so that two work at
    /// most. If that ends one before its time, it fails with [`StoreError::SecretPromised`] and
    /// changes nothing, unless `ends_promised`. Fails with [`StoreError::NoSuchClient`].
    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap_until: Timestamp,
        ends_promised: bool,
    ) -> Result<Rotated, StoreError>;

    /// Puts another hash of the same secret in the place of the one that was `seen`. Says whether
    /// that was still there.
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

    /// Notes when clients, and their secrets, last authenticated. Not a change that anybody
    /// follows.
    async fn record_uses(&self, uses: &[ClientUse]) -> Result<(), StoreError>;

    /// All signing keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// The signing keys and the sealed key under which client secrets are hashed, as of one moment.
    async fn key_material(&self) -> Result<KeyMaterial, StoreError>;

    /// Puts `new` in the place of the key material, if that is still what was `seen`. Says whether
    /// it did. Every signing key that differs is a change that is followed.
    async fn swap_key_material(
        &self,
        seen: &KeyMaterial,
        new: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The algorithms that clients have of their own.
    async fn token_algorithms(&self) -> Result<BTreeSet<Algorithm>, StoreError>;

    /// Revokes a token, once or again. Fails with [`StoreError::TooManyRevoked`] where `most`
    /// tokens of its client are revoked and not forgotten yet.
    async fn revoke_token(
        &self,
        token: &RevokedToken,
        most: u32,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The tokens that were revoked after the change with this number, in order; after 0, all that
    /// are not forgotten yet.
    async fn tokens_revoked_after(&self, change: i64) -> Result<Vec<RevokedToken>, StoreError>;

    /// Forgets revoked tokens that expired before a time, and that they were revoked. Of the feed,
    /// the last entry from before that time stays, and all after it: whoever has read the feed
    /// since then is still on one of them.
    async fn forget_revoked_tokens(&self, expired_before: Timestamp) -> Result<(), StoreError>;

    /// Takes or prolongs a task that one process at a time may carry out, until a time. Says
    /// whether it is the owner's now: not while it is another's whose time isn't over. A time that
    /// is far later than this one was set by a clock that was wrong, and doesn't count; so whoever
    /// carries out such a task must not be harmed by another that does.
    async fn take_lease(
        &self,
        task: &str,
        owner: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives a task back, if it is the owner's.
    async fn release_lease(&self, task: &str, owner: Uuid) -> Result<(), StoreError>;

    /// The sealed key that signs checkpoints of audit trails, if one was kept.
    async fn audit_key(&self) -> Result<Option<StoredAuditKey>, StoreError>;

    /// Keeps the key unless there is one already. Says whether it did.
    async fn keep_first_audit_key(&self, key: &StoredAuditKey) -> Result<bool, StoreError>;

    /// How far every audit trail was known to go, by the trails' ids.
    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError>;

    /// Notes how far one goes, unless it was known to go farther.
    async fn note_audit_head(&self, head: &AuditHead) -> Result<(), StoreError>;

    /// The same store, for one change: it writes down these records of the change in the same
    /// transaction.
    fn recording(&self, records: ChangeRecords) -> Arc<dyn Store>;

    /// Leaves these records where a trail's writer finds them, with no change.
    async fn leave_records(&self, records: ChangeRecords) -> Result<(), StoreError>;

    /// Whether records of changes wait for a trail.
    async fn has_waiting_records(&self) -> Result<bool, StoreError>;

    /// Gives a trail's writer the records that it is to write, in order, some hundreds at most: its
    /// own, those that are any writer's, and those that another has left since before a time.
    async fn take_waiting_records(
        &self,
        trail: &str,
        left_before: Timestamp,
    ) -> Result<Vec<WaitingRecords>, StoreError>;

    /// Notes that these records are in a trail, which now goes so far.
    async fn note_written_records(
        &self,
        taken: &[WaitingRecords],
        head: &AuditHead,
    ) -> Result<(), StoreError>;

    /// What has changed since a position.
    async fn changes_after(&self, position: Position) -> Result<News, StoreError>;

    /// The place of the last change.
    async fn last_change(&self) -> Result<Position, StoreError>;

    /// Waits until the store says that something may have changed; for ever, where it can't say.
    /// Who waits polls as well.
    async fn changed(&self);

    /// How old what it shows may be: it is nothing but on a standby, which may have been cut off,
    /// or have stopped replaying.
    async fn age(&self) -> Result<Duration, StoreError> {
        Ok(Duration::ZERO)
    }

    /// Why it doesn't say that something has changed, where it could.
    fn unheard(&self) -> Option<String> {
        None
    }
    /// Has rows be believed by these keys alone, from now on, and vouched for by them. `seen` is
    /// what version of the store was seen here before.
    fn entrust(&self, keys: Arc<RowKeys>, seen: SeenVersion);

    /// Puts `sealed` into the place of the sealed secret key that was `seen`, vouches for all rows
    /// that there are, and has them be believed by these keys. Where no secret key was seen, the
    /// store is new, and rows that it has are not taken. Says whether this was done: not if another
    /// process did it first, nor ever again.
    async fn adopt(
        &self,
        keys: Arc<RowKeys>,
        seen: Option<&[u8]>,
        sealed: &[u8],
    ) -> Result<bool, StoreError>;

    /// Checks all rows, at leisure; with `most`, at once, and none if there are more clients than
    /// that. Says whether it did.
    async fn check_rows(&self, most: Option<usize>) -> Result<bool, StoreError>;

    /// What is known of rows that are not as this service wrote them.
    fn findings(&self) -> Findings;

    /// How often all rows were checked.
    fn checks(&self) -> u64;

    /// The highest version of the store that was seen, as of now. Each change of rows that are
    /// vouched for has a higher one; 0 where nothing vouches for any.
    async fn version(&self) -> Result<SeenVersion, StoreError>;

    /// To be called when the store has another history than it had: rows are then as old as the
    /// store.
    fn begin_again(&self);

    /// Vouches for the rows as they are, as an administrator says. Clients that were not believed
    /// are disabled, signing keys that were not are removed. Gives what was wrong before.
    async fn accept_rows(&self, now: Timestamp) -> Result<Findings, StoreError>;

    /// How the schema stands to this program.
    async fn schema(&self) -> Result<SchemaStatus, StoreError>;

    /// Whether it takes no changes from this process: writes fail with [`StoreError::ReadOnly`].
    fn is_read_only(&self) -> bool;

    /// Ends all connections.
    async fn close(&self);
}
