//! What can go wrong with a store.

use std::fmt::Display;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::token::{ClientId, SecretId};

/// Why the store can't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another client has this id.
    #[error("client {0} exists already; choose another id, or remove it first")]
    ClientExists(ClientId),
    /// No client has this id.
    #[error("there is no client {0}; `client list` shows all")]
    NoSuchClient(ClientId),
    /// A secret would stop working before the time that the last rotation promised.
    #[error(
        "two secrets of client {client_id} work, and another one would end secret {secret_id} now, which works until {until:.0}; \
         rotate after that time, or add --force to end it now. Nothing was changed"
    )]
    SecretPromised {
        /// The client.
        client_id: ClientId,
        /// The secret.
        secret_id: SecretId,
        /// When it stops working.
        until: Timestamp,
    },
    /// The client has as many revoked tokens as the store keeps for one client.
    #[error("client {client_id} has revoked {most} tokens that have not expired; no more are kept")]
    TooManyRevoked {
        /// The client.
        client_id: ClientId,
        /// The limit.
        most: u32,
    },
    /// This process may only read from the store.
    #[error("this replica may not write to the store (store.read_only); ask one that may")]
    ReadOnly,
    /// The file can't be made, opened or read.
    #[error("the store {}: {error}", .path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A copy would overwrite rows.
    #[error("the store to copy into is not empty; name an empty one")]
    NotEmpty,
    /// A later release made the schema.
    #[error(
        "the store's schema is version {found}, and this release knows {latest} at most; run the release that made it, or a later one"
    )]
    SchemaTooNew {
        /// The version of the store's schema.
        found: i64,
        /// The version that this program has.
        latest: i64,
    },
    /// The schema is older than this program needs.
    #[error(
        "the store's schema is version {found}, and this release needs {latest}; run `store migrate`, or set store.migrate = true"
    )]
    SchemaTooOld {
        /// The version of the store's schema.
        found: i64,
        /// The version that this program has.
        latest: i64,
    },
    /// A migration failed or was changed after it was applied.
    #[error("the store's schema can't be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row that this program can't read, and so can't have written.
    #[error("the store holds a {row} that can't be read: {why}")]
    Corrupt {
        /// The row.
        row: String,
        /// What is wrong with it.
        why: String,
    },
    /// A row that this service did not write: its MAC is wrong, or it may be an earlier state.
    #[error(
        "{0} is not as this service wrote it: something else changed the database; remove it, or look at it and run \
         `store verify --accept`"
    )]
    Altered(String),
    /// A manifest that this service did not write.
    #[error(
        "the list of the store's rows {0}: something other than this service changed the database; find out what, and \
         run `store verify --accept`, or restore a backup"
    )]
    Manifest(&'static str),
    /// The store's rows are vouched for, and this process has no keys to vouch for more.
    #[error(
        "only a process with the store's master key can change the store (keys.master_key_file)"
    )]
    NotEntrusted,
    /// A store of an earlier release, whose rows nothing vouches for.
    #[error(
        "this store is of an earlier release, and its rows are not authenticated yet; run `store migrate`, or set \
         store.migrate = true"
    )]
    NotAdopted,
    /// The database doesn't answer in time.
    #[error("the store doesn't answer; is the database running, and can it be reached from here?")]
    TimedOut,
    /// The file with the database's password can't be used.
    #[error("store.password_file: {0}")]
    Password(#[from] dropshot_chassis::private_file::PrivateFileError),
    /// The PostgreSQL server is a standby and takes no changes.
    #[error(
        "the store is read-only: the server that store.url leads to is a standby; the connection is made again until it leads \
         to the primary (for a replica that only reads, set store.read_only = true)"
    )]
    Standby,
    /// A pooler between this service and the database that doesn't keep sessions.
    #[error(
        "store.url leads to a pooler, and {0}; session pooling only: set pool_mode = session for this database, or name \
         PostgreSQL itself (docs/store.md)"
    )]
    Pooler(&'static str),
    /// The database refused a connection a moment ago, for this reason. The service waits before it
    /// tries again.
    #[error("{0}")]
    Unreachable(String),
    /// Another process has the store's file open.
    #[error("the store {} is in use; stop the service, and commands that run, first", .0.display())]
    InUse(PathBuf),
    /// The file to restore is not a backup that `store backup` made.
    #[error("{} can't be restored: {why}; nothing was replaced", .path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file that is open was removed, or another file is at its path.
    #[error(
        "the store {} was removed or replaced while in use; nothing is written to it any more: restart the service, and use \
         `store restore` with the service stopped to put a backup back", .0.display()
    )]
    Replaced(PathBuf),
    /// Any other error of the database.
    #[error("the store: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        if code.as_deref() == Some("25006") {
            // SQLSTATE 25006, read-only transaction. A process that is configured as read-only
            // never gets here: `SqlStore::begin` refuses its writes.
            return Self::Standby;
        }
        Self::Database(error)
    }
}

impl StoreError {
    pub(super) fn corrupt(row: impl Into<String>, why: &dyn Display) -> Self {
        Self::Corrupt {
            row: row.into(),
            why: why.to_string(),
        }
    }
}
