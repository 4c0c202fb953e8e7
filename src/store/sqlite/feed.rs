//! The change feed: a table with a rising number.

use jiff::Timestamp;
use sqlx::{Row, Sqlite, SqlitePool, Transaction};

use super::millis;
use crate::store::{Change, StoreError, Subject};
use crate::token::{ClientId, TokenId};

pub(super) const CLIENT: &str = "client";
pub(super) const SIGNING_KEY: &str = "signing_key";
pub(super) const TOKEN: &str = "token";

/// Gives the entry's number.
pub(super) async fn append(
    transaction: &mut Transaction<'static, Sqlite>,
    kind: &str,
    subject: &str,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let done = sqlx::query("INSERT INTO changes (kind, subject, at) VALUES (?, ?, ?)")
        .bind(kind)
        .bind(subject)
        .bind(millis(at))
        .execute(&mut **transaction)
        .await?;
    Ok(done.last_insert_rowid())
}

pub(super) async fn after(pool: &SqlitePool, sequence: i64) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, kind, subject FROM changes WHERE sequence > ? ORDER BY sequence LIMIT 5000",
    )
    .bind(sequence)
    .fetch_all(pool)
    .await?;
    let change = |row: &sqlx::sqlite::SqliteRow| {
        let subject: String = row.try_get("subject")?;
        let subject = match row.try_get("kind")? {
            CLIENT => ClientId::parse(&subject).map_or(Subject::Unknown, Subject::Client),
            SIGNING_KEY => Subject::SigningKey(subject),
            TOKEN => TokenId::parse(&subject).map_or(Subject::Unknown, Subject::Token),
            _ => Subject::Unknown,
        };
        Ok(Change {
            sequence: row.try_get("sequence")?,
            subject,
        })
    };
    rows.iter().map(change).collect()
}

pub(super) async fn last(pool: &SqlitePool) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT coalesce(max(sequence), 0) AS last FROM changes")
        .fetch_one(pool)
        .await?;
    Ok(row.try_get("last")?)
}
