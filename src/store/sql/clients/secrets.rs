//! Writes clients' secrets as rows.

use jiff::Timestamp;
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::{replace as replace_client, rows};
use crate::store::sql::insert::insert;
use crate::store::sql::millis;
use crate::store::sql::tables::{Value, Values, bind};
use crate::store::sql::vouching::Ledger;
use crate::store::{ClientRecord, Rotated, StoreError};
use crate::token::{ClientId, SecretHash, SecretId, StoredSecret};

pub(super) fn values(client: &ClientId, secret: &StoredSecret) -> Values {
    let (kind, hash) = rows::kept(&secret.hash);
    vec![
        ("id", secret.id.to_string().as_str().into()),
        ("client_id", client.as_str().into()),
        ("hash_kind", kind.into()),
        ("hash", Value::Bytes(Some(hash))),
        ("created_at", millis(secret.created_at).into()),
        ("expires_at", secret.expires_at.map(millis).into()),
    ]
}

/// Adds secrets, as many as one statement takes.
pub(super) async fn add(
    transaction: &mut Transaction<'static, Any>,
    secrets: &[&Values],
) -> Result<(), StoreError> {
    let columns = secrets.iter().take(1).flat_map(|values| values.iter());
    let columns: Vec<_> = columns.map(|(name, _)| *name).collect();
    let statement = insert("client_secrets", &columns, secrets.len());
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (_, value) in secrets.iter().flat_map(|values| values.iter()) {
        query = bind(query, value);
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

/// Writes a client's secrets anew. The end and the hash of a secret that stays may change.
pub(super) async fn replace(
    transaction: &mut Transaction<'static, Any>,
    id: &ClientId,
    before: &[StoredSecret],
    after: &[StoredSecret],
) -> Result<(), StoreError> {
    for secret in before {
        let secret_id = secret.id.to_string();
        match after.iter().find(|kept| kept.id == secret.id) {
            None => {
                let remove = sqlx::query("DELETE FROM client_secrets WHERE id = $1");
                remove.bind(secret_id).execute(&mut **transaction).await?;
            }
            Some(kept) if kept.expires_at == secret.expires_at && kept.hash == secret.hash => {}
            Some(kept) => {
                let (kind, hash) = rows::kept(&kept.hash);
                let write = sqlx::query(
                    "UPDATE client_secrets SET expires_at = $2, hash_kind = $3, hash = $4 WHERE id = $1",
                );
                let write = write.bind(secret_id).bind(kept.expires_at.map(millis));
                let write = write.bind(kind).bind(hash);
                write.execute(&mut **transaction).await?;
            }
        }
    }
    let is_new = |secret: &&StoredSecret| before.iter().all(|old| old.id != secret.id);
    let new = after.iter().filter(is_new);
    let new: Vec<Values> = new.map(|secret| values(id, secret)).collect();
    if new.is_empty() {
        return Ok(());
    }
    add(transaction, &new.iter().collect::<Vec<_>>()).await
}

/// Adds a secret and ends the older ones: the newest live one at `overlap_until`, all others now.
pub(in crate::store::sql) async fn rotate(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    secret: &StoredSecret,
    (overlap_until, ends_promised): (Timestamp, bool),
) -> Result<Rotated, StoreError> {
    let now = secret.created_at;
    let mut rotated = Rotated::default();
    let edit = |mut record: ClientRecord| {
        let secrets = std::mem::take(&mut record.secrets).into_iter();
        let mut working = secrets.rev().filter(|it| it.is_live(now));
        let newest = working.next();
        let others: Vec<StoredSecret> = working.collect();
        if let Some(promised) = others.first().filter(|_| !ends_promised) {
            return Err(StoreError::SecretPromised {
                client_id: id.clone(),
                secret_id: promised.id,
                until: promised.expires_at.unwrap_or(Timestamp::MAX),
            });
        }
        let newest = newest.map(|newest| {
            let until = newest.expires_at.unwrap_or(Timestamp::MAX);
            StoredSecret {
                expires_at: Some(until.min(overlap_until)),
                ..newest
            }
        });
        rotated.previous_until = newest.as_ref().and_then(|newest| newest.expires_at);
        rotated.ended = others.into_iter().map(|other| other.id).collect();
        let kept = newest.filter(|newest| newest.is_live(now));
        record.secrets = kept.into_iter().chain([secret.clone()]).collect();
        record.changed_at = now;
        Ok(record)
    };
    replace_client(transaction, ledger, id, edit).await?;
    Ok(rotated)
}

/// Replaces the hash `seen` of a secret by another hash of the same secret, if the store still has
/// `seen`.
pub(in crate::store::sql) async fn replace_hash(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    client: &ClientId,
    secret: SecretId,
    [seen, new]: [&SecretHash; 2],
) -> Result<bool, StoreError> {
    let is_seen = |it: &StoredSecret| it.id == secret && it.hash == *seen;
    let before = rows::one(transaction, client.as_str()).await?;
    let before = before.map(|rows| rows.record()).transpose()?;
    if !before.is_some_and(|before| before.secrets.iter().any(is_seen)) {
        return Ok(false);
    }
    let edit = |mut record: ClientRecord| {
        for kept in record.secrets.iter_mut().filter(|it| is_seen(it)) {
            kept.hash = new.clone();
        }
        Ok(record)
    };
    replace_client(transaction, ledger, client, edit).await?;
    Ok(true)
}
