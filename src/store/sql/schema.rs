//! The version of the schema, and the migrations that bring it up to date.
//!
//! Migrations only go forward, and only add. So the release before goes on serving from the same
//! store during and after a migration.

use sqlx::migrate::MigrateError;
use sqlx::{AnyConnection, Executor as _, Row};

use super::{Engine, SqlStore};
use crate::store::{Migrate, SchemaStatus, Store as _, StoreError};

/// The settings for migrations. Another process may hold locks, and the tables may be large. A role
/// or a database may have any default.
const PATIENT: &str = "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false), \
    set_config('idle_in_transaction_session_timeout', '0', false), \
    set_config('default_transaction_read_only', 'off', false), \
    set_config('default_transaction_isolation', 'read committed', false)";

pub(super) async fn status(
    connection: &mut AnyConnection,
    engine: Engine,
) -> Result<SchemaStatus, StoreError> {
    let steps = engine.migrations().iter();
    let latest = steps.map(|step| step.version).max().unwrap_or(0);
    let made = sqlx::query(engine.find_migrations());
    if made.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(SchemaStatus { version: 0, latest });
    }
    let applied = sqlx::query("SELECT coalesce(max(version), 0) AS version FROM _sqlx_migrations");
    Ok(SchemaStatus {
        version: applied.fetch_one(connection).await?.try_get("version")?,
        latest,
    })
}

impl SqlStore {
    pub(super) async fn check_schema(&self, migrate: Migrate) -> Result<(), StoreError> {
        let SchemaStatus { version, latest } = self.schema().await?;
        let found = version;
        if version > latest {
            return Err(StoreError::SchemaTooNew { found, latest });
        }
        if version == latest {
            return self.check_applied().await;
        }
        match (migrate, self.engine) {
            (Migrate::No, _) => Err(StoreError::SchemaTooOld { found, latest }),
            (Migrate::Yes, Engine::Sqlite) => self.migrate_file().await,
            (Migrate::Yes, Engine::Postgres) => self.migrate_database().await,
        }
    }

    /// Fails if an applied migration differs from this release's.
    async fn check_applied(&self) -> Result<(), StoreError> {
        let mut transaction = self.read().await?;
        let applied = sqlx::query("SELECT version, checksum FROM _sqlx_migrations");
        for row in applied.fetch_all(&mut *transaction).await? {
            let (version, checksum): (i64, Vec<u8>) =
                (row.try_get("version")?, row.try_get("checksum")?);
            let mut steps = self.engine.migrations().iter();
            let step = steps.find(|step| step.version == version);
            if step.is_some_and(|step| *step.checksum != *checksum) {
                return Err(MigrateError::VersionMismatch(version).into());
            }
        }
        Ok(())
    }

    /// Migrates under SQLite's write lock, which sqlx doesn't take. If several processes start at
    /// once, one migrates and the others find it done. The migrations' own transactions nest in
    /// this one, so all are applied or none.
    async fn migrate_file(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // `run` is generic over its connection, and its future can't move between threads.
        let migrations = self.engine.migrations();
        migrations
            .run_direct(None, &mut *transaction, false)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Migrates under sqlx's lock, which ends with the connection. A replica that dies in the
    /// middle leaves whole migrations.
    async fn migrate_database(&self) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        connection.execute(PATIENT).await?;
        let migrations = self.engine.migrations();
        let done = migrations.run_direct(None, &mut *connection, false).await;
        // A pooler may give the connection to another client. A failure doesn't matter, because the
        // connection is closed.
        let _reset = connection.execute("DISCARD ALL").await;
        connection.close().await?;
        Ok(done?)
    }
}
