//! Connections to a database: how many, what they are told first, and how long anybody waits for them.

use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor};
use tokio::time::timeout;

use super::Engine;
use crate::store::StoreError;

/// How long a statement or the wait for a connection may take: a database that is frozen, or beyond a network that swallows
/// packets, answers nothing at all.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const TO_GET_ONE: Duration = Duration::from_secs(5);
/// How long a connection that was given back may take to prove that it still works.
const TO_PROVE_ITSELF: Duration = Duration::from_secs(2);

/// What a PostgreSQL session is told: nothing is waited for without end, and a replica that froze or vanished in a transaction does
/// not keep its lock from the others.
const POSTGRES_SESSION: &str = "\
    SELECT set_config('statement_timeout', '10s', false), set_config('lock_timeout', '5s', false), \
    set_config('idle_in_transaction_session_timeout', '5s', false), set_config('tcp_user_timeout', '15s', false), \
    set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), \
    set_config('default_transaction_read_only', $1, false)";
const SQLITE_SESSION: [&str; 3] = [
    "PRAGMA journal_mode = WAL",
    // A change that was reported done is on disk: with WAL, NORMAL may lose the last ones in a power cut.
    "PRAGMA synchronous = FULL",
    // The service can't open files in the system's own folder for them, and nobody else should find them there.
    "PRAGMA temp_store = MEMORY",
];

/// The options that a database's URL stands for.
pub(super) fn options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    sqlx::any::install_default_drivers();
    Ok(AnyConnectOptions::from_str(url)?)
}

/// Opens the pool, and one connection: what is wrong is told now.
pub(super) async fn open(
    engine: Engine,
    options: AnyConnectOptions,
    most: u32,
    read_only: bool,
) -> Result<AnyPool, StoreError> {
    if engine == Engine::Postgres {
        // The pool goes on trying until its time is over, and then only knows that it is.
        let first = timeout(TO_GET_ONE, AnyConnection::connect_with(&options));
        first
            .await
            .map_err(|_| StoreError::TimedOut)??
            .close()
            .await?;
    }
    let pool = AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(TO_GET_ONE)
        // Before the library's own test, which waits for ever, and with it everyone who needs the connection's place.
        .after_release(|connection, _| {
            Box::pin(async move {
                let proof = timeout(TO_PROVE_ITSELF, connection.ping()).await;
                Ok(matches!(proof, Ok(Ok(()))))
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                match engine {
                    Engine::Sqlite => {
                        for statement in SQLITE_SESSION {
                            connection.execute(statement).await?;
                        }
                        if read_only {
                            connection.execute("PRAGMA query_only = ON").await?;
                        }
                    }
                    Engine::Postgres => {
                        let read_only = if read_only { "on" } else { "off" };
                        let settings = sqlx::query(POSTGRES_SESSION).bind(read_only);
                        settings.execute(connection).await?;
                    }
                }
                Ok(())
            })
        });
    Ok(pool.connect_with(options).await?)
}
