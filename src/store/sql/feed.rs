//! The change feed: a table whose entries have rising numbers.

use aws_lc_rs::rand;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, Transaction};

use super::insert::insert;
use super::millis;
use super::tables::CHANGES;
use super::vouching::{Ledger, Part};
use crate::store::{Change, News, Position, StoreError, Subject};
use crate::token::{ClientId, TokenId};

pub(super) const CLIENT: &str = "client";
pub(super) const SIGNING_KEY: &str = "signing_key";
pub(super) const TOKEN: &str = "token";

/// Appends an entry for each subject with the time of its change. Gives the highest of their
/// numbers.
pub(super) async fn append(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    kind: &str,
    subjects: &[(&str, Timestamp)],
) -> Result<i64, StoreError> {
    let statement = insert(
        "changes",
        &["mark", "kind", "subject", "at"],
        subjects.len(),
    );
    // No part of the statement comes from outside the program.
    let columns = CHANGES.names().join(", ");
    let mut query = sqlx::query(AssertSqlSafe(format!("{statement} RETURNING {columns}")));
    for (subject, at) in subjects {
        query = query
            .bind(new_mark())
            .bind(kind)
            .bind(subject)
            .bind(millis(*at));
    }
    let rows = query.fetch_all(&mut **transaction).await?;
    for row in &rows {
        ledger.count(transaction, Part::Changes, row).await?;
    }
    let numbers = rows.iter().map(|row| row.try_get("sequence"));
    let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
    Ok(numbers.into_iter().max().unwrap_or_default())
}

/// Deletes the entries of revoked tokens that the store has deleted. The last entry of the feed
/// from before a time stays, and all entries after it.
pub(super) async fn forget_tokens(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    before: Timestamp,
) -> Result<(), StoreError> {
    let columns = CHANGES.names().join(", ");
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM changes WHERE kind = 'token' \
         AND sequence < (SELECT sequence FROM changes WHERE at < $1 ORDER BY sequence DESC LIMIT 1) \
         AND NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE change = changes.sequence) RETURNING {columns}"
    )));
    let query = query.bind(millis(before));
    for row in query.fetch_all(&mut **transaction).await? {
        ledger.discount(transaction, Part::Changes, &row).await?;
    }
    Ok(())
}

/// Reads the changes after a position. The entry at the position is read too: its mark must be the
/// one that the reader saw there.
pub(super) async fn after(
    connection: &mut AnyConnection,
    position: Position,
) -> Result<News, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, mark, kind, subject FROM changes WHERE sequence >= $1 ORDER BY sequence LIMIT 5001",
    )
    .bind(position.sequence)
    .fetch_all(&mut *connection)
    .await?;
    let mut changes = rows.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    if position == Position::default() {
        return Ok(News::Changes(changes));
    }
    if changes.first().map(|seen| seen.position) != Some(position) {
        return Ok(News::OtherHistory);
    }
    changes.remove(0);
    Ok(News::Changes(changes))
}

pub(super) async fn last(connection: &mut AnyConnection) -> Result<Position, StoreError> {
    let row = sqlx::query("SELECT sequence, mark FROM changes ORDER BY sequence DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    row.map_or(Ok(Position::default()), |row| place(&row))
}

fn change(row: &AnyRow) -> Result<Change, StoreError> {
    let subject: String = row.try_get("subject")?;
    let subject = match row.try_get("kind")? {
        CLIENT => ClientId::parse(&subject).map_or(Subject::Unknown, Subject::Client),
        SIGNING_KEY => Subject::SigningKey(subject),
        TOKEN => TokenId::parse(&subject).map_or(Subject::Unknown, Subject::Token),
        _ => Subject::Unknown,
    };
    Ok(Change {
        position: place(row)?,
        subject,
    })
}

fn place(row: &AnyRow) -> Result<Position, StoreError> {
    Ok(Position {
        sequence: row.try_get("sequence")?,
        mark: row.try_get("mark")?,
    })
}

fn new_mark() -> i64 {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).expect("AWS-LC aborts the process rather than return no randomness");
    i64::from_ne_bytes(bytes)
}
