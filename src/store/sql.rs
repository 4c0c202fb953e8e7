//! The store in an SQL database: SQLite, one file that several processes of one machine write, or
//! PostgreSQL, for many machines. The same statements serve both.

mod address;
mod adopt;
mod attempts;
mod audit;
mod backup;
mod changes;
mod check;
mod clients;
mod connections;
mod copy;
mod engine;
mod feed;
mod file;
mod in_use;
mod insert;
mod keys;
mod leases;
mod listen;
mod meta;
mod operations;
mod outbox;
mod pace;
mod pooler;
mod replay;
mod restore;
mod schema;
mod tables;
mod tokens;
mod vouching;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{Any, Transaction};
use tokio::time::timeout;

use super::{ChangeRecords, Migrate, StoreError};
use crate::config::StoreConfig;
use crate::token::ClientId;
use address::Address;
use connections::Connections;
pub use copy::Copied;
use engine::{Engine, Purpose};
use listen::Listener;
use replay::Replay;
pub use restore::Staged;
use vouching::{Ledger, Vouching};

/// The number of connections to a file. SQLite lets one of them write at a time.
const FILE_CONNECTIONS: u32 = 4;

/// A store in an SQL database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    engine: Engine,
    connections: Arc<Connections>,
    read_only: bool,
    vouching: Arc<Vouching>,
    /// Receives PostgreSQL's notifications of changes.
    listener: Option<Arc<Listener>>,
    /// Measures how far behind a standby is.
    replay: Arc<Replay>,
    /// The audit records of the change that this store is for. They go into the outbox.
    records: Option<Arc<ChangeRecords>>,
}

impl SqlStore {
    /// Opens the store that the configuration names. If the store is a file, it is made if there is
    /// none and `migrate` allows it. A PostgreSQL database must exist.
    ///
    /// # Errors
    /// [`StoreError`]: a file can't be made or opened, a database can't be reached, or the schema
    /// is of another release.
    pub async fn open(config: &StoreConfig, migrate: Migrate) -> Result<Self, StoreError> {
        let store = Self::connect(config, migrate).await?;
        let may_migrate = !config.read_only && migrate == Migrate::Yes;
        store.check_schema(may_migrate.into()).await?;
        Ok(store)
    }

    /// Opens the store with any schema, for a command that reports the schema's version.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn connect(config: &StoreConfig, migrate: Migrate) -> Result<Self, StoreError> {
        let address = Address::of(config, migrate)?;
        Self::at(address, config.connections, config.read_only).await
    }

    /// Opens a store in a file. Makes the file if there is none and `migrate` allows it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_file(path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        let store = Self::at_file(path, migrate).await?;
        store.check_schema(migrate).await?;
        Ok(store)
    }

    async fn at_file(path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        let address = Address::of_file(path, migrate)?;
        Self::at(address, FILE_CONNECTIONS, false).await
    }

    async fn at(address: Address, connections: u32, read_only: bool) -> Result<Self, StoreError> {
        let address = Arc::new(address);
        let (engine, most) = match *address {
            Address::File(_) => (Engine::Sqlite, FILE_CONNECTIONS),
            Address::Postgres { .. } => (Engine::Postgres, connections),
        };
        let listener =
            (engine == Engine::Postgres).then(|| Arc::new(Listener::new(address.clone())));
        let connections = Connections::open(engine, address, most, read_only).await?;
        Ok(Self {
            engine,
            connections: Arc::new(connections),
            read_only,
            vouching: Arc::default(),
            listener,
            replay: Arc::default(),
            records: None,
        })
    }

    /// A transaction that writes. All processes together have one such transaction at a time.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly);
        }
        let mut transaction = self.connections.begin(Purpose::Write).await?;
        if let Some(lock) = self.engine.lock_out_writers() {
            sqlx::query(lock).execute(&mut *transaction).await?;
        }
        Ok(transaction)
    }

    /// A transaction that reads.
    async fn read(&self) -> Result<Transaction<'static, Any>, StoreError> {
        self.connections.begin(Purpose::Read).await
    }

    /// A transaction in which all reads show the store as of one moment.
    async fn read_moment(&self) -> Result<Transaction<'static, Any>, StoreError> {
        self.connections.begin(Purpose::Moment).await
    }

    /// The manifest of rows, which the transaction changes together with the rows.
    async fn ledger(
        &self,
        transaction: &mut Transaction<'static, Any>,
    ) -> Result<Ledger, StoreError> {
        Ledger::load(transaction, &self.vouching).await
    }

    /// A transaction that changes rows that are vouched for, with their manifest.
    async fn begin_change(&self) -> Result<(Transaction<'static, Any>, Ledger), StoreError> {
        let mut transaction = self.begin().await?;
        let ledger = self.ledger(&mut transaction).await?;
        Ok((transaction, ledger))
    }

    /// Commits a change that has no entry in the feed, with the manifest of rows.
    async fn commit(
        &self,
        mut transaction: Transaction<'static, Any>,
        ledger: Ledger,
    ) -> Result<(), StoreError> {
        ledger.save(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Commits the change of a client, with its entry in the feed.
    async fn publish_client(
        &self,
        mut transaction: Transaction<'static, Any>,
        mut ledger: Ledger,
        id: &ClientId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let subject = [(id.as_str(), at)];
        feed::append(&mut transaction, &mut ledger, feed::CLIENT, &subject).await?;
        self.publish(transaction, ledger).await
    }

    /// Commits a change that has entries in the feed, with the manifest of rows, and wakes the
    /// other replicas.
    async fn publish(
        &self,
        mut transaction: Transaction<'static, Any>,
        mut ledger: Ledger,
    ) -> Result<(), StoreError> {
        if let Some(records) = &self.records {
            outbox::put(&mut transaction, &mut ledger, records).await?;
        }
        ledger.save(&mut transaction).await?;
        if let Some(notify) = self.engine.notify() {
            sqlx::query(notify).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Refreshes the database's statistics after many rows were written. A failure is ignored,
    /// because PostgreSQL does the same by itself later.
    async fn analyze(&self) {
        if let Some(analyze) = self.engine.analyze() {
            let done = async {
                let mut transaction = self.read().await?;
                sqlx::query(analyze).execute(&mut *transaction).await?;
                Ok::<_, StoreError>(transaction.commit().await?)
            };
            let _analyzed = timeout(connections::PATIENCE, done).await;
        }
    }
}

fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

fn timestamp(millis: i64, row: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|error| StoreError::corrupt(row, &error))
}

fn optional_timestamp(millis: Option<i64>, row: &str) -> Result<Option<Timestamp>, StoreError> {
    millis.map(|millis| timestamp(millis, row)).transpose()
}

#[cfg(test)]
mod tests;
