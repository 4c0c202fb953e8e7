//! Checks all rows: each row's MAC, and whether the rows are those that the manifest counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use futures_util::TryStreamExt;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row, Transaction};

use super::attempts::in_time;
use super::tables::{CLIENTS, META, REVOKED_TOKENS, SIGNING_KEYS, Table};
use super::vouching::ledger::{COUNTED, ROOT, counted, open_leaf, open_root};
use super::vouching::manifest::{BucketAddress, Leaf, Part, Root};
use super::vouching::{Suspects, leaf_name};
use super::{SqlStore, clients};
use crate::keys::RowKeys;
use crate::store::{Findings, StoreError};

/// The number of rows that are read at a time.
const PAGE: usize = 500;
/// A check with pauses rests this many times as long as it reads.
const PAUSES: u32 = 3;

/// How thorough a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All rows, with pauses, however many there are.
    All,
    /// All rows, without pauses; nothing if there are more clients than this.
    UpTo(usize),
}

/// The sums of the rows that were read.
struct Sums<'k> {
    keys: &'k RowKeys,
    leaves: BTreeMap<usize, Leaf>,
    findings: Findings,
}

/// Checks the rows as of one moment. Says whether it checked them.
pub(super) async fn check(store: &SqlStore, extent: Extent) -> Result<bool, StoreError> {
    let vouching = &store.vouching;
    let Some(keys) = vouching.keys() else {
        return Ok(false);
    };
    let before = vouching.version();
    let mut moment = in_time(store.read_moment()).await?;
    let parts = in_time(parts(&mut moment)).await?;
    let root = match open_root(keys, parts.get(ROOT).map(Vec::as_slice)) {
        Ok(root) => root,
        Err(StoreError::Manifest(wrong)) => {
            let findings = Findings {
                manifest: Some(wrong.to_owned()),
                ..Findings::default()
            };
            let suspects = Suspects {
                all: true,
                ..Suspects::default()
            };
            vouching.note_check(findings, suspects);
            return Ok(true);
        }
        Err(error) => return Err(error),
    };
    let mut sums = Sums {
        keys,
        leaves: BTreeMap::new(),
        findings: Findings::default(),
    };
    if !sums.clients(&mut moment, extent).await? {
        return Ok(false);
    }
    for (part, table) in tables() {
        if part != Part::Clients {
            in_time(sums.rows(&mut moment, part, table)).await?;
        }
    }
    for (part, table) in COUNTED {
        sums.counted(&mut moment, part, table).await?;
    }
    let mut findings = std::mem::take(&mut sums.findings);
    let wrong = sums.differences(&root, &parts, &mut findings);
    let mut suspects = Suspects::default();
    for (part, table) in tables().into_iter().chain(COUNTED) {
        let places: BTreeSet<BucketAddress> = wrong
            .iter()
            .copied()
            .filter(|place| part.leaves().contains(&place.leaf))
            .collect();
        if places.is_empty() {
            continue;
        }
        let rows = in_time(rows_in(&mut moment, part, table, &places)).await?;
        for place in &places {
            match rows.get(place) {
                None => findings.removed += 1,
                Some(ids) => ids
                    .iter()
                    .for_each(|id| findings.note_put_back(part.called(id))),
            }
        }
        if part == Part::Clients {
            suspects.places.extend(places);
        }
    }
    findings.earlier = vouching.compare(before, root.version);
    // A row that was altered is not reported as put back too.
    findings
        .put_back
        .retain(|row| !findings.altered.contains(row));
    vouching.note_check(findings, suspects);
    Ok(true)
}

/// The parts whose rows have MACs, and their tables.
pub(super) fn tables() -> [(Part, &'static Table); 4] {
    [
        (Part::Clients, &CLIENTS),
        (Part::SigningKeys, &SIGNING_KEYS),
        (Part::RevokedTokens, &REVOKED_TOKENS),
        (Part::Meta, &META),
    ]
}

async fn parts(
    moment: &mut Transaction<'static, Any>,
) -> Result<HashMap<String, Vec<u8>>, StoreError> {
    let rows = sqlx::query("SELECT part, value FROM manifest").fetch_all(&mut **moment);
    let rows = rows.await?.into_iter();
    rows.map(|row| Ok((row.try_get("part")?, row.try_get("value")?)))
        .collect()
}

/// The ids of the rows that are counted in these buckets.
async fn rows_in(
    connection: &mut AnyConnection,
    part: Part,
    table: &Table,
    places: &BTreeSet<BucketAddress>,
) -> Result<HashMap<BucketAddress, Vec<String>>, StoreError> {
    let (name, key) = (table.name, table.columns[0].name());
    // No part of the statement comes from outside the program.
    let query = sqlx::query(AssertSqlSafe(format!(
        "SELECT CAST({key} AS TEXT) FROM {name}"
    )));
    let mut rows = query.fetch(connection);
    let mut found: HashMap<BucketAddress, Vec<String>> = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let id: String = row.try_get(0)?;
        let place = part.place(&id);
        if places.contains(&place) {
            found.entry(place).or_default().push(id);
        }
    }
    Ok(found)
}

