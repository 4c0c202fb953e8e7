//! The manifest: sums over the rows that the store should have. A row that is removed, put back to
//! an earlier state, or brought back changes a sum.
//!
//! Each row has a weight, a secret number that depends on its MAC. Rows are spread over buckets by
//! their ids. The sum of a bucket is that of its rows' weights. A leaf has 256 sums and is sealed.
//! The root is sealed too and has the version of each leaf, so no leaf can be put back to an
//! earlier state by itself.

use aws_lc_rs::digest::{SHA256, digest};

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store::sql) enum Part {
    Clients,
    SigningKeys,
    RevokedTokens,
    Meta,
    Changes,
    Outbox,
    Removed,
}

/// The bucket in which a row is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store::sql) struct BucketAddress {
    pub(in crate::store::sql) leaf: usize,
    pub(in crate::store::sql) bucket: usize,
}

/// The sums of 256 buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store::sql) struct Leaf {
    /// The version of the store in which this leaf was last changed.
    pub(in crate::store::sql) version: u64,
    sums: Vec<u128>,
}

/// The version of the store, and the version of each leaf; 0 for a leaf that was never written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store::sql) struct Root {
    pub(in crate::store::sql) version: u64,
    leaves: Vec<u64>,
}

const BUCKETS: usize = 256;
/// There may be a million clients; the other parts have thousands of rows at most.
const LEAVES_OF_CLIENTS: usize = 256;

impl Part {
    pub(in crate::store::sql) const ALL: [Self; 7] = [
        Self::Clients,
        Self::SigningKeys,
        Self::RevokedTokens,
        Self::Meta,
        Self::Changes,
        Self::Outbox,
        Self::Removed,
    ];

    /// The noun for a row of this part in messages.
    pub(in crate::store::sql) const fn noun(self) -> &'static str {
        match self {
            Self::Clients => "client",
            Self::SigningKeys => "signing key",
            Self::RevokedTokens => "revoked token",
            Self::Meta => "entry",
            Self::Changes => "change",
            Self::Outbox => "record",
            Self::Removed => "removed client",
        }
    }

    /// The name in messages of the row with this id. An attacker may have chosen the id, so control
    /// characters are left out and the length is limited.
    pub(in crate::store::sql) fn called(self, id: &str) -> String {
        let id: String = id.chars().filter(|c| !c.is_control()).take(130).collect();
        format!("{} {id}", self.noun())
    }

    /// The leaves of this part's rows. A number is never used again; a new part gets the next one.
    pub(in crate::store::sql) fn leaves(self) -> std::ops::Range<usize> {
        let after_clients = |place| LEAVES_OF_CLIENTS + place..LEAVES_OF_CLIENTS + place + 1;
        match self {
            Self::Clients => 0..LEAVES_OF_CLIENTS,
            Self::SigningKeys => after_clients(0),
            Self::RevokedTokens => after_clients(1),
            Self::Meta => after_clients(2),
            Self::Changes => after_clients(3),
            Self::Outbox => after_clients(4),
            Self::Removed => after_clients(5),
        }
    }

    /// The bucket in which the row with this id is counted.
    pub(in crate::store::sql) fn place(self, id: &str) -> BucketAddress {
        let digest = digest(&SHA256, id.as_bytes());
        let [leaf, bucket] = [0, 1].map(|at| usize::from(digest.as_ref()[at]));
        let leaves = self.leaves();
        BucketAddress {
            leaf: leaves.start + leaf % leaves.len(),
            bucket,
        }
    }

    /// The name under which the row with this id gets its weight.
    pub(in crate::store::sql) fn name(self, id: &str) -> String {
        format!("{} {id}", self.noun())
    }
}

impl Leaf {
    /// A leaf without rows.
    pub(in crate::store::sql) fn empty() -> Self {
        Self {
            version: 0,
            sums: vec![0; BUCKETS],
        }
    }

    pub(in crate::store::sql) fn add(&mut self, bucket: usize, weight: u128) {
        self.sums[bucket] = self.sums[bucket].wrapping_add(weight);
    }

