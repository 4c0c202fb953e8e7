//! The store on SQLite: one file, written by several processes at once.

mod audit;
mod clients;
mod feed;
mod keys;
mod leases;
mod tokens;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use super::{
    AuditHead, ClientRecord, Migrate, News, Position, RevokedToken, SchemaStatus, SecretUse, Store,
    StoreError,
};
use crate::keys::{KeyMaterial, StoredAuditKey, StoredKey};
use crate::token::{Algorithm, ClientId, Status, StoredSecret};

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// A store in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, and makes it when there is none and `migrate` allows it.
    ///
    /// # Errors
    /// [`StoreError`]: the file can't be made or opened, or its schema is of another release.
    pub async fn open(path: &Path, migrate: Migrate) -> Result<Self, StoreError> {
        prepare_file(path, migrate).map_err(|error| StoreError::File {
            path: path.into(),
            error,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A change that was reported done is on disk: with WAL, NORMAL may lose the last ones in a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = connect(options).await?;
        let store = Self { pool };
        store.check_schema(migrate).await?;
        Ok(store)
    }

    async fn check_schema(&self, migrate: Migrate) -> Result<(), StoreError> {
        let SchemaStatus { version, latest } = self.schema().await?;
        if version > latest {
            return Err(StoreError::SchemaTooNew {
                found: version,
                latest,
            });
        }
        match migrate {
            Migrate::Yes if version < latest => self.migrate().await,
            Migrate::No if version < latest => Err(StoreError::SchemaTooOld {
                found: version,
                latest,
            }),
            // Also checks that no applied migration differs from this release's.
            _ => Ok(MIGRATIONS.run(&self.pool).await?),
        }
    }

    /// Under SQLite's write lock, which the library doesn't take: of several processes that start at once, one migrates and the
    /// others find it done. And all or nothing: the migrations' own transactions nest in this one.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // `run`, which differs in what it takes, can't be used in a future that moves between threads.
        MIGRATIONS
            .run_direct(None, &mut *transaction, false)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// A transaction that will write. It takes SQLite's write lock at once: one that reads first and then wants to write
    /// fails, without waiting, when another process wrote in between.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Several processes that open a new file at once all turn WAL on, and SQLite makes no one wait for that: it fails with
/// "database is locked".
async fn connect(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(10));
    for _ in 0..100 {
        match pool.clone().connect_with(options.clone()).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("5") => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return Ok(done?),
        }
    }
    Ok(pool.connect_with(options).await?)
}

