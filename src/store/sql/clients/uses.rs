//! When clients and their secrets were last used, as rows.

use std::collections::HashMap;
use std::hash::Hash;

use sqlx::{Any, AssertSqlSafe, Transaction};

use crate::store::sql::insert::{ROWS, values};
use crate::store::sql::millis;
use crate::store::{ClientUse, StoreError};

/// Notes the uses of clients and secrets. Those that were removed meanwhile are left out. Several
/// replicas report uses; the latest one stays.
pub(in crate::store::sql) async fn record(
    transaction: &mut Transaction<'static, Any>,
    uses: &[ClientUse],
) -> Result<(), StoreError> {
    let of_secrets = uses.iter().filter_map(|used| Some((used.secret?, used)));
    let of_secrets = of_secrets.map(|(secret, used)| (secret.to_string(), used));
    for uses in latest(of_secrets).chunks(ROWS) {
        let statement = format!(
            "UPDATE client_secrets SET last_used_at = used.column2, last_used_from = used.column3 FROM ({}) AS used \
             WHERE id = used.column1 AND coalesce(last_used_at, 0) < used.column2",
            values(3, uses.len())
        );
        write(transaction, statement, uses).await?;
    }
    let of_clients = uses.iter().map(|used| (used.client_id.to_string(), used));
    for uses in latest(of_clients).chunks(ROWS) {
        let statement = format!(
            "INSERT INTO client_uses (client_id, last_used_at, last_used_from) \
             SELECT used.column1, used.column2, used.column3 FROM ({}) AS used \
             WHERE EXISTS (SELECT 1 FROM clients WHERE id = used.column1) \
             ON CONFLICT (client_id) DO UPDATE SET last_used_at = excluded.last_used_at, \
             last_used_from = excluded.last_used_from WHERE client_uses.last_used_at < excluded.last_used_at",
            values(3, uses.len())
        );
        write(transaction, statement, uses).await?;
    }
    Ok(())
}

/// The latest use for each key, because one statement can set a row once.
fn latest<'a, K: Eq + Hash>(
    uses: impl Iterator<Item = (K, &'a ClientUse)>,
) -> Vec<(K, &'a ClientUse)> {
    let mut latest: HashMap<K, &ClientUse> = HashMap::new();
    for (key, used) in uses {
        let one = latest.entry(key).or_insert(used);
        if one.at < used.at {
            *one = used;
        }
    }
    latest.into_iter().collect()
}

async fn write(
    transaction: &mut Transaction<'static, Any>,
    statement: String,
    uses: &[(String, &ClientUse)],
) -> Result<(), StoreError> {
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (key, used) in uses {
        query = query
            .bind(key.as_str())
            .bind(millis(used.at))
            .bind(used.from.to_string());
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}
