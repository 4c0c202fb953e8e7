//! The store in an SQL database: SQLite, one file that several processes of one machine write, or PostgreSQL, for many machines. One
//! set of statements serves both.

mod audit;
mod backup;
mod clients;
mod connections;
mod copy;
mod engine;
mod feed;
mod file;
mod insert;
mod keys;
mod leases;
mod listen;
mod operations;
mod outbox;
mod schema;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{Any, AnyPool, Transaction};
use tokio::time::timeout;

use super::{ChangeRecords, Migrate, StoreError};
use crate::config::{StoreConfig, StoreUrl};
use crate::keys::read_private;
pub use copy::Copied;
use engine::Engine;
use listen::Listener;

/// How many connections a file gets: of those that write, one at a time does.
const FILE_CONNECTIONS: u32 = 4;

/// A store in an SQL database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    engine: Engine,
    pool: AnyPool,
    read_only: bool,
    /// PostgreSQL's word of changes.
    listener: Option<Arc<Listener>>,
    /// What goes into the outbox with the change that this store is for.
    records: Option<Arc<ChangeRecords>>,
}

impl SqlStore {
    /// Opens the store that the configuration names. A file is made when there is none and `migrate` allows it; a PostgreSQL
    /// database must be there.
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
        let read_only = config.read_only;
        match &config.url {
            StoreUrl::Sqlite(path) => Self::on_file(path, migrate, read_only).await,
            StoreUrl::Postgres(url) => {
                let file = config.password_file.as_deref();
                let password = file.map(read_private).transpose()?;
                let url = url.with_password(password.as_ref().map(|it| it.trim()));
                let (options, most) = (connections::options(&url)?, config.connections);
                Ok(Self {
                    engine: Engine::Postgres,
                    pool: connections::open(Engine::Postgres, options, most, read_only).await?,
                    read_only,
                    listener: Some(Arc::new(Listener::new(url))),
                    records: None,
                })
            }
        }
    }

    /// Opens a store in a file, and makes it when there is none and `migrate` allows it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_file(path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        let store = Self::on_file(path, migrate, false).await?;
        store.check_schema(migrate).await?;
        Ok(store)
    }

    async fn on_file(path: &Path, migrate: Migrate, read_only: bool) -> Result<Self, StoreError> {
        file::prepare(path, migrate)?;
        let options = connections::options(&file::url(path)?)?;
        Ok(Self {
            engine: Engine::Sqlite,
            pool: connections::open(Engine::Sqlite, options, FILE_CONNECTIONS, read_only).await?,
            read_only,
            listener: None,
            records: None,
        })
    }

    /// A transaction that will write: one at a time, of all processes.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly);
        }
        let mut transaction = self.pool.begin_with(self.engine.begin_writing()).await?;
        if let Some(lock) = self.engine.lock_out_writers() {
            sqlx::query(lock).execute(&mut *transaction).await?;
        }
        Ok(transaction)
    }

    /// Commits what others follow, and wakes them.
    async fn publish(&self, mut transaction: Transaction<'static, Any>) -> Result<(), StoreError> {
        if let Some(records) = &self.records {
            outbox::put(&mut transaction, records).await?;
        }
        if let Some(notify) = self.engine.notify() {
            sqlx::query(notify).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// To be called when many rows have been written, and are there whatever becomes of this.
    async fn analyze(&self) {
        if let Some(analyze) = self.engine.analyze() {
            let done = sqlx::query(analyze).execute(&self.pool);
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
