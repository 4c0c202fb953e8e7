//! The schema: how it stands, and bringing it up to date.
//!
//! Forward only, and by additions alone: the release before goes on serving while and after a
//! migration runs, on the same store.

use sqlx::migrate::MigrateError;
use sqlx::{AnyConnection, Executor as _, Row};

use super::{Engine, SqlStore};
use crate::store::{Migrate, SchemaStatus, Store as _, StoreError};

/// For migrations: others may be at it, and the tables large; and a role or a database may have any
/// default.
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

    /// No applied migration may differ from this release's.
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

    /// Under SQLite's write lock, which the library doesn't take: of several processes that start
    /// at once, one migrates and the others find it done. And all or nothing: the migrations' own
    /// transactions nest in this one.
    async fn migrate_file(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // `run`, which differs in what it takes, can't be used in a future that moves between
        // threads.
        let migrations = self.engine.migrations();
        migrations
            .run_direct(None, &mut *transaction, false)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Under a lock of the library's, which ends with the connection: a replica that dies in the
    /// middle leaves whole steps.
    async fn migrate_database(&self) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        connection.execute(PATIENT).await?;
        let migrations = self.engine.migrations();
        let done = migrations.run_direct(None, &mut *connection, false).await;
        // A pooler may give the connection to somebody else.
        let _gone_anyhow = connection.execute("DISCARD ALL").await;
        connection.close().await?;
        Ok(done?)
    }
}
