//! Clients and their secrets as rows: what is written. Reading is in [`rows`].

pub(super) mod rows;

use jiff::Timestamp;
use sqlx::{Any, Transaction};

use super::millis;
use crate::store::{ClientRecord, SecretUse, StoreError};
use crate::token::{Algorithm, ClientId, SecretHash, Status, StoredSecret};

pub(super) async fn add(
    transaction: &mut Transaction<'static, Any>,
    record: &ClientRecord,
) -> Result<(), StoreError> {
    let client = &record.client;
    let added = sqlx::query(
        "INSERT INTO clients (id, name, enabled, scope, audiences, grants, expires_in_as, may_introspect, created_at, changed_at) \
         VALUES ($1, '', $2, '', '[]', '', 'string', 0, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(client.id.as_str())
    .bind(i64::from(client.status == Status::Enabled))
    .bind(millis(record.created_at))
    .bind(millis(record.changed_at))
    .execute(&mut **transaction)
    .await?;
    if added.rows_affected() == 0 {
        return Err(StoreError::ClientExists(client.id.clone()));
    }
    // What a change can set is written in one place.
    change(transaction, record).await?;
    for secret in &record.secrets {
        add_secret(transaction, &client.id, secret).await?;
    }
    Ok(())
}

pub(super) async fn change(
    transaction: &mut Transaction<'static, Any>,
    record: &ClientRecord,
) -> Result<(), StoreError> {
    let client = &record.client;
    let json = |error| StoreError::corrupt(format!("client {}", client.id), &error);
    let audiences = serde_json::to_string(&client.audiences).map_err(json)?;
    let keys = record.keys.as_ref().map(serde_json::to_string);
    let done = sqlx::query(
        "UPDATE clients SET name = $1, auth_method = $2, certificate_name = $3, jwks = $4, scope = $5, audiences = $6, grants = $7, expires_in_as = $8, \
         may_introspect = $9, certificate_binding = $10, networks = $11, rate = $12, expires_at = $13, token_lifetime_seconds = $14, token_algorithm = $15, \
         contact = $16, note = $17, changed_at = $18 WHERE id = $19",
    )
    .bind(&client.name)
    .bind(client.auth_method.as_str())
    .bind(client.certificate_name.as_ref().map(ToString::to_string))
    .bind(keys.transpose().map_err(json)?)
    .bind(client.scope.as_str())
    .bind(audiences)
    .bind(spaced(&client.grants))
    .bind(client.expires_in_as.as_str())
    .bind(i64::from(client.may_introspect))
    .bind(client.certificate_binding.as_str())
    .bind(spaced(&client.networks))
    .bind(client.rate.map(|rate| rate.to_string()))
    .bind(client.expires_at.map(millis))
    .bind(client.token_lifetime.map(|it| i64::from(it.as_secs())))
    .bind(client.token_algorithm.map(Algorithm::as_str))
    .bind(&client.contact)
    .bind(&client.note)
    .bind(millis(record.changed_at))
    .bind(client.id.as_str())
    .execute(&mut **transaction)
    .await?;
    expect_client(done.rows_affected(), &client.id)
}

pub(super) async fn set_status(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    status: Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE clients SET enabled = $1, changed_at = $2 WHERE id = $3")
        .bind(i64::from(status == Status::Enabled))
        .bind(millis(now))
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)
}

pub(super) async fn rotate_secret(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    secret: &StoredSecret,
    overlap_until: Timestamp,
) -> Result<(), StoreError> {
    let now = millis(secret.created_at);
    let done = sqlx::query("UPDATE clients SET changed_at = $1 WHERE id = $2")
        .bind(now)
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)?;
    // First all but the newest that works: had its end been set before, one that is older could outlive it.
    sqlx::query(
        "DELETE FROM client_secrets WHERE client_id = $1 AND id IS DISTINCT FROM \
         (SELECT id FROM client_secrets WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2) \
          ORDER BY created_at DESC, id DESC LIMIT 1)",
    )
    .bind(id.as_str())
    .bind(now)
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "UPDATE client_secrets SET expires_at = $2 WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(id.as_str())
    .bind(millis(overlap_until))
    .execute(&mut **transaction)
    .await?;
    sqlx::query("DELETE FROM client_secrets WHERE client_id = $1 AND expires_at <= $2")
        .bind(id.as_str())
        .bind(now)
        .execute(&mut **transaction)
        .await?;
    add_secret(transaction, id, secret).await
}

pub(super) async fn remove(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
) -> Result<(), StoreError> {
    let done = sqlx::query("DELETE FROM clients WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)
}

pub(super) async fn record_uses(
    transaction: &mut Transaction<'static, Any>,
    uses: &[SecretUse],
) -> Result<(), StoreError> {
    for used in uses {
        // Several replicas report; the latest use wins.
        sqlx::query(
            "UPDATE client_secrets SET last_used_at = $1, last_used_from = $2 \
             WHERE id = $3 AND coalesce(last_used_at, 0) < $1",
        )
        .bind(millis(used.at))
        .bind(used.from.to_string())
        .bind(used.secret.to_string())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn add_secret(
    transaction: &mut Transaction<'static, Any>,
    client: &ClientId,
    secret: &StoredSecret,
) -> Result<(), StoreError> {
    let hash = match &secret.hash {
        SecretHash::Keyed(digest) => digest.as_slice(),
        SecretHash::Argon2id(phc) => phc.as_bytes(),
    };
    sqlx::query(
        "INSERT INTO client_secrets (id, client_id, hash_kind, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(secret.id.to_string())
    .bind(client.as_str())
    .bind(secret.hash.kind())
    .bind(hash)
    .bind(millis(secret.created_at))
    .bind(secret.expires_at.map(millis))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn expect_client(rows: u64, id: &ClientId) -> Result<(), StoreError> {
    if rows == 0 {
        Err(StoreError::NoSuchClient(id.clone()))
    } else {
        Ok(())
    }
}

/// A list of what has no space in it.
fn spaced(list: &[impl ToString]) -> String {
    let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
    texts.join(" ")
}
