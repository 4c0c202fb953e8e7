//! The store in an SQL database: SQLite, one file that several processes of one machine write, or
//! PostgreSQL, for many machines. One set of statements serves both.

mod address;
mod attempts;
mod audit;
mod backup;
mod changes;
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

/// How many connections a file gets: of those that write, one at a time does.
const FILE_CONNECTIONS: u32 = 4;

/// A store in an SQL database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    engine: Engine,
    connections: Arc<Connections>,
    read_only: bool,
    vouching: Arc<Vouching>,
    /// PostgreSQL's word of changes.
    listener: Option<Arc<Listener>>,
    /// How far a standby is.
    replay: Arc<Replay>,
    /// What goes into the outbox with the change that this store is for.
    records: Option<Arc<ChangeRecords>>,
}

impl SqlStore {
    /// Opens the store that the configuration names. A file is made when there is none and
    /// `migrate` allows it; a PostgreSQL database must be there.
    ///
    /// # Errors
    /// [`StoreError`]: a file that can't be made or opened, a database that can't be reached, a schema of another release.
    pub async fn open(config: &StoreConfig, migrate: Migrate) -> Result<Self, StoreError> {
        let store = Self::connect(config, migrate).await?;
        let may_migrate = !config.read_only && migrate == Migrate::Yes;
        store.check_schema(may_migrate.into()).await?;
        Ok(store)
    }

    /// Opens the store whatever its schema, to find out about that alone.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn connect(config: &StoreConfig, migrate: Migrate) -> Result<Self, StoreError> {
        let address = Address::of(config, migrate)?;
        Self::at(address, config.connections, config.read_only).await
    }

    /// Opens a store in a file, and makes it when there is none and `migrate` allows it.
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

    /// A transaction that will write: one at a time, of all processes.
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

    /// A transaction that reads what is of one moment.
    async fn read_moment(&self) -> Result<Transaction<'static, Any>, StoreError> {
        self.connections.begin(Purpose::Moment).await
    }

    /// The list of rows, to be changed with them.
    async fn ledger(
        &self,
        transaction: &mut Transaction<'static, Any>,
    ) -> Result<Ledger, StoreError> {
        Ledger::load(transaction, &self.vouching).await
    }

    /// A transaction that changes rows that are vouched for, with the list of them.
    async fn begin_change(&self) -> Result<(Transaction<'static, Any>, Ledger), StoreError> {
        let mut transaction = self.begin().await?;
        let ledger = self.ledger(&mut transaction).await?;
        Ok((transaction, ledger))
    }

    /// Commits what nobody follows, with the list of rows as it is then.
    async fn commit(
        &self,
        mut transaction: Transaction<'static, Any>,
        ledger: Ledger,
    ) -> Result<(), StoreError> {
        ledger.save(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Commits the change of a client, and tells those that follow.
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

    /// Commits what others follow, with the list of rows as it is then, and wakes them.
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

    /// To be called when many rows have been written, and are there whatever becomes of this.
    async fn analyze(&self) {
        if let Some(analyze) = self.engine.analyze() {
            let done = async {
                let mut transaction = self.read().await?;
                sqlx::query(analyze).execute(&mut *transaction).await?;
                Ok::<_, StoreError>(transaction.commit().await?)
            };
            let _later_by_itself = timeout(connections::PATIENCE, done).await;
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