impl Sums<'_> {
    /// Reads all clients. Says whether there were not too many.
    async fn clients(
        &mut self,
        moment: &mut Transaction<'static, Any>,
        extent: Extent,
    ) -> Result<bool, StoreError> {
        let (mut last, mut number): (Option<String>, _) = (None, 0);
        loop {
            let begun = Instant::now();
            let after = last.as_deref().unwrap_or_default();
            let page = in_time(clients::rows::page(moment, after, PAGE)).await?;
            for rows in &page {
                let content = rows.content()?;
                self.count((Part::Clients, rows.id()?), &content, rows.mac()?);
            }
            number += page.len();
            match extent {
                Extent::UpTo(most) if number > most => return Ok(false),
                _ if page.len() < PAGE => return Ok(true),
                Extent::All => tokio::time::sleep(begun.elapsed() * PAUSES).await,
                Extent::UpTo(_) => {}
            }
            last = page
                .last()
                .map(|rows| rows.id())
                .transpose()?
                .map(str::to_owned);
        }
    }

    async fn rows(
        &mut self,
        moment: &mut Transaction<'static, Any>,
        part: Part,
        table: &Table,
    ) -> Result<(), StoreError> {
        let (name, columns) = (table.name, table.names().join(", "));
        // No part of the statement comes from outside the program.
        let query = sqlx::query(AssertSqlSafe(format!("SELECT {columns} FROM {name}")));
        let mut rows = query.fetch(&mut **moment);
        while let Some(row) = rows.try_next().await? {
            let content = table.content_of(&row, 0)?;
            let mac = row.try_get(table.columns.len() - 1)?;
            self.count((part, row.try_get(0)?), &content, mac);
        }
        Ok(())
    }

    /// Reads the rows of a part that have no MACs.
    async fn counted(
        &mut self,
        moment: &mut Transaction<'static, Any>,
        part: Part,
        table: &Table,
    ) -> Result<(), StoreError> {
        let mut last = None;
        loop {
            let page = in_time(table.page(moment, last.as_ref(), PAGE)).await?;
            for row in &page {
                let (BucketAddress { leaf, bucket }, weight) = counted(self.keys, part, row)?;
                let leaf = self.leaves.entry(leaf).or_insert_with(Leaf::empty);
                leaf.add(bucket, weight);
            }
            if page.len() < PAGE {
                return Ok(());
            }
            last = page.into_iter().next_back();
        }
    }

    fn count(&mut self, (part, id): (Part, &str), content: &[u8], mac: Option<&[u8]>) {
        if let Some(mac) = mac {
            let BucketAddress { leaf, bucket } = part.place(id);
            let weight = self.keys.weight(part.name(id).as_bytes(), mac);
            let leaf = self.leaves.entry(leaf).or_insert_with(Leaf::empty);
            leaf.add(bucket, weight);
        }
        if !mac.is_some_and(|mac| self.keys.is_genuine(content, mac)) {
            self.findings.note_altered(part.called(id));
        }
    }

    /// The buckets whose sums differ from the manifest's.
    fn differences(
        &self,
        root: &Root,
        parts: &HashMap<String, Vec<u8>>,
        findings: &mut Findings,
    ) -> BTreeSet<BucketAddress> {
        let empty = Leaf::empty();
        let mut wrong = BTreeSet::new();
        for number in Part::ALL.into_iter().flat_map(Part::leaves) {
            let found = self.leaves.get(&number).unwrap_or(&empty);
            let (name, version) = (leaf_name(number), root.leaf(number));
            let expected = match version {
                0 => Ok(Leaf::empty()),
                _ => open_leaf(
                    self.keys,
                    &name,
                    parts.get(&name).map(Vec::as_slice),
                    version,
                ),
            };
            let buckets = match expected {
                Ok(expected) => expected.differences(found),
                Err(error) => {
                    if let StoreError::Manifest(what) = error {
                        findings.manifest = Some(what.to_owned());
                    }
                    // The right sums are unknown, so every bucket with rows is wrong.
                    found.differences(&empty)
                }
            };
            wrong.extend(buckets.into_iter().map(|bucket| BucketAddress {
                leaf: number,
                bucket,
            }));
        }
        wrong
    }
}
