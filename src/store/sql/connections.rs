//! Connections to a database: how each is made, which ones are closed, and how long a caller waits
//! for one.
//!
//! Each transaction carries all settings of a PostgreSQL session that it needs. None stay on the
//! connection: a pooler may give it to another client afterwards, and a role or a database may have
//! any default.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, Row, Transaction};
use tokio::time::timeout;

use super::address::Address;
use super::engine::{Engine, Purpose};
use super::pace::Pace;
use super::pooler;
use crate::store::StoreError;

/// How long a statement may take. A database that is frozen, or behind a network that drops
/// packets, doesn't answer at all.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const TO_GET_ONE: Duration = Duration::from_secs(5);
/// How long the test of a returned connection may take.
const TO_PROVE_ITSELF: Duration = Duration::from_secs(2);

/// Whether the server is a standby, which takes no changes. The statement sets its own isolation
/// level: a standby refuses serializable transactions, which may be the default of the role.
pub(super) const IS_STANDBY: &str = "\
    BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_is_in_recovery() AS is_standby; COMMIT";
/// These settings concern the socket to the server. Behind a pooler, other clients share the
/// socket, so they are not sent there.
const POSTGRES_SOCKET: &str = "\
    BEGIN ISOLATION LEVEL READ COMMITTED; SELECT set_config('tcp_user_timeout', '15s', false), set_config('tcp_keepalives_idle', '10', false), \
    set_config('tcp_keepalives_interval', '5', false); COMMIT";
const SQLITE_SESSION: [&str; 3] = [
    "PRAGMA journal_mode = WAL",
    // A change that was reported as done is on the disk. With WAL, NORMAL may lose the last changes
    // in a power cut.
    "PRAGMA synchronous = FULL",
    // The service can't open temporary files in the system's folder, and no other process should
    // find them there.
    "PRAGMA temp_store = MEMORY",
];

/// The connections of a store.
#[derive(Debug)]
pub(super) struct Connections {
    engine: Engine,
    address: Arc<Address>,
    pool: AnyPool,
    most: usize,
    read_only: bool,
    pace: Pace,
}

impl Connections {
    /// Opens a first connection, so that errors show at once.
    pub(super) async fn open(
        engine: Engine,
        address: Arc<Address>,
        most: u32,
        read_only: bool,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let url = address.url()?;
        let options = AnyConnectOptions::from_str(&url)?;
        // The pool repeats its tries until its time is over, and then reports a timeout instead of
        // the cause.
        let first = timeout(TO_GET_ONE, first_look(&options, engine, read_only));
        let first = first.await.map_err(|_| StoreError::TimedOut)??;
        let pool = pool(engine, most, read_only).connect_with(options).await?;
        // The first connection stays open until the pool has one: SQLite removes its `-wal` and
        // `-shm` files with the last connection.
        first.close().await?;
        Ok(Self {
            engine,
            address,
            pool,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            read_only,
            pace: Pace::default(),
        })
    }

