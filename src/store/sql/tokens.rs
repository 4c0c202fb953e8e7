//! Reads and writes revoked tokens as rows.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, Transaction};

use super::insert::insert;
use super::tables::{MAC, REVOKED_TOKENS, Values, bind};
use super::vouching::{Ledger, Part, Vouching};
use super::{feed, millis, timestamp};
use crate::store::{RevokedToken, StoreError};
use crate::token::{ClientId, TokenId};

pub(super) async fn revoke(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    token: &RevokedToken,
    most: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_revoked(transaction, &token.id).await? {
        return Ok(());
    }
    if number_of(transaction, &token.client_id).await? >= i64::from(most)
        && number_of_its_own(transaction, &token.client_id).await? >= i64::from(most)
    {
        return Err(StoreError::TooManyRevoked {
            client_id: token.client_id.clone(),
            most,
        });
    }
    let change = feed::append(transaction, ledger, feed::TOKEN, &[(&token.id, now)]).await?;
    let mut values: Values = vec![
        ("jti", (&*token.id).into()),
        ("client_id", token.client_id.as_str().into()),
        ("expires_at", millis(token.expires_at).into()),
        ("change", change.into()),
    ];
    let row = (Part::RevokedTokens, &*token.id);
    ledger
        .vouch_row(transaction, row, &REVOKED_TOKENS, &mut values)
        .await?;
    let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(insert("revoked_tokens", &names, 1)));
    for (_, value) in &values {
        query = bind(query, value);
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

/// The tokens that were revoked after a change. Tokens that somebody else wrote into the table are
/// given too, and noted: to refuse one token too many is safe.
pub(super) async fn revoked_after(
    connection: &mut AnyConnection,
    vouching: &Vouching,
    change: i64,
) -> Result<Vec<RevokedToken>, StoreError> {
    let columns = REVOKED_TOKENS.names().join(", ");
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(format!(
        "SELECT {columns} FROM revoked_tokens WHERE change > $1 ORDER BY change"
    )));
    let mut tokens = Vec::new();
    for row in query.bind(change).fetch_all(connection).await? {
        let is_genuine = is_genuine(vouching, &row)?;
        match token(&row) {
            Ok(token) => tokens.push(token),
            Err(error) if is_genuine => return Err(error),
            Err(_) => {}
        }
    }
    Ok(tokens)
}

/// Deletes revoked tokens that expired before a time, and their entries in the feed. An entry that
/// a reader may stand on stays. The databases never use a number twice, so no reader misses a later
/// entry.
pub(super) async fn forget(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    expired_before: Timestamp,
) -> Result<(), StoreError> {
    let columns = REVOKED_TOKENS.names().join(", ");
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM revoked_tokens WHERE expires_at < $1 RETURNING {columns}"
    )));
    let query = query.bind(millis(expired_before));
    for row in query.fetch_all(&mut **transaction).await? {
        let content = REVOKED_TOKENS.content_of(&row, 0)?;
        let (id, mac) = (row.try_get("jti")?, row.try_get(MAC)?);
        // If somebody else changed the row, the manifest still counts the original row as missing.
        ledger
            .withdraw_genuine(transaction, (Part::RevokedTokens, id), &content, mac)
            .await?;
    }
    feed::forget_tokens(transaction, ledger, expired_before).await
}

fn is_genuine(vouching: &Vouching, row: &AnyRow) -> Result<bool, StoreError> {
    let content = REVOKED_TOKENS.content_of(row, 0)?;
    let token = (Part::RevokedTokens, row.try_get("jti")?);
    Ok(vouching.is_genuine(token, &content, row.try_get(MAC)?))
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

/// The number without the tokens of an earlier client with the same id. It is asked only when the
/// total reaches the limit, because it looks up every token's change.
async fn number_of_its_own(
    transaction: &mut Transaction<'static, Any>,
    client: &ClientId,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) AS number FROM revoked_tokens r JOIN changes c ON c.sequence = r.change \
         WHERE r.client_id = $1 AND c.at >= coalesce((SELECT registered_at FROM clients WHERE id = $1), 0)",
    )
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
