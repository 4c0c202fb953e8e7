//! Signing keys and the sealed secret key as rows.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqlitePool, Transaction};

use super::{millis, optional_timestamp, timestamp};
use crate::keys::StoredKey;
use crate::store::StoreError;
use crate::token::Algorithm;

const SEALED_SECRET_KEY: &str = "sealed_secret_key";

pub(super) async fn all(pool: &SqlitePool) -> Result<Vec<StoredKey>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, algorithm, public_jwk, sealed_private_key, created_at, signs_from, signs_until, published_until, \
         revoked_at FROM signing_keys ORDER BY created_at, id",
    );
    rows.fetch_all(pool).await?.iter().map(key).collect()
}

pub(super) async fn any(
    transaction: &mut Transaction<'static, Sqlite>,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM signing_keys LIMIT 1")
        .fetch_optional(&mut **transaction)
        .await?;
    Ok(row.is_some())
}

pub(super) async fn add(
    transaction: &mut Transaction<'static, Sqlite>,
    key: &StoredKey,
) -> Result<(), StoreError> {
    let jwk = serde_json::to_string(&key.public_jwk)
        .map_err(|error| StoreError::corrupt("public key", &error))?;
    sqlx::query(
        "INSERT INTO signing_keys (id, algorithm, public_jwk, sealed_private_key, created_at, signs_from, signs_until, \
         published_until, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&key.id)
    .bind(key.algorithm.as_str())
    .bind(jwk)
    .bind(&key.sealed_private_key)
    .bind(millis(key.created_at))
    .bind(millis(key.signs_from))
    .bind(key.signs_until.map(millis))
    .bind(key.published_until.map(millis))
    .bind(key.revoked_at.map(millis))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

pub(super) async fn sealed_secret_key(pool: &SqlitePool) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT value FROM meta WHERE name = ?")
        .bind(SEALED_SECRET_KEY)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}

pub(super) async fn keep_first_sealed_secret_key(
    pool: &SqlitePool,
    sealed: &[u8],
) -> Result<bool, StoreError> {
    let done = sqlx::query("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(SEALED_SECRET_KEY)
        .bind(sealed)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

fn key(row: &SqliteRow) -> Result<StoredKey, StoreError> {
    let id: String = row.try_get("id")?;
    let name = format!("signing key {id}");
    let algorithm: &str = row.try_get("algorithm")?;
    let algorithm: Algorithm = algorithm
        .parse()
        .map_err(|error| StoreError::corrupt(&name, &error))?;
    let jwk = serde_json::from_str(row.try_get("public_jwk")?)
        .map_err(|error| StoreError::corrupt(&name, &error))?;
    Ok(StoredKey {
        algorithm,
        public_jwk: jwk,
        sealed_private_key: row.try_get("sealed_private_key")?,
        created_at: timestamp(row.try_get("created_at")?, &name)?,
        signs_from: timestamp(row.try_get("signs_from")?, &name)?,
        signs_until: optional_timestamp(row.try_get("signs_until")?, &name)?,
        published_until: optional_timestamp(row.try_get("published_until")?, &name)?,
        revoked_at: optional_timestamp(row.try_get("revoked_at")?, &name)?,
        id,
    })
}
