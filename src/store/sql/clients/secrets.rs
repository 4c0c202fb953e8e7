//! Clients' secrets as rows: what is written.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use uuid::Uuid;

use super::{expect_client, rows};
use crate::store::sql::insert::insert;
use crate::store::sql::{millis, optional_timestamp};
use crate::store::{Rotated, StoreError};
use crate::token::{ClientId, SecretHash, SecretId, StoredSecret};

/// Adds as many as one statement takes.
pub(in crate::store::sql) async fn add(
    transaction: &mut Transaction<'static, Any>,
    secrets: &[(&ClientId, &StoredSecret)],
) -> Result<(), StoreError> {
    let columns = [
        "id",
        "client_id",
        "hash_kind",
        "hash",
        "created_at",
        "expires_at",
    ];
    let statement = insert("client_secrets", &columns, secrets.len());
    // Nothing in it is from outside.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (client, secret) in secrets {
        let (kind, hash) = rows::kept(&secret.hash);
        query = query
            .bind(secret.id.to_string())
            .bind(client.as_str())
            .bind(kind)
            .bind(hash)
            .bind(millis(secret.created_at))
            .bind(secret.expires_at.map(millis));
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

/// Adds a secret, and ends those of before: the newest of those that work at `overlap_until`, all others now.
pub(in crate::store::sql) async fn rotate(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    secret: &StoredSecret,
    overlap_until: Timestamp,
    ends_promised: bool,
) -> Result<Rotated, StoreError> {
    let now = secret.created_at;
    let done = sqlx::query("UPDATE clients SET changed_at = $1 WHERE id = $2")
        .bind(millis(now))
        .bind(id.as_str())
        .execute(&mut **transaction)
        .await?;
    expect_client(done.rows_affected(), id)?;
    let mut working = working(transaction, id, now).await?.into_iter();
    let newest = working.next();
    let others: Vec<Working> = working.collect();
    if let Some(promised) = others.first().filter(|_| !ends_promised) {
        return Err(StoreError::SecretPromised {
            client_id: id.clone(),
            secret_id: promised.id,
            until: promised.until.unwrap_or(Timestamp::MAX),
        });
    }
    let previous_until = newest.as_ref().map(|newest| {
        let until = newest.until.unwrap_or(Timestamp::MAX);
        until.min(overlap_until)
    });
    if let (Some(newest), Some(until)) = (&newest, previous_until) {
        sqlx::query("UPDATE client_secrets SET expires_at = $2 WHERE id = $1")
            .bind(newest.id.to_string())
            .bind(millis(until))
            .execute(&mut **transaction)
            .await?;
    }
    let kept = newest.filter(|_| previous_until.is_some_and(|until| until > now));
    sqlx::query("DELETE FROM client_secrets WHERE client_id = $1 AND id <> $2")
        .bind(id.as_str())
        .bind(kept.map_or_else(String::new, |kept| kept.id.to_string()))
        .execute(&mut **transaction)
        .await?;
    add(transaction, &[(id, secret)]).await?;
    Ok(Rotated {
        previous_until,
        ended: others.into_iter().map(|secret| secret.id).collect(),
    })
}

/// Puts another hash of the same secret in the place of the one that was seen, if that is still there.
pub(in crate::store::sql) async fn replace_hash(
    transaction: &mut Transaction<'static, Any>,
    client: &ClientId,
    secret: SecretId,
    [seen, new]: [&SecretHash; 2],
) -> Result<bool, StoreError> {
    let ((seen_kind, seen), (kind, hash)) = (rows::kept(seen), rows::kept(new));
    let statement = "UPDATE client_secrets SET hash_kind = $1, hash = $2 \
         WHERE id = $3 AND client_id = $4 AND hash_kind = $5 AND hash = $6";
    let done = sqlx::query(statement)
        .bind(kind)
        .bind(hash)
        .bind(secret.to_string())
        .bind(client.as_str())
        .bind(seen_kind)
        .bind(seen)
        .execute(&mut **transaction)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A secret that works.
struct Working {
    id: SecretId,
    until: Option<Timestamp>,
}

/// The newest first.
async fn working(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    now: Timestamp,
) -> Result<Vec<Working>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, expires_at FROM client_secrets \
         WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC, id DESC",
    )
    .bind(id.as_str())
    .bind(millis(now))
    .fetch_all(&mut **transaction)
    .await?;
    rows.iter().map(secret).collect()
}

fn secret(row: &AnyRow) -> Result<Working, StoreError> {
    let id: &str = row.try_get("id")?;
    let name = format!("client secret {id}");
    Ok(Working {
        id: SecretId(Uuid::parse_str(id).map_err(|error| StoreError::corrupt(&name, &error))?),
        until: optional_timestamp(row.try_get("expires_at")?, &name)?,
    })
}
