//! Vouches for rows that nothing vouches for: once for those of a store of an earlier release, and
//! for those that an administrator has accepted.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::attempts::in_time;
use super::check::{Extent, check, tables};
use super::insert::{ROWS, values};
use super::tables::Table;
use super::vouching::ledger::{COUNTED, Ledger, ROOT, open_root, part};
use super::vouching::manifest::{Part, Root};
use super::{SqlStore, clients, feed, meta};
use crate::keys::RowKeys;
use crate::store::{Findings, SeenVersion, StoreError};

/// The number of rows that are read at a time.
const PAGE: usize = 500;

/// The id of a row whose MAC changes, and its new MAC.
type Renewed = (String, Vec<u8>);

/// Replaces the sealed secret key that was `seen`, and vouches for all rows of the store. If `seen`
/// is `None`, the store is new, and no row that it holds is vouched for. Says whether it did, which
/// it does once.
pub(super) async fn adopt(
    store: &SqlStore,
    keys: Arc<RowKeys>,
    seen: Option<&[u8]>,
    sealed: &[u8],
) -> Result<bool, StoreError> {
    let mut transaction = in_time(store.begin()).await?;
    let there = in_time(meta::value(&mut transaction, meta::SEALED_SECRET_KEY)).await?;
    if there.as_deref() != seen || in_time(part(&mut transaction, ROOT)).await?.is_some() {
        return Ok(false);
    }
    let mut ledger = Ledger::of(Some(keys.clone()), Root::default());
    if seen.is_some() {
        vouch_for_all(&mut transaction, &mut ledger).await?;
    }
    let name = meta::SEALED_SECRET_KEY;
    meta::put(&mut transaction, &mut ledger, name, sealed).await?;
    in_time(store.publish(transaction, ledger)).await?;
    store.vouching.entrust(keys, SeenVersion::default());
    Ok(true)
}

#[cfg(test)]
impl SqlStore {
    /// Vouches for the rows of an empty store from now on.
    pub(super) async fn begin_vouching(&self, keys: &Arc<RowKeys>) {
        let mut transaction = self.begin().await.expect("it can be written");
        let ledger = Ledger::of(Some(keys.clone()), Root::default());
        ledger.save(&mut transaction).await.expect("saved");
        transaction.commit().await.expect("committed");
        self.vouching.entrust(keys.clone(), SeenVersion::default());
    }
}

/// Vouches for the rows as they are, on the word of an administrator. Clients that were altered, or
/// may have been put back, are disabled, so that an administrator looks at each. Such signing keys
/// are removed. Gives what was wrong.
pub(super) async fn accept(store: &SqlStore, now: Timestamp) -> Result<Findings, StoreError> {
    let keys = store.vouching.keys().cloned();
    let keys = keys.ok_or(StoreError::NotEntrusted)?;
    check(store, Extent::All).await?;
    let findings = store.vouching.findings();
    let mut transaction = in_time(store.begin()).await?;
    let sealed = in_time(part(&mut transaction, ROOT)).await?;
    let version = open_root(&keys, sealed.as_deref()).map_or(0, |root| root.version);
    let wrong = findings.altered.union(&findings.put_back);
    let wrong: BTreeSet<&str> = wrong.map(String::as_str).collect();
    sqlx::query("DELETE FROM manifest")
        .execute(&mut *transaction)
        .await?;
    let highest = version.max(store.vouching.version());
    let mut root = Root::default();
    root.version = Root::accepted(highest);
    let mut ledger = Ledger::of(Some(keys), root);
    let mut told = Vec::new();
    for row in wrong {
        told.extend(in_time(set_aside(&mut transaction, row)).await?);
    }
    vouch_for_all(&mut transaction, &mut ledger).await?;
    for (kind, id) in told {
        feed::append(&mut transaction, &mut ledger, kind, &[(id, now)]).await?;
    }
    in_time(store.publish(transaction, ledger)).await?;
    store.vouching.begin_again();
    check(store, Extent::All).await?;
    Ok(findings)
}

