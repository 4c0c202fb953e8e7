//! Reads and writes signing keys and the sealed secret key as rows.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::insert::insert;
use super::meta::{self, SEALED_SECRET_KEY};
use super::tables::{MAC, SIGNING_KEYS, Value, Values, bind};
use super::vouching::{Ledger, Part, Vouching};
use super::{millis, optional_timestamp, timestamp};
use crate::keys::{KeyMaterial, PrivateHalf, StoredKey};
use crate::store::StoreError;
use crate::token::Algorithm;

/// The signing keys that this service wrote and that were not put back to an earlier state.
pub(super) async fn all(
    moment: &mut Transaction<'static, Any>,
    vouching: &Vouching,
) -> Result<Vec<StoredKey>, StoreError> {
    let columns = SIGNING_KEYS.names().join(", ");
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(format!(
        "SELECT {columns} FROM signing_keys ORDER BY created_at, id"
    )));
    let rows = query.fetch_all(&mut **moment).await?;
    let ids = rows
        .iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get(MAC)?)));
    let ids: Vec<(&str, Option<&[u8]>)> = ids.collect::<Result<_, StoreError>>()?;
    let part = Part::SigningKeys;
    let wrong = vouching
        .wrong_buckets(moment, part, ids.iter().copied())
        .await?;
    let mut keys = Vec::new();
    for (row, (id, mac)) in rows.iter().zip(ids) {
        if !vouching.is_genuine((part, id), &SIGNING_KEYS.content_of(row, 0)?, mac) {
            continue;
        }
        if wrong.contains(&part.place(id).bucket) {
            vouching.note_put_back(part, id);
            continue;
        }
        let key = key(row)?;
        if vouching.keys().is_some() && !key.is_named_after_itself() {
            vouching.note_altered(part, id);
            continue;
        }
        keys.push(key);
    }
    Ok(keys)
}

pub(super) async fn material(
    moment: &mut Transaction<'static, Any>,
    vouching: &Vouching,
) -> Result<KeyMaterial, StoreError> {
    Ok(KeyMaterial {
        sealed_secret_key: meta::value(moment, SEALED_SECRET_KEY).await?,
        signing_keys: all(moment, vouching).await?.into(),
    })
}

/// Writes the differences. Gives the ids of the signing keys that changed.
pub(super) async fn put<'a>(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    seen: &'a KeyMaterial,
    new: &'a KeyMaterial,
) -> Result<Vec<&'a str>, StoreError> {
    if let Some(sealed) = &new.sealed_secret_key
        && new.sealed_secret_key != seen.sealed_secret_key
    {
        meta::put(transaction, ledger, SEALED_SECRET_KEY, sealed).await?;
    }
    let mut changed = Vec::new();
    for key in new.signing_keys.iter() {
        if seen.signing_keys.get(&key.id) != Some(key) {
            put_key(transaction, ledger, key).await?;
            changed.push(key.id.as_str());
        }
    }
    for key in seen.signing_keys.iter() {
        if new.signing_keys.get(&key.id).is_none() {
            withdraw(transaction, ledger, &key.id).await?;
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
    ledger: &mut Ledger,
    key: &StoredKey,
) -> Result<(), StoreError> {
    let jwk = serde_json::to_string(&key.public_jwk)
        .map_err(|error| StoreError::corrupt("public key", &error))?;
    let (sealed, token_object) = match &key.private_half {
        None => (None, None),
        Some(PrivateHalf::Sealed(sealed)) => (Some(sealed.clone()), None),
        Some(PrivateHalf::InToken(object)) => (None, Some(object.clone())),
    };
    let mut values: Values = vec![
        ("id", key.id.as_str().into()),
        ("algorithm", key.algorithm.as_str().into()),
        ("public_jwk", jwk.as_str().into()),
        ("sealed_private_key", Value::Bytes(sealed)),
        ("token_object", Value::Bytes(token_object)),
        ("created_at", millis(key.created_at).into()),
        ("signs_from", millis(key.signs_from).into()),
        ("signs_until", key.signs_until.map(millis).into()),
        ("published_until", key.published_until.map(millis).into()),
        ("revoked_at", key.revoked_at.map(millis).into()),
        ("revocation_reason", key.revocation_reason.clone().into()),
    ];
    withdraw(transaction, ledger, &key.id).await?;
    ledger
        .vouch_row(
            transaction,
            (Part::SigningKeys, &key.id),
            &SIGNING_KEYS,
            &mut values,
        )
        .await?;
    let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
    let sets = names.iter().filter(|name| **name != "id");
    let sets: Vec<_> = sets
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(format!(
        "{} ON CONFLICT (id) DO UPDATE SET {}",
        insert("signing_keys", &names, 1),
        sets.join(", ")
    )));
    for (_, value) in &values {
        query = bind(query, value);
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

/// Removes the key's current row from the manifest.
async fn withdraw(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &str,
) -> Result<(), StoreError> {
    let columns = SIGNING_KEYS.names().join(", ");
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(format!(
        "SELECT {columns} FROM signing_keys WHERE id = $1"
    )));
    let Some(row) = query.bind(id).fetch_optional(&mut **transaction).await? else {
        return Ok(());
    };
    let (content, mac) = (SIGNING_KEYS.content_of(&row, 0)?, row.try_get(MAC)?);
    ledger
        .withdraw_genuine(transaction, (Part::SigningKeys, id), &content, mac)
        .await
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
