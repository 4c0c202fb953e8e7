//! Connections to a database: how each is made, which ones are let go, and how long anybody waits
//! for one.
//!
//! Nothing is left on a connection: what a PostgreSQL session must be told, each transaction is
//! told for itself. A pooler may give the connection to somebody else afterwards, and a role or a
//! database may have any default.

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

/// How long a statement or the wait for a connection may take: a database that is frozen, or beyond
/// a network that swallows packets, answers nothing at all.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const TO_GET_ONE: Duration = Duration::from_secs(5);
/// How long a connection that was given back may take to prove that it still works.
const TO_PROVE_ITSELF: Duration = Duration::from_secs(2);

/// Whether the server only follows another one, and takes no changes. In a transaction: one that is
/// serializable by default can't be had there.
pub(super) const IS_STANDBY: &str = "\
    BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_is_in_recovery() AS is_standby; COMMIT";
/// Of the socket, not of the session, and so not for a pooler's connections.
const POSTGRES_SOCKET: &str = "\
    BEGIN ISOLATION LEVEL READ COMMITTED; SELECT set_config('tcp_user_timeout', '15s', false), set_config('tcp_keepalives_idle', '10', false), \
    set_config('tcp_keepalives_interval', '5', false); COMMIT";
const SQLITE_SESSION: [&str; 3] = [
    "PRAGMA journal_mode = WAL",
    // A change that was reported done is on disk: with WAL, NORMAL may lose the last ones in a
    // power cut.
    "PRAGMA synchronous = FULL",
    // The service can't open files in the system's own folder for them, and nobody else should find
    // them there.
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
    /// Opens one connection, so that what is wrong is told now.
    pub(super) async fn open(
        engine: Engine,
        address: Arc<Address>,
        most: u32,
        read_only: bool,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let url = address.url()?;
        let options = AnyConnectOptions::from_str(&url)?;
        // The pool goes on trying until its time is over, and then only knows that it is.
        let first = timeout(TO_GET_ONE, first_look(&options, engine, read_only));
        let first = first.await.map_err(|_| StoreError::TimedOut)??;
        let pool = pool(engine, most, read_only).connect_with(options).await?;
        // Not before: the last connection that is closed takes SQLite's files away with it.
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

    /// A connection, which is told nothing yet.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Any>, StoreError> {
        self.address.check()?;
        let is_new = self.pool.num_idle() == 0;
        if is_new {
            self.renew()?;
        }
        match self.pool.acquire().await {
            Ok(connection) => Ok(connection),
            // An idle one was dead, and the one in its place was made with what was known before.
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

    /// A transaction. Of a process that writes, it begins on no server that follows another one.
    pub(super) async fn begin(
        &self,
        purpose: Purpose,
    ) -> Result<Transaction<'static, Any>, StoreError> {
        let statement = self.engine.begin(purpose, self.read_only);
        // Each of the connections that there are may lead to the server that was the primary.
        let mut tries = 1 + self.pool.num_idle().min(self.most);
        loop {
            let connection = self.acquire().await?;
            // Nothing in it is from outside.
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

    /// Has the next connection made with what the password's file says now.
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
            // All are in use, or nobody answers: it took its time.
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => error.into(),
            error => self.pace.failed(error.into()),
        }
    }
}

fn pool(engine: Engine, most: u32, read_only: bool) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(TO_GET_ONE)
        // Before the library's own test, which waits for ever, and with it everyone who needs the
        // connection's place.
        .after_release(move |connection, _| {
            Box::pin(async move {
                let proof = timeout(TO_PROVE_ITSELF, is_of_use(connection, engine, read_only));
                Ok(matches!(proof.await, Ok(Ok(true))))
            })
        })
        .after_connect(move |connection, _| Box::pin(prepare(connection, engine, read_only)))
}

/// What a new connection is told.
async fn prepare(
    connection: &mut AnyConnection,
    engine: Engine,
    read_only: bool,
) -> Result<(), sqlx::Error> {
    if engine == Engine::Postgres {
        if pooler::is_between(connection).await? {
            // What somebody else may have left.
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

/// Whether a connection still works, and leads where it should.
async fn is_of_use(
    connection: &mut AnyConnection,
    engine: Engine,
    read_only: bool,
) -> Result<bool, sqlx::Error> {
    if engine == Engine::Postgres {
        let is_standby = is_standby(connection).await?;
        return Ok(read_only || !is_standby);
    }
    // After this, what was dropped half-way is rolled back.
    connection.ping().await?;
    if connection.is_in_transaction() {
        // For want of room on the disk, SQLite ended the transaction itself. The library counts it
        // for ever, as its own rollback failed for that; so it gets one to roll back, which it does
        // when it refuses to begin another. A new connection might find no room for its files.
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

/// Refuses a database that this process can't work with.
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

/// Invalid authorization (SQLSTATE class 28).
fn is_login_refused(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code.starts_with("28"))
}

/// A transaction that may write was refused: read-only, or not in recovery.
fn is_of_a_standby(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "25006" || code == "0A000")
}

/// What may be tried again just so: a serialization failure, such as a standby's that had to go on,
/// or a deadlock.
pub(super) fn is_passing(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else {
        return false;
    };
    code(error).is_some_and(|code| code == "40001" || code == "40P01")
}

fn code(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error()?.code()
}
