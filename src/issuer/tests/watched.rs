//! A real store behind a door. The wrapper counts calls, and can shut the door.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::keys::{KeyMaterial, RowKeys, StoredAuditKey, StoredKey};
use crate::store::{
    AuditHead, ChangeRecords, ClientRecord, ClientUpdate, ClientUse, Findings, News, Position,
    RevokedToken, Rotated, SchemaStatus, SeenVersion, StoreError, TokensThen, WaitingRecords,
};
use crate::token::{SecretHash, SecretId, Status, StoredSecret};

use super::*;

#[derive(Debug)]
pub(super) struct Watched {
    store: Arc<dyn Store>,
    calls: Mutex<BTreeMap<&'static str, u32>>,
    pub door: Mutex<Door>,
    /// Whether the store says that this process may not write.
    pub read_only: AtomicBool,
    /// Wakes those that wait for changes.
    pub bell: Notify,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Door {
    Open,
    /// Calls fail, as if the database were gone.
    Shut,
    /// Calls never return, as if the network to the database were gone.
    Silent,
}

impl Watched {
    /// A service that runs on such a store, and the store.
    pub(super) async fn service(set: impl FnOnce(&mut Config)) -> (Service, Arc<Self>) {
        let mut watched = None;
        let wrap = |store| {
            let store = Arc::new(Self {
                store,
                calls: Mutex::default(),
                door: Mutex::new(Door::Open),
                read_only: AtomicBool::new(false),
                bell: Notify::new(),
            });
            watched = Some(store.clone());
            let store: Arc<dyn Store> = store;
            store
        };
        let service = Service::start_on(wrap, set).await;
        (service, watched.unwrap())
    }

    pub(super) fn set(&self, door: Door) {
        *self.door.lock().unwrap() = door;
    }

    /// How often this function was called.
    pub(super) fn calls(&self, name: &str) -> u32 {
        self.calls.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// How often any function was called.
    pub(super) fn all_calls(&self) -> u32 {
        self.calls.lock().unwrap().values().sum()
    }

    async fn enter(&self, name: &'static str) -> Result<(), StoreError> {
        *self.calls.lock().unwrap().entry(name).or_default() += 1;
        let door = *self.door.lock().unwrap();
        match door {
            Door::Open => Ok(()),
            Door::Shut => Err(StoreError::Database(sqlx::Error::PoolClosed)),
            Door::Silent => std::future::pending().await,
        }
    }
}

macro_rules! passed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl Store for Watched {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$result, StoreError> {
                self.enter(stringify!($name)).await?;
                self.store.$name($($argument),*).await
            })*

            async fn changed(&self) {
                self.bell.notified().await;
            }

            fn recording(&self, records: ChangeRecords) -> Arc<dyn Store> {
                self.store.recording(records)
            }

            fn entrust(&self, keys: Arc<RowKeys>, seen: SeenVersion) {
                self.store.entrust(keys, seen);
            }

            fn findings(&self) -> Findings {
                self.store.findings()
            }

            fn checks(&self) -> u64 {
                self.store.checks()
            }

            fn begin_again(&self) {
                self.store.begin_again();
            }

            fn is_read_only(&self) -> bool {
                self.read_only.load(Ordering::Relaxed)
            }

            async fn close(&self) {
                self.store.close().await;
            }
        }
    };
}

passed_on! {
    clients() -> Vec<ClientRecord>;
    client(id: &str) -> Option<ClientRecord>;
    clients_named(ids: &[ClientId]) -> Vec<ClientRecord>;
    clients_after(id: Option<&ClientId>, most: usize) -> Vec<ClientRecord>;
    clients_with_chosen_secrets(after: Option<&ClientId>, most: usize) -> Vec<ClientRecord>;
    number_of_clients() -> u64;
    add_clients(clients: &[ClientRecord]) -> ();
    import_clients(added: &[ClientRecord], changed: &[ClientUpdate]) -> ();
    change_client(changed: &ClientRecord) -> ();
    set_status(id: &ClientId, status: Status, tokens: TokensThen, now: Timestamp) -> ();
    revoke_tokens_of(id: &ClientId, now: Timestamp) -> Timestamp;
    rotate_secret(id: &ClientId, secret: &StoredSecret, overlap_until: Timestamp, ends_promised: bool) -> Rotated;
    replace_hash(client: &ClientId, secret: SecretId, seen: &SecretHash, new: &SecretHash, now: Timestamp) -> bool;
    remove_client(id: &ClientId, now: Timestamp) -> ();
    record_uses(uses: &[ClientUse]) -> ();
    signing_keys() -> Vec<StoredKey>;
    key_material() -> KeyMaterial;
    swap_key_material(seen: &KeyMaterial, new: &KeyMaterial, now: Timestamp) -> bool;
    token_algorithms() -> BTreeSet<Algorithm>;
    revoke_token(token: &RevokedToken, most: u32, now: Timestamp) -> ();
    tokens_revoked_after(change: i64) -> Vec<RevokedToken>;
    forget_revoked_tokens(expired_before: Timestamp) -> ();
    take_lease(task: &str, owner: Uuid, now: Timestamp, until: Timestamp) -> bool;
    release_lease(task: &str, owner: Uuid) -> ();
    audit_key() -> Option<StoredAuditKey>;
    keep_first_audit_key(key: &StoredAuditKey) -> bool;
    audit_heads() -> Vec<AuditHead>;
    note_audit_head(head: &AuditHead) -> ();
    has_waiting_records() -> bool;
    take_waiting_records(trail: &str, left_before: Timestamp) -> Vec<WaitingRecords>;
    leave_records(records: ChangeRecords) -> ();
    note_written_records(taken: &[WaitingRecords], head: &AuditHead) -> ();
    changes_after(position: Position) -> News;
    last_change() -> Position;
    adopt(keys: Arc<RowKeys>, seen: Option<&[u8]>, sealed: &[u8]) -> bool;
    check_rows(most: Option<usize>) -> bool;
    version() -> SeenVersion;
    accept_rows(now: Timestamp) -> Findings;
    schema() -> SchemaStatus;
}
