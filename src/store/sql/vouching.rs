//! Which rows are believed: rows that carry the MAC of their content and that the manifest counts.
//!
//! A command without the master key doesn't have the keys for that. It reads rows unchecked, and
//! can't change a store that has a manifest.

pub(super) mod ledger;
pub(super) mod manifest;
mod seen;

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sqlx::AnyConnection;

pub(super) use ledger::Ledger;
pub(super) use manifest::Part;
use manifest::{BucketAddress, Leaf, Root};
use seen::Seen;

use crate::keys::RowKeys;
use crate::store::{Earlier, Findings, SeenVersion, StoreError};

/// What this process knows of the rows.
#[derive(Debug, Default)]
pub(super) struct Vouching {
    keys: OnceLock<Arc<RowKeys>>,
    state: Mutex<State>,
    /// The highest version of the store that was seen.
    highest: AtomicU64,
    seen: Seen,
}

#[derive(Debug, Default)]
struct State {
    /// What the last check of all rows found.
    checked: Findings,
    /// What reads have found since then.
    met: Findings,
    suspects: Suspects,
    checks: u64,
}

/// The clients that are not believed although their MACs are right: one of their bucket was put
/// back to an earlier state or removed.
#[derive(Debug, Default, Clone)]
pub(super) struct Suspects {
    pub(super) places: HashSet<BucketAddress>,
    pub(super) all: bool,
}

impl Suspects {
    fn include(&self, id: &str) -> bool {
        self.all || self.places.contains(&Part::Clients.place(id))
    }
}

impl Vouching {
    pub(super) fn keys(&self) -> Option<&Arc<RowKeys>> {
        self.keys.get()
    }

    /// From now on, only rows that these keys vouch for are believed. `seen` is the version of the
    /// store that this installation saw before.
    pub(super) fn entrust(&self, keys: Arc<RowKeys>, seen: SeenVersion) {
        // A second call brings the same keys.
        let _already_set = self.keys.set(keys);
        let version = seen.version;
        self.highest.fetch_max(version, Ordering::Relaxed);
        if seen.is_doubted {
            let earlier = Earlier {
                seen: version,
                found: version,
            };
            self.state().checked.earlier.get_or_insert(earlier);
        }
    }

    /// The highest version of the store that was seen.
    pub(super) fn version(&self) -> u64 {
        self.highest.load(Ordering::Relaxed)
    }

    pub(super) fn findings(&self) -> Findings {
        let state = self.state();
        let mut findings = state.checked.clone();
        findings.join(&state.met);
        findings
    }

    /// How often all rows were checked.
    pub(super) fn checks(&self) -> u64 {
        self.state().checks
    }

    /// Whether a row is as this service wrote it. If it is not, the row is noted as altered.
    pub(super) fn is_genuine(
        &self,
        (part, id): (Part, &str),
        content: &[u8],
        mac: Option<&[u8]>,
    ) -> bool {
        let Some(keys) = self.keys() else { return true };
        let genuine = mac.is_some_and(|mac| keys.is_genuine(content, mac));
        if !genuine {
            self.state().met.note_altered(part.called(id));
        }
        genuine
    }

    /// Whether a client whose MAC is right may be used: not if it may have been put back to an
    /// earlier state. `before` is the highest version that was seen when the reading began.
    pub(super) fn is_current(&self, id: &str, version: i64, before: u64) -> bool {
        if self.keys().is_none() {
            return true;
        }
        let is_suspect = self.state().suspects.include(id);
        if is_suspect {
            return false;
        }
        let version = version.unsigned_abs();
        let is_latest = self.seen.is_latest(id, version, before);
        self.highest.fetch_max(version, Ordering::Relaxed);
        if !is_latest {
            self.state().met.note_put_back(Part::Clients.called(id));
        }
        is_latest
    }

    /// The buckets whose sums differ from the manifest, of a part with few rows. `rows` are all
    /// rows of the part.
    pub(super) async fn wrong_buckets(
        &self,
        connection: &mut AnyConnection,
        part: Part,
        rows: impl Iterator<Item = (&str, Option<&[u8]>)>,
    ) -> Result<BTreeSet<usize>, StoreError> {
        let Some(keys) = self.keys() else {
            return Ok(BTreeSet::new());
        };
        let sealed = ledger::part(connection, ledger::ROOT).await?;
        let root = ledger::open_root(keys, sealed.as_deref())?;
        let number = part.leaves().start;
        let expected = self.leaf(connection, keys, &root, number).await?;
        let mut found = Leaf::empty();
        for (id, mac) in rows {
            if let Some(mac) = mac {
                let weight = keys.weight(part.name(id).as_bytes(), mac);
                found.add(part.place(id).bucket, weight);
            }
        }
        Ok(expected.differences(&found).into_iter().collect())
    }

    /// The clients that the last check of all rows found suspect.
    fn suspects(&self) -> Suspects {
        self.state().suspects.clone()
    }

    /// Notes a row that this service can't have written.
    pub(super) fn note_altered(&self, part: Part, id: &str) {
        self.state().met.note_altered(part.called(id));
    }

    /// Notes a row that may have been put back to an earlier state.
    pub(super) fn note_put_back(&self, part: Part, id: &str) {
        self.state().met.note_put_back(part.called(id));
    }

    /// The highest version that was seen, with the current one.
    pub(super) async fn read_version(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<SeenVersion, StoreError> {
        if let Some(keys) = self.keys() {
            let before = self.version();
            let sealed = ledger::part(connection, ledger::ROOT).await?;
            let root = ledger::open_root(keys, sealed.as_deref())?;
            let earlier = self.compare(before, root.version);
            self.state().checked.earlier = earlier;
        }
        let earlier = self.state().checked.earlier;
        Ok(SeenVersion {
            version: earlier.map_or(self.version(), |earlier| earlier.seen),
            is_doubted: earlier.is_some(),
        })
    }

    /// Forgets the versions of clients, because the store has another history. Notes the store as
    /// in an earlier state.
    pub(super) fn begin_again(&self) {
        self.seen.clear();
        let seen = self.version();
        if self.keys().is_some() {
            let earlier = &mut self.state().checked.earlier;
            earlier.get_or_insert(Earlier { seen, found: seen });
        }
    }

    async fn leaf(
        &self,
        connection: &mut AnyConnection,
        keys: &RowKeys,
        root: &Root,
        number: usize,
    ) -> Result<Leaf, StoreError> {
        let version = root.leaf(number);
        if version == 0 {
            return Ok(Leaf::empty());
        }
        let name = leaf_name(number);
        let sealed = ledger::part(connection, &name).await?;
        ledger::open_leaf(keys, &name, sealed.as_deref(), version)
    }

    /// Compares a version of the store that was read with `before`, the highest that was seen when
    /// the reading began. Other readers may have seen a later one since.
    pub(super) fn compare(&self, before: u64, found: u64) -> Option<Earlier> {
        self.highest.fetch_max(found, Ordering::Relaxed);
        if found < before {
            // The whole store is older, so each of its rows may be older too.
            self.seen.clear();
            return Some(Earlier {
                seen: before,
                found,
            });
        }
        // Later changes raise the version past `before`. The finding stays until an administrator
        // accepts the rows, which raises the version further.
        let earlier = self.state().checked.earlier;
        earlier.filter(|earlier| found < Root::accepted(earlier.seen))
    }

    pub(super) fn note_check(&self, findings: Findings, suspects: Suspects) {
        let mut state = self.state();
        state.checked = findings;
        state.met = Findings::default();
        state.suspects = suspects;
        state.checks += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn leaf_name(number: usize) -> String {
    format!("leaf {number}")
}
