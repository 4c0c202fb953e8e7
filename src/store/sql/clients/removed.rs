//! Clients that were removed lately, as rows. If a new client gets the id of one of them, the
//! tokens of the removed client must not be good for the new one.
//!
//! The new client's registration time refuses all earlier tokens, except those of the same second.
//! The rows of this module refuse those.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use crate::store::sql::tables::REMOVED_CLIENTS;
use crate::store::sql::vouching::{Ledger, Part};
use crate::store::sql::{millis, timestamp};
use crate::store::{ClientRecord, StoreError};
use crate::token::{ClientId, Lifetime, TokenTerms};

/// How long a row is kept: tokens of the removed client may be good for the longest lifetime, and
/// clocks may differ by five minutes.
const KEPT: Duration = Duration::from_secs(Lifetime::MAX.as_secs() as u64 + 5 * 60);
/// How long a replica may still issue tokens to a client that was removed.
const UNTIL_KNOWN: Duration = Duration::from_secs(1);

/// For each removed client, by its id: the first `iat` that none of its tokens has.
#[derive(Debug, Default)]
pub(in crate::store::sql) struct Removed(HashMap<String, Timestamp>);

impl Removed {
    /// The `tokens_not_before` of a new client.
    pub(super) fn tokens_not_before(&self, new: &ClientRecord) -> Option<Timestamp> {
        let Some(removed) = self.0.get(new.client.id.as_str()) else {
            return new.tokens_not_before;
        };
        let now = new.registered_at;
        // The removal is the later of the two only if a clock was set back.
        let not_before = TokenTerms::revoking_until(now).max(*removed);
        Some(
            new.tokens_not_before
                .map_or(not_before, |own| own.max(not_before)),
        )
    }
}

/// Notes that a client is removed whose tokens were revoked before this time. Deletes the rows of
/// clients that were removed longer ago than [`KEPT`].
pub(in crate::store::sql) async fn note(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    id: &ClientId,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    let columns = REMOVED_CLIENTS.names().join(", ");
    // No part of the statement comes from outside the program.
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
    // No part of the statement comes from outside the program.
    let note = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO removed_clients (id, tokens_not_before) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING {columns}"
    )));
    let note = note.bind(id.as_str()).bind(millis(not_before));
    if let Some(row) = note.fetch_optional(&mut **transaction).await? {
        ledger.count(transaction, Part::Removed, &row).await?;
    }
    Ok(())
}

/// The clients that were removed shortly before the first of `added` was registered.
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