    /// The pool itself, for tests that look at rows.
    #[cfg(test)]
    pub(super) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// A connection without settings for a transaction.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Any>, StoreError> {
        self.address.check()?;
        let is_new = self.pool.num_idle() == 0;
        if is_new {
            self.renew()?;
        }
        match self.pool.acquire().await {
            Ok(connection) => Ok(connection),
            // An idle connection was dead, and the pool made a new one with the old password.
            Err(error) if !is_new && is_login_refused(&error) => {
                self.renew()?;
                Ok(self
                    .pool
                    .acquire()
                    .await
                    .map_err(|error| self.failed(error))?)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// A transaction. If the process writes, the transaction never begins on a standby.
    pub(super) async fn begin(
        &self,
        purpose: Purpose,
    ) -> Result<Transaction<'static, Any>, StoreError> {
        let statement = self.engine.begin(purpose, self.read_only);
        // Each idle connection may lead to a server that is not the primary any more.
        let mut tries = 1 + self.pool.num_idle().min(self.most);
        loop {
            let connection = self.acquire().await?;
            // No part of the statement comes from outside the program.
            let statement = AssertSqlSafe(statement.clone()).into_sql_str();
            match Transaction::begin(connection, Some(statement)).await {
                Ok(transaction) => {
                    self.pace.succeeded();
                    return Ok(transaction);
                }
                Err(error) if is_of_a_standby(&error) => {
                    tries -= 1;
                    if tries == 0 {
                        return Err(self.pace.failed(StoreError::Standby));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Makes the next connection use the password that its file has now.
    fn renew(&self) -> Result<(), StoreError> {
        let url = self.address.url()?;
        self.pace.may_try(&url)?;
        if self.engine == Engine::Postgres {
            let options = AnyConnectOptions::from_str(&url)?;
            self.pool.set_connect_options(options);
        }
        Ok(())
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        match error {
            // All connections are in use, or the database doesn't answer. The caller has waited
            // already.
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => error.into(),
            error => self.pace.failed(error.into()),
        }
    }
}

fn pool(engine: Engine, most: u32, read_only: bool) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(TO_GET_ONE)
        // The pool's own test of a returned connection has no time limit. It would block every
        // caller that waits for the connection's place.
        .after_release(move |connection, _| {
            Box::pin(async move {
                let proof = timeout(TO_PROVE_ITSELF, is_of_use(connection, engine, read_only));
                Ok(matches!(proof.await, Ok(Ok(true))))
            })
        })
        .after_connect(move |connection, _| Box::pin(prepare(connection, engine, read_only)))
}

/// Sets up a new connection.
async fn prepare(
    connection: &mut AnyConnection,
    engine: Engine,
    read_only: bool,
) -> Result<(), sqlx::Error> {
    if engine == Engine::Postgres {
        if pooler::is_between(connection).await? {
            // Removes settings that another client may have left.
            connection.execute("DISCARD ALL").await?;
        } else {
            connection.execute(POSTGRES_SOCKET).await?;
        }
        return Ok(());
    }
    for statement in SQLITE_SESSION {
        connection.execute(statement).await?;
    }
    if read_only {
        connection.execute("PRAGMA query_only = ON").await?;
    }
    Ok(())
}

/// Whether a connection still works, and leads to the right kind of server.
async fn is_of_use(
    connection: &mut AnyConnection,
    engine: Engine,
    read_only: bool,
) -> Result<bool, sqlx::Error> {
    if engine == Engine::Postgres {
        let is_standby = is_standby(connection).await?;
        return Ok(read_only || !is_standby);
    }
    // The ping makes sqlx roll back a transaction that was dropped.
    connection.ping().await?;
    if connection.is_in_transaction() {
        // On a full disk, SQLite ends the transaction by itself. sqlx's rollback then fails, and
        // sqlx counts the transaction as open for ever. This `BEGIN` gives sqlx a transaction to
        // roll back, which it does when it refuses the second one. A new connection might find no
        // room for its files.
        connection.execute("BEGIN").await?;
        drop(connection.begin_with("BEGIN").await);
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

pub(super) async fn is_standby(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let rows = connection.fetch_all(IS_STANDBY).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    row.try_get("is_standby")
}

/// Makes the first connection, and refuses a database that this process can't work with.
async fn first_look(
    options: &AnyConnectOptions,
    engine: Engine,
    read_only: bool,
) -> Result<AnyConnection, StoreError> {
    let connected = AnyConnection::connect_with(options).await;
    let mut connection = connected.map_err(pooler::explained)?;
    if engine == Engine::Sqlite {
        prepare(&mut connection, engine, read_only).await?;
        return Ok(connection);
    }
    if !read_only && is_standby(&mut connection).await? {
        return Err(StoreError::Standby);
    }
    pooler::refuse(&mut connection, options).await?;
    Ok(connection)
}

/// SQLSTATE class 28, invalid authorization.
fn is_login_refused(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code.starts_with("28"))
}

/// The server refused a transaction that may write: 25006, it is read-only; 0A000, it is in
/// recovery.
fn is_of_a_standby(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "25006" || code == "0A000")
}

/// An error that may pass if the transaction is tried again: a serialization failure, such as a
/// standby's conflict with replay, or a deadlock.
pub(super) fn is_passing(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else {
        return false;
    };
    code(error).is_some_and(|code| code == "40001" || code == "40P01")
}

fn code(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error()?.code()
}
