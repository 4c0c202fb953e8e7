//! Revoked tokens as rows.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row, Transaction};

use super::{feed, millis, timestamp};
use crate::store::{RevokedToken, StoreError};
use crate::token::{ClientId, TokenId};

pub(super) async fn revoke(
    transaction: &mut Transaction<'static, Any>,
    token: &RevokedToken,
    most: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_revoked(transaction, &token.id).await? {
        return Ok(());
    }
    if number_of(transaction, &token.client_id).await? >= i64::from(most) {
        return Err(StoreError::TooManyRevoked {
            client_id: token.client_id.clone(),
            most,
        });
    }
    let change = feed::append(transaction, feed::TOKEN, &[(&token.id, now)]).await?;
    sqlx::query(
        "INSERT INTO revoked_tokens (jti, client_id, expires_at, change) VALUES ($1, $2, $3, $4)",
    )
    .bind(&*token.id)
    .bind(token.client_id.as_str())
    .bind(millis(token.expires_at))
    .bind(change)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

pub(super) async fn revoked_after(
    connection: &mut AnyConnection,
    change: i64,
) -> Result<Vec<RevokedToken>, StoreError> {
    let rows = sqlx::query(
        "SELECT jti, client_id, expires_at FROM revoked_tokens WHERE change > $1 ORDER BY change",
    )
    .bind(change)
    .fetch_all(&mut *connection)
    .await?;
    rows.iter().map(token).collect()
}

/// With their entries in the feed, which nobody needs either, but for one that somebody may stand on. Numbers are not used
/// again, so nobody misses what comes after.
pub(super) async fn forget(
    transaction: &mut Transaction<'static, Any>,
    expired_before: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM revoked_tokens WHERE expires_at < $1",
        "DELETE FROM changes WHERE kind = 'token' \
         AND sequence < (SELECT sequence FROM changes WHERE at < $1 ORDER BY sequence DESC LIMIT 1) \
         AND NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE change = changes.sequence)",
    ] {
        sqlx::query(statement)
            .bind(millis(expired_before))
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

async fn is_revoked(
    transaction: &mut Transaction<'static, Any>,
    id: &TokenId,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM revoked_tokens WHERE jti = $1")
        .bind(&**id)
        .fetch_optional(&mut **transaction)
        .await?;
    Ok(row.is_some())
}

async fn number_of(
    transaction: &mut Transaction<'static, Any>,
    client: &ClientId,
) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT count(*) AS number FROM revoked_tokens WHERE client_id = $1")
        .bind(client.as_str())
        .fetch_one(&mut **transaction)
        .await?;
    Ok(row.try_get("number")?)
}

fn token(row: &AnyRow) -> Result<RevokedToken, StoreError> {
    let id: &str = row.try_get("jti")?;
    let name = format!("revoked token {id}");
    let client_id: &str = row.try_get("client_id")?;
    Ok(RevokedToken {
        id: TokenId::parse(id)
            .ok_or_else(|| StoreError::corrupt(&name, &"no token has this id"))?,
        client_id: ClientId::parse(client_id)
            .map_err(|error| StoreError::corrupt(&name, &error))?,
        expires_at: timestamp(row.try_get("expires_at")?, &name)?,
    })
}