/// Makes the file, private from its first moment; SQLite gives its other files (`-wal`, `-shm`) the same mode.
fn prepare_file(path: &Path, migrate: Migrate) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    if migrate == Migrate::No {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is none yet; it is made when the service first starts",
        ));
    }
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError> {
        clients::rows::all(&self.pool).await
    }

    async fn client(&self, id: &str) -> Result<Option<ClientRecord>, StoreError> {
        clients::rows::one(&self.pool, id).await
    }

    async fn clients_named(&self, ids: &[ClientId]) -> Result<Vec<ClientRecord>, StoreError> {
        clients::rows::named(&self.pool, ids).await
    }

    async fn clients_after(
        &self,
        id: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        clients::rows::after(&self.pool, id, most).await
    }

    async fn clients_with_chosen_secrets(
        &self,
        after: Option<&ClientId>,
        most: usize,
    ) -> Result<Vec<ClientRecord>, StoreError> {
        clients::rows::with_chosen_secrets(&self.pool, after, most).await
    }

    async fn number_of_clients(&self) -> Result<u64, StoreError> {
        clients::rows::number(&self.pool).await
    }

    async fn add_clients(&self, clients: &[ClientRecord]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for record in clients {
            clients::add(&mut transaction, record).await?;
            let (id, at) = (record.client.id.as_str(), record.changed_at);
            feed::append(&mut transaction, feed::CLIENT, id, at).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn change_client(&self, changed: &ClientRecord) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        clients::change(&mut transaction, changed).await?;
        let (id, at) = (changed.client.id.as_str(), changed.changed_at);
        feed::append(&mut transaction, feed::CLIENT, id, at).await?;
        Ok(transaction.commit().await?)
    }

    async fn set_status(
        &self,
        id: &ClientId,
        status: Status,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        clients::set_status(&mut transaction, id, status, now).await?;
        feed::append(&mut transaction, feed::CLIENT, id.as_str(), now).await?;
        Ok(transaction.commit().await?)
    }

    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &StoredSecret,
        overlap_until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        clients::rotate_secret(&mut transaction, id, secret, overlap_until).await?;
        feed::append(
            &mut transaction,
            feed::CLIENT,
            id.as_str(),
            secret.created_at,
        )
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn remove_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        clients::remove(&mut transaction, id).await?;
        feed::append(&mut transaction, feed::CLIENT, id.as_str(), now).await?;
        Ok(transaction.commit().await?)
    }

    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        clients::record_uses(&mut transaction, uses).await?;
        Ok(transaction.commit().await?)
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        keys::all(&mut *self.pool.acquire().await?).await
    }

    async fn key_material(&self) -> Result<KeyMaterial, StoreError> {
        keys::material(&mut self.pool.begin().await?).await
    }

    async fn swap_key_material(
        &self,
        seen: &KeyMaterial,
        new: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if keys::material(&mut transaction).await? != *seen {
            return Ok(false);
        }
        for id in keys::put(&mut transaction, seen, new).await? {
            feed::append(&mut transaction, feed::SIGNING_KEY, id, now).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn token_algorithms(&self) -> Result<BTreeSet<Algorithm>, StoreError> {
        clients::rows::token_algorithms(&self.pool).await
    }

    async fn revoke_token(
        &self,
        token: &RevokedToken,
        most: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        tokens::revoke(&mut transaction, token, most, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn tokens_revoked_after(&self, change: i64) -> Result<Vec<RevokedToken>, StoreError> {
        tokens::revoked_after(&self.pool, change).await
    }

    async fn forget_revoked_tokens(&self, expired_before: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        tokens::forget(&mut transaction, expired_before).await?;
        Ok(transaction.commit().await?)
    }

    async fn take_lease(
        &self,
        task: &str,
        owner: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        leases::take(&self.pool, task, owner, now, until).await
    }

    async fn release_lease(&self, task: &str, owner: Uuid) -> Result<(), StoreError> {
        leases::release(&self.pool, task, owner).await
    }

    async fn audit_key(&self) -> Result<Option<StoredAuditKey>, StoreError> {
        audit::key(&self.pool).await
    }

    async fn keep_first_audit_key(&self, key: &StoredAuditKey) -> Result<bool, StoreError> {
        audit::keep_first_key(&self.pool, key).await
    }

    async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError> {
        audit::heads(&self.pool).await
    }

    async fn note_audit_head(&self, head: &AuditHead) -> Result<(), StoreError> {
        audit::note_head(&self.pool, head).await
    }

    async fn changes_after(&self, position: Position) -> Result<News, StoreError> {
        feed::after(&self.pool, position).await
    }

    async fn last_change(&self) -> Result<Position, StoreError> {
        feed::last(&self.pool).await
    }

    async fn changed(&self) {
        std::future::pending::<()>().await;
    }

    fn is_read_only(&self) -> bool {
        false
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        let latest = MIGRATIONS
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or(0);
        let made = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'");
        if made.fetch_optional(&self.pool).await?.is_none() {
            return Ok(SchemaStatus { version: 0, latest });
        }
        let applied =
            sqlx::query("SELECT coalesce(max(version), 0) AS version FROM _sqlx_migrations");
        Ok(SchemaStatus {
            version: applied.fetch_one(&self.pool).await?.try_get("version")?,
            latest,
        })
    }

    async fn close(&self) {
        self.pool.close().await;
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
