//! Signing keys and the sealed secret key as rows.

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row, Transaction};

use super::{millis, optional_timestamp, timestamp};
use crate::keys::{KeyMaterial, PrivateHalf, StoredKey};
use crate::store::StoreError;
use crate::token::Algorithm;

const SEALED_SECRET_KEY: &str = "sealed_secret_key";

pub(super) async fn all(connection: &mut AnyConnection) -> Result<Vec<StoredKey>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, algorithm, public_jwk, sealed_private_key, token_object, created_at, signs_from, signs_until, published_until, \
         revoked_at, revocation_reason FROM signing_keys ORDER BY created_at, id",
    );
    rows.fetch_all(connection).await?.iter().map(key).collect()
}

pub(super) async fn material(
    transaction: &mut Transaction<'static, Any>,
) -> Result<KeyMaterial, StoreError> {
    Ok(KeyMaterial {
        sealed_secret_key: sealed_secret_key(transaction).await?,
        signing_keys: all(transaction).await?.into(),
    })
}

/// Writes what differs. Gives the ids of the signing keys among it.
pub(super) async fn put<'a>(
    transaction: &mut Transaction<'static, Any>,
    seen: &'a KeyMaterial,
    new: &'a KeyMaterial,
) -> Result<Vec<&'a str>, StoreError> {
    if let Some(sealed) = &new.sealed_secret_key
        && new.sealed_secret_key != seen.sealed_secret_key
    {
        put_sealed_secret_key(transaction, sealed).await?;
    }
    let mut changed = Vec::new();
    for key in new.signing_keys.iter() {
        if seen.signing_keys.get(&key.id) != Some(key) {
            put_key(transaction, key).await?;
            changed.push(key.id.as_str());
        }
    }
    for key in seen.signing_keys.iter() {
        if new.signing_keys.get(&key.id).is_none() {
            sqlx::query("DELETE FROM signing_keys WHERE id = $1")
                .bind(&key.id)
                .execute(&mut **transaction)
                .await?;
            changed.push(key.id.as_str());
        }
    }
    Ok(changed)
}

async fn put_key(
    transaction: &mut Transaction<'static, Any>,
    key: &StoredKey,
) -> Result<(), StoreError> {
    let jwk = serde_json::to_string(&key.public_jwk)
        .map_err(|error| StoreError::corrupt("public key", &error))?;
    let (sealed, token_object) = match &key.private_half {
        None => (None, None),
        Some(PrivateHalf::Sealed(sealed)) => (Some(sealed), None),
        Some(PrivateHalf::InToken(object)) => (None, Some(object)),
    };
    sqlx::query(
        "INSERT INTO signing_keys (id, algorithm, public_jwk, sealed_private_key, token_object, created_at, signs_from, \
         signs_until, published_until, revoked_at, revocation_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (id) DO UPDATE SET sealed_private_key = excluded.sealed_private_key, \
         token_object = excluded.token_object, signs_from = excluded.signs_from, signs_until = excluded.signs_until, \
         published_until = excluded.published_until, revoked_at = excluded.revoked_at, \
         revocation_reason = excluded.revocation_reason",
    )
    .bind(&key.id)
    .bind(key.algorithm.as_str())
    .bind(jwk)
    .bind(sealed)
    .bind(token_object)
    .bind(millis(key.created_at))
    .bind(millis(key.signs_from))
    .bind(key.signs_until.map(millis))
    .bind(key.published_until.map(millis))
    .bind(key.revoked_at.map(millis))
    .bind(&key.revocation_reason)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn sealed_secret_key(connection: &mut AnyConnection) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT value FROM meta WHERE name = $1")
        .bind(SEALED_SECRET_KEY)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}

async fn put_sealed_secret_key(
    transaction: &mut Transaction<'static, Any>,
    sealed: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(SEALED_SECRET_KEY)
    .bind(sealed)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn key(row: &AnyRow) -> Result<StoredKey, StoreError> {
    let id: String = row.try_get("id")?;
    let name = format!("signing key {id}");
    let algorithm: &str = row.try_get("algorithm")?;
    let algorithm: Algorithm = algorithm
        .parse()
        .map_err(|error| StoreError::corrupt(&name, &error))?;
    let jwk = serde_json::from_str(row.try_get("public_jwk")?)
        .map_err(|error| StoreError::corrupt(&name, &error))?;
    let sealed: Option<Vec<u8>> = row.try_get("sealed_private_key")?;
    let token_object: Option<Vec<u8>> = row.try_get("token_object")?;
    Ok(StoredKey {
        algorithm,
        public_jwk: jwk,
        private_half: sealed
            .map(PrivateHalf::Sealed)
            .or(token_object.map(PrivateHalf::InToken)),
        created_at: timestamp(row.try_get("created_at")?, &name)?,
        signs_from: timestamp(row.try_get("signs_from")?, &name)?,
        signs_until: optional_timestamp(row.try_get("signs_until")?, &name)?,
        published_until: optional_timestamp(row.try_get("published_until")?, &name)?,
        revoked_at: optional_timestamp(row.try_get("revoked_at")?, &name)?,
        revocation_reason: row.try_get("revocation_reason")?,
        id,
    })
}
