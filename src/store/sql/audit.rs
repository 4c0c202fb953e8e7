//! What pins audit trails, as rows of `meta`: the key of their checkpoints, and how far each goes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, AnyConnection, Row, Transaction};

use crate::keys::StoredAuditKey;
use crate::store::{AuditHead, StoreError};

const KEY: &str = "audit_key";
const HEAD: &str = "audit_head:";
/// The first name after all that begin with [`HEAD`].
const AFTER_HEADS: &str = "audit_head;";

pub(super) async fn key(
    connection: &mut AnyConnection,
) -> Result<Option<StoredAuditKey>, StoreError> {
    let row = sqlx::query("SELECT value FROM meta WHERE name = $1")
        .bind(KEY)
        .fetch_optional(&mut *connection)
        .await?;
    row.map(|row| read(row.try_get("value")?)).transpose()
}

pub(super) async fn keep_first_key(
    transaction: &mut Transaction<'static, Any>,
    key: &StoredAuditKey,
) -> Result<bool, StoreError> {
    let done = sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(KEY)
        .bind(written(key)?)
        .execute(&mut **transaction)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn heads(connection: &mut AnyConnection) -> Result<Vec<AuditHead>, StoreError> {
    let rows = sqlx::query("SELECT value FROM meta WHERE name >= $1 AND name < $2 ORDER BY name")
        .bind(HEAD)
        .bind(AFTER_HEADS)
        .fetch_all(&mut *connection)
        .await?;
    rows.iter().map(|row| read(row.try_get("value")?)).collect()
}

pub(super) async fn note_head(
    transaction: &mut Transaction<'static, Any>,
    head: &AuditHead,
) -> Result<(), StoreError> {
    let name = format!("{HEAD}{}", head.trail);
    let noted = sqlx::query("SELECT value FROM meta WHERE name = $1")
        .bind(&name)
        .fetch_optional(&mut **transaction)
        .await?;
    let noted: Option<AuditHead> = noted.map(|row| read(row.try_get("value")?)).transpose()?;
    if noted.is_some_and(|noted| noted.sequence > head.sequence) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(written(head)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::corrupt("audit key or head", &error))
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::corrupt("audit key or head", &error))
}
