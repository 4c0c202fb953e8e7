//! The outbox: audit records of changes. They are written with the change, and stay until an audit
//! trail has them.

use jiff::Timestamp;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, Transaction};

use super::insert::{ROWS, insert, values};
use super::millis;
use super::tables::AUDIT_OUTBOX;
use super::vouching::{Ledger, Part};
use crate::store::{ChangeRecords, StoreError, WaitingRecords};

/// The number of records in one row.
const LINES: usize = 16;
/// The most rows that a writer takes at a time.
const MOST: i64 = 100;

pub(super) async fn put(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    records: &ChangeRecords,
) -> Result<(), StoreError> {
    let lines: Vec<_> = records
        .lines
        .chunks(LINES)
        .map(|it| it.join("\n"))
        .collect();
    for rows in lines.chunks(ROWS) {
        let statement = insert("audit_outbox", &["trail", "records", "at"], rows.len());
        let columns = AUDIT_OUTBOX.names().join(", ");
        // No part of the statement comes from outside the program.
        let mut query = sqlx::query(AssertSqlSafe(format!("{statement} RETURNING {columns}")));
        for row in rows {
            query = query
                .bind(&records.trail)
                .bind(row)
                .bind(millis(records.at));
        }
        for row in query.fetch_all(&mut **transaction).await? {
            ledger.count(transaction, Part::Outbox, &row).await?;
        }
    }
    Ok(())
}

pub(super) async fn is_empty(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT number FROM audit_outbox LIMIT 1");
    Ok(row.fetch_optional(connection).await?.is_none())
}

/// Assigns rows to a trail: its own, those for any trail, and those that another trail's writer has
/// not taken before `left_before`.
pub(super) async fn take(
    transaction: &mut Transaction<'static, Any>,
    trail: &str,
    left_before: Timestamp,
) -> Result<Vec<WaitingRecords>, StoreError> {
    let rows = sqlx::query(
        "UPDATE audit_outbox SET trail = $1 WHERE number IN (SELECT number FROM audit_outbox \
         WHERE trail IS NULL OR trail = $1 OR at < $2 ORDER BY number LIMIT $3) RETURNING number, records",
    )
    .bind(trail)
    .bind(millis(left_before))
    .bind(MOST)
    .fetch_all(&mut **transaction)
    .await?;
    let waiting = |row| -> Result<WaitingRecords, StoreError> {
        let row: sqlx::any::AnyRow = row;
        let records: String = row.try_get("records")?;
        Ok(WaitingRecords {
            number: row.try_get("number")?,
            lines: records.lines().map(str::to_owned).collect(),
        })
    };
    let mut waiting: Vec<_> = rows.into_iter().map(waiting).collect::<Result<_, _>>()?;
    waiting.sort_by_key(|records| records.number);
    Ok(waiting)
}

pub(super) async fn forget(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    taken: &[WaitingRecords],
) -> Result<(), StoreError> {
    for rows in taken.chunks(ROWS) {
        let columns = AUDIT_OUTBOX.names().join(", ");
        let statement = format!(
            "DELETE FROM audit_outbox WHERE number IN ({}) RETURNING {columns}",
            values(1, rows.len())
        );
        // No part of the statement comes from outside the program.
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for row in rows {
            query = query.bind(row.number);
        }
        for row in query.fetch_all(&mut **transaction).await? {
            ledger.discount(transaction, Part::Outbox, &row).await?;
        }
    }
    Ok(())
}