/// Keeps a row from being used as it is. `row` is its name in the findings. Gives the kind and the
/// subject of the entry for the feed.
async fn set_aside<'r>(
    transaction: &mut Transaction<'static, Any>,
    row: &'r str,
) -> Result<Option<(&'static str, &'r str)>, StoreError> {
    let of = |part: Part| row.strip_prefix(part.noun())?.strip_prefix(' ');
    if let Some(id) = of(Part::Clients) {
        clients::disable_unchecked(transaction, id).await?;
        Ok(Some((feed::CLIENT, id)))
    } else if let Some(id) = of(Part::SigningKeys) {
        let remove = sqlx::query("DELETE FROM signing_keys WHERE id = $1").bind(id);
        remove.execute(&mut **transaction).await?;
        Ok(Some((feed::SIGNING_KEY, id)))
    } else {
        Ok(None)
    }
}

/// Vouches for all rows. The whole has no time limit, because many rows take long.
async fn vouch_for_all(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
) -> Result<(), StoreError> {
    for (part, table) in tables() {
        let mut last = String::new();
        loop {
            let (rows, renewed) = match part {
                Part::Clients => vouch_for_clients(transaction, ledger, &mut last).await?,
                _ => vouch_for_rows(transaction, ledger, (part, table), &mut last).await?,
            };
            for renewed in renewed.chunks(ROWS) {
                in_time(renew(transaction, table, renewed)).await?;
            }
            if rows < PAGE {
                break;
            }
        }
    }
    for (part, table) in COUNTED {
        let mut last = None;
        loop {
            let page = in_time(table.page(transaction, last.as_ref(), PAGE)).await?;
            for row in &page {
                ledger.count(transaction, part, row).await?;
            }
            if page.len() < PAGE {
                break;
            }
            last = page.into_iter().next_back();
        }
    }
    Ok(())
}

async fn vouch_for_clients(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    last: &mut String,
) -> Result<(usize, Vec<Renewed>), StoreError> {
    let page = in_time(clients::rows::page(transaction, last, PAGE)).await?;
    let mut renewed = Vec::new();
    for rows in &page {
        let (id, content) = (rows.id()?, rows.content()?);
        let mac = ledger.vouch(transaction, (Part::Clients, id), &content);
        renewed.extend(changed(id, rows.mac()?, mac.await?));
    }
    if let Some(rows) = page.last() {
        rows.id()?.clone_into(last);
    }
    Ok((page.len(), renewed))
}

async fn vouch_for_rows(
    transaction: &mut Transaction<'static, Any>,
    ledger: &mut Ledger,
    (part, table): (Part, &Table),
    last: &mut String,
) -> Result<(usize, Vec<Renewed>), StoreError> {
    let (name, columns) = (table.name, table.names());
    let statement = format!(
        "SELECT {} FROM {name} WHERE {key} > $1 ORDER BY {key} LIMIT {PAGE}",
        columns.join(", "),
        key = columns[0],
    );
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(statement)).bind(last.clone());
    let page = query.fetch_all(&mut **transaction).await?;
    let mut renewed = Vec::new();
    for row in &page {
        let (id, content) = (row.try_get(0)?, table.content_of(row, 0)?);
        let mac = ledger.vouch(transaction, (part, id), &content).await?;
        renewed.extend(changed(id, row.try_get(columns.len() - 1)?, mac));
        id.clone_into(last);
    }
    Ok((page.len(), renewed))
}

fn changed(id: &str, before: Option<&[u8]>, mac: Option<Vec<u8>>) -> Option<Renewed> {
    let mac = mac.filter(|mac| before != Some(mac))?;
    Some((id.to_owned(), mac))
}

async fn renew(
    transaction: &mut Transaction<'static, Any>,
    table: &Table,
    renewed: &[Renewed],
) -> Result<(), StoreError> {
    let (name, key) = (table.name, table.columns[0].name());
    let statement = format!(
        "UPDATE {name} SET mac = renewed.column2 FROM ({}) AS renewed WHERE {name}.{key} = renewed.column1",
        values(2, renewed.len())
    );
    // No part of the statement comes from outside the program.
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (id, mac) in renewed {
        query = query.bind(id).bind(mac);
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}
