//! Tasks that one process at a time carries out.

use jiff::Timestamp;
use sqlx::SqlitePool;
use uuid::Uuid;

use super::millis;
use crate::store::StoreError;

pub(super) async fn take(
    pool: &SqlitePool,
    task: &str,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let taken = sqlx::query(
        "INSERT INTO leases (task, owner, until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (task) DO UPDATE SET owner = excluded.owner, until = excluded.until \
         WHERE leases.owner = excluded.owner OR leases.until <= ?4",
    )
    .bind(task)
    .bind(owner.to_string())
    .bind(millis(until))
    .bind(millis(now))
    .execute(pool)
    .await?;
    Ok(taken.rows_affected() == 1)
}

pub(super) async fn release(pool: &SqlitePool, task: &str, owner: Uuid) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM leases WHERE task = ? AND owner = ?")
        .bind(task)
        .bind(owner.to_string())
        .execute(pool)
        .await?;
    Ok(())
}
