//! Poolers between this service and PostgreSQL. One that keeps a server connection for as long as
//! its client stays is as good as none. One that gives each transaction another connection is
//! refused: LISTEN, prepared statements and locks of a session would be left with strangers.

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor, Row};

use crate::store::StoreError;

/// How often two connections are compared. An idle pooler shows itself the first time.
const ROUNDS: u32 = 4;
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const PID: &str = "SELECT pg_backend_pid() AS pid";
/// The library asks for 2 when it makes a connection, and a pooler can't pass that on.
const DIGITS: &str = "SHOW extra_float_digits";

/// Refuses a pooler of transactions. `connection` has just been made with `options`. Nothing is
/// left on either connection: a text that is asked for as it is leaves no prepared statement.
pub(super) async fn refuse(
    connection: &mut AnyConnection,
    options: &AnyConnectOptions,
) -> Result<(), StoreError> {
    if !is_between(connection).await? {
        return Ok(());
    }
    let mut other = AnyConnection::connect_with(options).await?;
    for _ in 0..ROUNDS {
        let before = alone(connection).await?;
        other.execute(BEGIN).await?;
        // The one that was in use last, and is free again, unless a session holds it.
        let is_shared = pid(&mut other).await? == before || alone(connection).await? != before;
        other.execute("ROLLBACK").await?;
        if is_shared {
            other.close().await?;
            return Err(StoreError::Pooler(
                "each transaction gets another connection (pool_mode = transaction or statement)",
            ));
        }
    }
    Ok(other.close().await?)
}

/// Whether a connection leads to a pooler.
pub(super) async fn is_between(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let row = connection.fetch_one(DIGITS).await?;
    let digits: String = row.try_get("extra_float_digits")?;
    Ok(digits != "2")
}

/// What a refused connection means, when a pooler refused it.
pub(super) fn explained(error: sqlx::Error) -> StoreError {
    let is_of_a_pooler = error
        .as_database_error()
        .is_some_and(|error| error.message().contains("unsupported startup parameter"));
    if is_of_a_pooler {
        return StoreError::Pooler(
            "it refuses a parameter (PgBouncer needs ignore_startup_parameters = extra_float_digits)",
        );
    }
    error.into()
}

/// Whose process a transaction gets.
async fn alone(connection: &mut AnyConnection) -> Result<i32, sqlx::Error> {
    connection.execute(BEGIN).await?;
    let pid = pid(connection).await;
    connection.execute("ROLLBACK").await?;
    pid
}

async fn pid(connection: &mut AnyConnection) -> Result<i32, sqlx::Error> {
    connection.fetch_one(PID).await?.try_get("pid")
}
