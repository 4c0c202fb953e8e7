//! Poolers between this service and PostgreSQL. A session pooler, which keeps a server connection
//! for one client, does no harm. A transaction pooler, which gives each transaction another
//! connection, is refused: LISTEN, prepared statements and session locks would be left to other
//! clients.

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor, Row};

use crate::store::StoreError;

/// How often two connections are compared. An idle transaction pooler is found in the first round.
const ROUNDS: u32 = 4;
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const PID: &str = "SELECT pg_backend_pid() AS pid";
/// sqlx asks for 2 when it connects, and a pooler can't pass that on.
const DIGITS: &str = "SHOW extra_float_digits";

/// Refuses a transaction pooler. `connection` was just made with `options`. The statements leave
/// nothing on either connection: they are sent as plain text, and so are not prepared.
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
        // A transaction pooler gives `other` the server connection that `connection` used last,
        // because it is free again. A session pooler keeps it for `connection`.
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

/// Whether a pooler is between this service and PostgreSQL.
pub(super) async fn is_between(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let row = connection.fetch_one(DIGITS).await?;
    let digits: String = row.try_get("extra_float_digits")?;
    Ok(digits != "2")
}

/// Explains the error of a refused connection if a pooler refused it.
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

/// The id of the server process that a transaction gets.
async fn alone(connection: &mut AnyConnection) -> Result<i32, sqlx::Error> {
    connection.execute(BEGIN).await?;
    let pid = pid(connection).await;
    connection.execute("ROLLBACK").await?;
    pid
}

async fn pid(connection: &mut AnyConnection) -> Result<i32, sqlx::Error> {
    connection.fetch_one(PID).await?.try_get("pid")
}
