//! Leases: tasks that one process at a time carries out.

use jiff::Timestamp;
use sqlx::{Any, Transaction};
use uuid::Uuid;

use super::millis;
use crate::store::StoreError;

pub(super) async fn take(
    transaction: &mut Transaction<'static, Any>,
    task: &str,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let (now, until) = (millis(now), millis(until));
    // A lease that ends more than twice as far ahead as the new one was taken by a wrong clock,
    // here or on the other machine. It could last for years, so it doesn't count.
    let too_late = until.saturating_add(until - now);
    let taken = sqlx::query(
        "INSERT INTO leases (task, owner, until) VALUES ($1, $2, $3) \
         ON CONFLICT (task) DO UPDATE SET owner = excluded.owner, until = excluded.until \
         WHERE leases.owner = excluded.owner OR leases.until <= $4 OR leases.until > $5",
    )
    .bind(task)
    .bind(owner.to_string())
    .bind(until)
    .bind(now)
    .bind(too_late)
    .execute(&mut **transaction)
    .await?;
    Ok(taken.rows_affected() == 1)
}

pub(super) async fn release(
    transaction: &mut Transaction<'static, Any>,
    task: &str,
    owner: Uuid,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM leases WHERE task = $1 AND owner = $2")
        .bind(task)
        .bind(owner.to_string())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
