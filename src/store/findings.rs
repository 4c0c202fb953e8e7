//! The rows of a store that are not as this service wrote them.

use std::collections::BTreeSet;

use serde::Serialize;

/// Rows that somebody else wrote, removed, or put back to an earlier state. The service uses no
/// such client and no such signing key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The rows without a MAC or with a wrong one, such as `client is_tbank01`; [`Findings::MOST`]
    /// rows at most.
    pub altered: BTreeSet<String>,
    /// Rows that may have been put back to an earlier state. The manifest counts rows in groups, so
    /// all rows of a group are named if one of the group was removed or put back.
    pub put_back: BTreeSet<String>,
    /// The number of groups from which a row was removed and in which no row is left.
    pub removed: usize,
    /// What is wrong with the manifest, the list of all rows.
    pub manifest: Option<String>,
    /// Set if the whole store is in an earlier state than before.
    pub earlier: Option<Earlier>,
}

/// The versions of a store that is in an earlier state than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Earlier {
    /// The highest version that was seen.
    pub seen: u64,
    /// The version that it has now.
    pub found: u64,
}

/// The version of the store that a process has seen. The process writes it down for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeenVersion {
    /// The highest version; 0 if the process has seen none.
    pub version: u64,
    /// Whether the store was found in an earlier state, and no administrator has accepted that yet.
    pub is_doubted: bool,
}

impl Findings {
    /// The most rows that are kept by name.
    pub const MOST: usize = 1000;
    /// The most rows that the audit record of `store verify --accept` names.
    pub const MOST_NAMED: usize = 20;
    /// The most rows that a message names.
    const NAMED: usize = 5;

    /// Whether all rows are as this service wrote them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One sentence for each kind of problem.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(wrong) = &self.manifest {
            problems.push(format!(
                "the list of the store's rows {wrong}: something other than this service wrote to the database; no \
                 row is accepted until `store verify --accept`"
            ));
        }
        if !self.altered.is_empty() {
            problems.push(format!(
                "not written by this service: {}; no client and no signing key among these is used; see `store verify`",
                named(&self.altered)
            ));
        }
        if !self.put_back.is_empty() {
            problems.push(format!(
                "something other than this service removed a row of the store, or put one back to an earlier state; \
                 it is one of these: {}; no client among these is used; see `store verify`",
                named(&self.put_back)
            ));
        }
        if self.removed > 0 {
            problems.push(format!(
                "something other than this service removed rows of the store, in {} places; see `store verify`",
                self.removed
            ));
        }
        if let Some(Earlier { seen, found }) = self.earlier {
            problems.push(format!(
                "the whole store is in an earlier state than before (version {found} after {seen}): later changes are \
                 lost, and so are revocations; if a backup was restored or a standby took over, run `store verify --accept`"
            ));
        }
        problems
    }

    pub(super) fn note_altered(&mut self, row: String) {
        note(&mut self.altered, row);
    }

    pub(super) fn note_put_back(&mut self, row: String) {
        note(&mut self.put_back, row);
    }

    pub(super) fn join(&mut self, other: &Self) {
        for row in &other.altered {
            self.note_altered(row.clone());
        }
        for row in &other.put_back {
            self.note_put_back(row.clone());
        }
        self.removed = self.removed.max(other.removed);
        self.manifest = self.manifest.take().or(other.manifest.clone());
        self.earlier = self.earlier.or(other.earlier);
    }
}

fn note(rows: &mut BTreeSet<String>, row: String) {
    if rows.len() < Findings::MOST {
        rows.insert(row);
    }
}

fn named(rows: &BTreeSet<String>) -> String {
    let first: Vec<&str> = rows
        .iter()
        .take(Findings::NAMED)
        .map(String::as_str)
        .collect();
    let first = first.join(", ");
    match rows.len().saturating_sub(Findings::NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_few_rows_and_counts_the_others() {
        let mut findings = Findings::default();
        assert!(findings.is_empty() && findings.problems().is_empty());
        for number in 0..2000 {
            findings.note_altered(format!("client {number:04}"));
        }
        let [problem] = findings.problems().try_into().unwrap();
        assert!(problem.contains("client 0004 and 995 more"), "{problem}");
    }
}
