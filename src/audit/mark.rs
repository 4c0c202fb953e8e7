//! The mark: a small file that says how far a chain goes, written after each append. It covers the
//! time between two notes in the store: an attacker who cuts off the trail's end after a crash has
//! to set back the mark as well.
//!
//! If the store is a file, the mark stands beside it: an attacker who can alter the trail may not
//! be able to write to that folder. The mark is not synchronised with the disk. A power cut may set
//! it back, and then only the store's note is left.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::chain::Head;
use super::files::private;
use super::{Chain, Hash, Place};
use crate::config::{StoreConfig, StoreUrl};
use crate::keys::give_to_its_owner;

/// The mark of one chain, open for writing.
#[derive(Debug)]
pub struct Mark {
    file: Option<File>,
}

#[derive(Serialize, Deserialize)]
struct Content<'a> {
    trail: &'a str,
    seq: u64,
    hash: Hash,
}

/// Its length, which is always the same. The mark is overwritten in place, so it needs no more room
/// on a full disk.
const LENGTH: usize = 160;

impl Mark {
    /// The file beside which marks stand. `None` if the store is not a file, or if this process
    /// only reads it.
    #[must_use]
    pub fn beside(config: &StoreConfig) -> Option<&Path> {
        match &config.url {
            StoreUrl::Sqlite(path) if !config.read_only => Some(path),
            _ => None,
        }
    }

    /// The end of a chain by its mark. `None` if there is no mark that can be read.
    #[must_use]
    pub fn of(chain: Chain, folder: &Path, beside: Option<&Path>) -> Option<Head> {
        Self::read(&Self::path(chain, folder, beside))
    }

    /// Where the mark of a chain in `folder` is: beside the store's file, or in the folder.
    pub(super) fn path(chain: Chain, folder: &Path, store: Option<&Path>) -> PathBuf {
        let Some(store) = store else {
            return folder.join(format!("{chain}.end"));
        };
        // Replicas that share one store's file have separate folders.
        let folder = Place::here(chain, folder).path;
        let digest = Hash::of(folder.as_os_str().as_encoded_bytes()).to_string();
        let mut name = store.as_os_str().to_owned();
        name.push(format!("-{chain}-{}.end", &digest[..8]));
        name.into()
    }

    /// The end that the mark holds. `None` if there is no mark that can be read.
    pub(super) fn read(path: &Path) -> Option<Head> {
        let text = std::fs::read(path).ok()?;
        let content: Content<'_> = serde_json::from_slice(&text).ok()?;
        Some(Head {
            trail: content.trail.into(),
            sequence: content.seq,
            hash: content.hash,
        })
    }

    /// Opens the mark, or makes it. If that fails, the trail still works, but its last second is
    /// less well guarded.
    pub(super) fn open(path: &Path) -> Self {
        let open = || -> io::Result<File> {
            let is_new = !path.try_exists()?;
            let file = private()
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?;
            if is_new {
                give_to_its_owner(&file, path, None)?;
            }
            Ok(file)
        };
        Self { file: open().ok() }
    }

    /// Writes this end into the mark.
    pub(super) fn set(&self, head: &Head) {
        let Some(file) = &self.file else { return };
        let mut text = Vec::with_capacity(LENGTH);
        let content = Content {
            trail: &head.trail,
            seq: head.sequence,
            hash: head.hash,
        };
        if serde_json::to_writer(&mut text, &content).is_ok() && text.len() < LENGTH {
            text.resize(LENGTH - 1, b' ');
            text.push(b'\n');
            let _as_good_as_before = file.write_all_at(&text, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_set_is_read_and_nonsense_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = Mark::path(Chain::Changes, folder.path(), None);
        assert_eq!(Mark::read(&path), None);
        let mark = Mark::open(&path);
        for sequence in [u64::MAX, 7] {
            let head = Head {
                sequence,
                hash: Hash::of(b"line"),
                ..Head::new()
            };
            mark.set(&head);
            assert_eq!(Mark::read(&path), Some(head));
        }
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Mark::read(&path), None);
    }

    #[test]
    fn beside_a_store_each_folder_has_its_own() {
        let store = Some(Path::new("/var/lib/store.db"));
        let [one, two] = ["/a", "/b"].map(|it| Mark::path(Chain::Changes, Path::new(it), store));
        assert_ne!(one, two);
        assert!(
            one.to_str()
                .unwrap()
                .starts_with("/var/lib/store.db-changes-")
        );
    }
}
