//! The mark: a small file that says how far a chain goes, written after each append. It covers the
//! time between two notes in the store: whoever cuts the trail's end after a crash has to set back
//! the mark as well.
//!
//! It stands beside the store's file where there is one, since an attacker who can alter the trail
//! need not reach that folder. It is not synchronised with the disk: a power cut may set it back,
//! and then the store's note is all there is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::chain::{Hash, Head};
use super::files::private;
use super::{Chain, Place};
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

/// Its length, whatever it says: written over in place, it needs no more room on a disk that is
/// full.
const LENGTH: usize = 160;

impl Mark {
    /// The file that marks stand beside; `None` where the store is no file that this service
    /// writes.
    #[must_use]
    pub fn beside(config: &StoreConfig) -> Option<&Path> {
        match &config.url {
            StoreUrl::Sqlite(path) if !config.read_only => Some(path),
            _ => None,
        }
    }

    /// What the mark of a chain says; `None` if there is none that can be read.
    #[must_use]
    pub fn of(chain: Chain, folder: &Path, beside: Option<&Path>) -> Option<Head> {
        Self::read(&Self::path(chain, folder, beside))
    }

    /// Where the mark of a chain in `folder` is: beside the store's file, or in the folder.
    pub(super) fn path(chain: Chain, folder: &Path, store: Option<&Path>) -> PathBuf {
        let Some(store) = store else {
            return folder.join(format!("{chain}.end"));
        };
        // Replicas on one file have a folder each.
        let folder = Place::here(chain, folder).path;
        let digest = Hash::of(folder.as_os_str().as_encoded_bytes()).to_string();
        let mut name = store.as_os_str().to_owned();
        name.push(format!("-{chain}-{}.end", &digest[..8]));
        name.into()
    }

    /// What it says; `None` if there is none that can be read.
    pub(super) fn read(path: &Path) -> Option<Head> {
        let text = std::fs::read(path).ok()?;
        let content: Content<'_> = serde_json::from_slice(&text).ok()?;
        Some(Head {
            trail: content.trail.into(),
            sequence: content.seq,
            hash: content.hash,
        })
    }

    /// Opens it, and makes it if there is none. Without one, the trail is as good, and its last
    /// second less well guarded.
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

    /// Says that the chain ends with this record.
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
