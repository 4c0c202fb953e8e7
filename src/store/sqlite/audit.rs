//! What pins audit trails, as rows of `meta`: the key of their checkpoints, and how far each goes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Row, SqlitePool};

use crate::keys::StoredAuditKey;
use crate::store::{AuditHead, StoreError};

const KEY: &str = "audit_key";
const HEAD: &str = "audit_head:";

pub(super) async fn key(pool: &SqlitePool) -> Result<Option<StoredAuditKey>, StoreError> {
    let row = sqlx::query("SELECT value FROM meta WHERE name = ?")
        .bind(KEY)
        .fetch_optional(pool)
        .await?;
    row.map(|row| read(row.try_get("value")?)).transpose()
}

pub(super) async fn keep_first_key(
    pool: &SqlitePool,
    key: &StoredAuditKey,
) -> Result<bool, StoreError> {
    let done = sqlx::query("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(KEY)
        .bind(written(key)?)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn heads(pool: &SqlitePool) -> Result<Vec<AuditHead>, StoreError> {
    let rows = sqlx::query("SELECT value FROM meta WHERE name GLOB ? ORDER BY name")
        .bind(format!("{HEAD}*"))
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| read(row.try_get("value")?)).collect()
}

pub(super) async fn note_head(pool: &SqlitePool, head: &AuditHead) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(format!("{HEAD}{}", head.trail))
    .bind(written(head)?)
    .execute(pool)
    .await?;
    Ok(())
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::corrupt("audit key or head", &error))
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::corrupt("audit key or head", &error))
}
