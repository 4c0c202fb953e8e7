//! What can go wrong with a store.

use std::fmt::Display;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::token::{ClientId, SecretId};

/// A store that can't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The id is taken.
    #[error("client {0} exists already; choose another id, or remove it first")]
    ClientExists(ClientId),
    /// Nobody has this id.
    #[error("there is no client {0}; `client list` shows all")]
    NoSuchClient(ClientId),
    /// A secret would stop working before the time that was said when it was rotated.
    #[error(
        "two secrets of client {client_id} work, and another one would end secret {secret_id} now, which works until {until:.0}; \
         rotate after that time, or add --force to end it now. Nothing was changed"
    )]
    SecretPromised {
        /// Whose.
        client_id: ClientId,
        /// The secret.
        secret_id: SecretId,
        /// Until when it works.
        until: Timestamp,
    },
    /// One client's revoked tokens are to stay within bounds.
    #[error("client {client_id} has revoked {most} tokens that have not expired; no more are kept")]
    TooManyRevoked {
        /// Whose.
        client_id: ClientId,
        /// How many are kept.
        most: u32,
    },
    /// This process may only read.
    #[error("this replica may not write to the store (store.read_only); ask one that may")]
    ReadOnly,
    /// The file can't be made or opened.
    #[error("the store {}: {error}", .path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Something would be lost.
    #[error("the store to copy into holds something already; name one that is empty")]
    NotEmpty,
    /// Made by a later release.
    #[error(
        "the store's schema is version {found}, and this release knows {latest} at most; run the release that made it, or a later one"
    )]
    SchemaTooNew {
        /// The store's.
        found: i64,
        /// This program's.
        latest: i64,
    },
    /// Not brought up to date.
    #[error(
        "the store's schema is version {found}, and this release needs {latest}; run `store migrate`, or set store.migrate = true"
    )]
    SchemaTooOld {
        /// The store's.
        found: i64,
        /// This program's.
        latest: i64,
    },
    /// A migration failed or was changed after it was applied.
    #[error("the store's schema can't be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row that this program can't have written.
    #[error("the store holds a {row} that can't be read: {why}")]
    Corrupt {
        /// Which.
        row: String,
        /// Why.
        why: String,
    },
    /// Somebody else wrote a row.
    #[error(
        "{0} is not as this service wrote it: somebody else changed the database; remove it, or look at it and run `store verify --accept`"
    )]
    Altered(String),
    /// Somebody else wrote to the manifest.
    #[error(
        "the list of the store's rows {0}: somebody else changed the database; find out what, and run `store verify --accept`, or \
         restore a backup"
    )]
    Manifest(&'static str),
    /// A store that has vouched rows, and no keys to vouch for more.
    #[error("the store can be changed with its master key alone (keys.master_key_file)")]
    NotEntrusted,
    /// A store of an earlier release.
    #[error(
        "nothing vouches for the rows of this store of an earlier release yet; run `store migrate`, or set store.migrate = true"
    )]
    NotAdopted,
    /// It doesn't answer.
    #[error("the store doesn't answer; is the database running, and can it be reached from here?")]
    TimedOut,
    /// The file with the database's password.
    #[error("store.password_file: {0}")]
    Password(#[from] dropshot_chassis::private_file::PrivateFileError),
    /// The server follows another one, and takes no changes.
    #[error(
        "the store is read-only: the server that store.url leads to is a standby; the connection is made again until it leads \
         to the primary (for a replica that only reads, set store.read_only = true)"
    )]
    Standby,
    /// Something between here and the database that can't be worked with.
    #[error(
        "store.url leads to a pooler, and {0}; session pooling only: set pool_mode = session for this database, or name \
         PostgreSQL itself (docs/store.md)"
    )]
    Pooler(&'static str),
    /// It refused a moment ago, for this reason, and isn't asked again yet.
    #[error("{0}")]
    Unreachable(String),
    /// A process has the store open.
    #[error("the store {} is in use; stop the service, and commands that run, first", .0.display())]
    InUse(PathBuf),
    /// What is to be restored is not what `store backup` makes.
    #[error("{} can't be restored: {why}; nothing was replaced", .path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Another file, or none, is at the path of the one that is open.
    #[error(
        "the store {} was removed or replaced while in use; nothing is written to it any more: restart the service, and use \
         `store restore` with the service stopped to put a backup back", .0.display()
    )]
    Replaced(PathBuf),
    /// The database said no.
    #[error("the store: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        if code.as_deref() == Some("25006") {
            // Whoever may not write by the configuration is refused before the database is asked.
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
