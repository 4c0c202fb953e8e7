//! Clients that were removed a while ago, as rows: what tokens of theirs must not be good, should a
//! new client get the id.
//!
//! The time of its registration keeps all tokens of before from a new client, but for those of the
//! same second.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use crate::store::sql::tables::REMOVED_CLIENTS;
use crate::store::sql::vouching::{Ledger, Part};
use crate::store::sql::{millis, timestamp};
use crate::store::{ClientRecord, StoreError};
use crate::token::{ClientId, Lifetime, TokenTerms};

/// How long after a removal tokens may be good somewhere: the longest lifetime, and what clocks may
/// differ by.
const KEPT: Duration = Duration::from_secs(Lifetime::MAX.as_secs() as u64 + 5 * 60);
/// How long a replica may go on with a client that was removed, and issue tokens to it.
const UNTIL_KNOWN: Duration = Duration::from_secs(1);

/// Of clients that were removed, the first `iat` that no token of theirs has, by their ids.
#[derive(Debug, Default)]
pub(in crate::store::sql) struct Removed(HashMap<String, Timestamp>);

impl Removed {
    /// The `tokens_not_before` of a new client.
    pub(super) fn tokens_not_before(&self, new: &ClientRecord) -> Option<Timestamp> {
        let Some(removed) = self.0.get(new.client.id.as_str()) else {
            return new.tokens_not_before;
        };
        let now = new.registered_at;
        // Only a clock that was set back makes the removal the later of the two.
        let not_before = TokenTerms::revoking_until(now).max(*removed);
        Some(
            new.tokens_not_before
                .map_or(not_before, |own| own.max(not_before)),
        )
    }
}

/// Notes that a client is removed, whose tokens were revoked before this time, and forgets those
/// that were long ago.
pub(in crate::store::sql) async fn note(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    let columns = REMOVED_CLIENTS.names().join(", ");
    // Nothing in it is from outside.
    let forget = sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM removed_clients WHERE tokens_not_before < $1 OR (id = $2 AND tokens_not_before < $3) RETURNING {columns}"
    )));
    let forget = forget
        .bind(millis(
            not_before.checked_sub(KEPT).unwrap_or(Timestamp::MIN),
        ))
        .bind(id.as_str())
        .bind(millis(not_before));
    for row in forget.fetch_all(&mut **transaction).await? {
        ledger.discount(transaction, Part::Removed, &row).await?;
    }
    // Nothing in it is from outside.
    let note = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO removed_clients (id, tokens_not_before) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING {columns}"
    )));
    let note = note.bind(id.as_str()).bind(millis(not_before));
    if let Some(row) = note.fetch_optional(&mut **transaction).await? {
        ledger.count(transaction, Part::Removed, &row).await?;
    }
    Ok(())
}

/// Those that were removed just before these are added.
pub(in crate::store::sql) async fn lately(
    transaction: &mut Transaction<'static, Any>,
    added: &[ClientRecord],
) -> Result<Removed, StoreError> {
    let Some(first) = added.iter().map(|record| record.registered_at).min() else {
        return Ok(Removed::default());
    };
    let since = first.checked_sub(UNTIL_KNOWN).unwrap_or(Timestamp::MIN);
    let rows = sqlx::query(
        "SELECT id, tokens_not_before FROM removed_clients WHERE tokens_not_before > $1",
    )
    .bind(millis(since))
    .fetch_all(&mut **transaction)
    .await?;
    let row = |row: &sqlx::any::AnyRow| {
        let id: String = row.try_get("id")?;
        let not_before = timestamp(row.try_get("tokens_not_before")?, &id)?;
        Ok((id, not_before))
    };
    Ok(Removed(
        rows.iter().map(row).collect::<Result<_, StoreError>>()?,
    ))
}
