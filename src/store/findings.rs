//! What of a store is not as this service wrote it.

use std::collections::BTreeSet;

use serde::Serialize;

/// Rows that somebody else wrote, removed, or put back to an earlier state. None of them is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The rows whose MAC is absent or another's, such as `client is_tbank01`. The first
    /// [`Findings::MOST`] of them.
    pub altered: BTreeSet<String>,
    /// The rows among which one was put back to an earlier state, or from among which one was
    /// removed.
    pub put_back: BTreeSet<String>,
    /// In how many places a row was removed and none is left.
    pub removed: usize,
    /// What is wrong with the list of all rows.
    pub manifest: Option<String>,
    /// The whole store is in an earlier state than it was.
    pub earlier: Option<Earlier>,
}

/// A store that is in an earlier state than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Earlier {
    /// The highest version that was seen.
    pub seen: u64,
    /// The version that it has now.
    pub found: u64,
}

/// Which version of the store was seen by a process, for another one that comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeenVersion {
    /// The highest; 0 where none was.
    pub version: u64,
    /// Whether the store was in an earlier state after that, and no administrator has said that
    /// this is right.
    pub is_doubted: bool,
}

impl Findings {
    /// How many rows are kept by name.
    pub const MOST: usize = 1000;
    /// How many rows the record of an administrator's word names.
    pub const MOST_NAMED: usize = 20;
    /// How many rows a message names.
    const NAMED: usize = 5;

    /// Whether all is as this service wrote it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong, in a sentence each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(wrong) = &self.manifest {
            problems.push(format!(
                "the list of the store's rows {wrong}: somebody else wrote to the database; no row is believed until `store verify --accept`"
            ));
        }
        if !self.altered.is_empty() {
            problems.push(format!(
                "not written by this service, and not used: {}; see `store verify`",
                named(&self.altered)
            ));
        }
        if !self.put_back.is_empty() {
            problems.push(format!(
                "somebody else removed a row of the store, or put one back to an earlier state; one of these, which are not used: {}; \
                 see `store verify`",
                named(&self.put_back)
            ));
        }
        if self.removed > 0 {
            problems.push(format!(
                "somebody else removed rows of the store, in {} places; see `store verify`",
                self.removed
            ));
        }
        if let Some(Earlier { seen, found }) = self.earlier {
            problems.push(format!(
                "the whole store is in an earlier state than it was (version {found} after {seen}): what was changed since is lost, \
                 revocations too; if a backup was restored or a standby took over, run `store verify --accept`"
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