    pub(in crate::store::sql) fn subtract(&mut self, bucket: usize, weight: u128) {
        self.sums[bucket] = self.sums[bucket].wrapping_sub(weight);
    }

    /// The buckets whose sums differ.
    pub(in crate::store::sql) fn differences(&self, other: &Self) -> Vec<usize> {
        let sums = self.sums.iter().zip(&other.sums).enumerate();
        sums.filter_map(|(bucket, (one, other))| (one != other).then_some(bucket))
            .collect()
    }

    pub(in crate::store::sql) fn encode(&self) -> Vec<u8> {
        let sums = self.sums.iter().flat_map(|sum| sum.to_le_bytes());
        self.version.to_le_bytes().into_iter().chain(sums).collect()
    }

    pub(in crate::store::sql) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, sums) = bytes.split_first_chunk()?;
        let (sums, rest) = sums.as_chunks();
        (sums.len() == BUCKETS && rest.is_empty()).then(|| Self {
            version: u64::from_le_bytes(*version),
            sums: sums.iter().map(|sum| u128::from_le_bytes(*sum)).collect(),
        })
    }
}

impl Root {
    /// The step between accepted versions. So an accepted version is higher than every version that
    /// a process has seen.
    const ACCEPTED: u64 = 1 << 32;

    pub(in crate::store::sql) fn leaf(&self, leaf: usize) -> u64 {
        self.leaves.get(leaf).copied().unwrap_or(0)
    }

    pub(in crate::store::sql) fn set_leaf(&mut self, leaf: usize, version: u64) {
        if self.leaves.len() <= leaf {
            self.leaves.resize(leaf + 1, 0);
        }
        self.leaves[leaf] = version;
    }

    /// The accepted version after `version`: higher than all versions that the store reached by its
    /// own changes.
    pub(in crate::store::sql) fn accepted(version: u64) -> u64 {
        (version / Self::ACCEPTED + 1) * Self::ACCEPTED
    }

    pub(in crate::store::sql) fn encode(&self) -> Vec<u8> {
        let versions = std::iter::once(&self.version).chain(&self.leaves);
        versions.flat_map(|version| version.to_le_bytes()).collect()
    }

    pub(in crate::store::sql) fn decode(bytes: &[u8]) -> Option<Self> {
        let (versions, rest) = bytes.as_chunks();
        let mut versions = versions.iter().map(|version| u64::from_le_bytes(*version));
        let version = versions.next().filter(|_| rest.is_empty())?;
        let leaves = versions.collect();
        Some(Self { version, leaves })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_and_a_root_come_back_as_they_went() {
        let mut leaf = Leaf::empty();
        leaf.add(255, u128::MAX);
        leaf.version = 7;
        let other = Leaf::decode(&leaf.encode()).unwrap();
        assert_eq!(other, leaf);
        assert_eq!(Leaf::empty().differences(&leaf), [255]);
        assert_eq!(Leaf::decode(&leaf.encode()[1..]), None);
        let mut root = Root::default();
        root.set_leaf(3, 9);
        assert_eq!(Root::decode(&root.encode()), Some(root.clone()));
        assert_eq!((root.leaf(3), root.leaf(2), root.leaf(99)), (9, 0, 0));
        assert_eq!(Root::decode(&root.encode()[1..]), None);
    }

    #[test]
    fn what_is_added_and_taken_away_leaves_nothing() {
        let mut leaf = Leaf::empty();
        leaf.add(1, 5);
        leaf.subtract(1, 6);
        leaf.add(1, 1);
        assert_eq!(leaf, Leaf::empty());
    }

    #[test]
    fn no_two_parts_share_a_leaf() {
        let mut leaves: Vec<usize> = Part::ALL.into_iter().flat_map(Part::leaves).collect();
        let number = leaves.len();
        leaves.sort_unstable();
        leaves.dedup();
        assert_eq!(leaves.len(), number);
    }

    #[test]
    fn an_accepted_version_is_higher_than_all_before() {
        assert_eq!(Root::accepted(0), 1 << 32);
        assert!(Root::accepted((7 << 32) + 5) > (7 << 32) + u64::from(u32::MAX));
    }
}
