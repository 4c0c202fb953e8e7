//! Single values by name: the sealed secret key, and the values that pin audit trails.

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, Transaction};

use super::tables::{META, Value, bind};
use super::vouching::{Ledger, Part, Vouching};
use crate::store::StoreError;

pub(super) const SEALED_SECRET_KEY: &str = "sealed_secret_key";

/// A value as the database has it. Its MAC is not checked.
pub(super) async fn value(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = row(connection, name).await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}

/// The values whose names are in a range, ordered by name. A value that this service did not write
/// is given too, and noted.
pub(super) async fn between(
    connection: &mut AnyConnection,
    vouching: &Vouching,
    first: &str,
    end: &str,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, value, mac FROM meta WHERE name >= $1 AND name < $2 ORDER BY name",
    );
    let rows = rows.bind(first).bind(end).fetch_all(connection).await?;
    let read = |row: &AnyRow| {
        let content = META.content_of(row, 0)?;
        vouching.is_genuine(
            (Part::Meta, row.try_get("name")?),
            &content,
            row.try_get("mac")?,
        );
        Ok(row.try_get("value")?)
    };
    rows.iter().map(read).collect()
}

/// Writes a value, and replaces an earlier one of this name.
pub(super) async fn put(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    name: &str,
    value: &[u8],
) -> Result<(), StoreError> {
    if let Some(before) = row(transaction, name).await? {
        let (content, mac) = (META.content_of(&before, 0)?, before.try_get("mac")?);
        ledger
            .withdraw_genuine(transaction, (Part::Meta, name), &content, mac)
            .await?;
    }
    let mut values = vec![
        ("name", name.into()),
        ("value", Value::Bytes(Some(value.to_vec()))),
    ];
    ledger
        .vouch_row(transaction, (Part::Meta, name), &META, &mut values)
        .await?;
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(
        "INSERT INTO meta (name, value, mac) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, mac = excluded.mac",
    ));
    for (_, value) in &values {
        query = bind(query, value);
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

async fn row(connection: &mut AnyConnection, name: &str) -> Result<Option<AnyRow>, StoreError> {
    let row = sqlx::query("SELECT name, value, mac FROM meta WHERE name = $1").bind(name);
    Ok(row.fetch_optional(connection).await?)
}
