//! Whether the disk of the trail has room for more than decisions.

use std::path::Path;

use nix::sys::statvfs::statvfs;

/// At most one part in so many of the disk is kept free for decisions.
const PART: u64 = 4;

/// The disk has less room than is kept free for decisions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk has less than {reserve} bytes left, which are kept for decisions; refusals of callers that have proved \
     nothing are counted, and recorded once there is room"
)]
pub struct Scarcity {
    reserve: u64,
}

impl Scarcity {
    /// Looks at the folder's disk. `None` if there is room enough, or if the system doesn't say.
    #[must_use]
    pub fn of(folder: &Path, reserve: u64) -> Option<Self> {
        let disk = statvfs(folder).ok()?;
        let unit = disk.fragment_size();
        let bytes = |blocks: u64| blocks.saturating_mul(unit);
        let reserve = reserve.min(bytes(disk.blocks()) / PART);
        (bytes(disk.blocks_available()) < reserve).then_some(Self { reserve })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_a_disk_at_most_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Scarcity::of(folder.path(), 0), None);
        assert_eq!(Scarcity::of(Path::new("/no/such/folder"), 1), None);
        let disk = statvfs(folder.path()).unwrap();
        let is_full = disk.blocks_available() < disk.blocks() / PART;
        assert_eq!(Scarcity::of(folder.path(), u64::MAX).is_some(), is_full);
    }
}
