//! Remembers which version of the store was seen here, in a file beside the audit trail. By that
//! the service notices if the whole store is put back to an earlier state while nothing runs.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::keys::{RowKeys, give_to_its_owner};
use crate::store::SeenVersion;

/// The file, and the keys that seal it. An attacker without the master key can't write a lower
/// version into it.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    path: PathBuf,
    keys: Arc<RowKeys>,
}

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// There is no file, so no store was seen here.
    Nothing,
    /// The version of this store that was seen.
    Version(SeenVersion),
    /// The file is of another store, or was altered.
    AnotherStore,
}

impl Witness {
    const FILE: &str = "store.seen";
    /// The file's largest size: a nonce, a version and a tag.
    const MOST_BYTES: u64 = 128;

    pub(crate) fn in_folder(folder: &Path, keys: Arc<RowKeys>) -> Self {
        Self {
            path: folder.join(Self::FILE),
            keys,
        }
    }

    /// Whether any store was seen from this folder.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(Self::FILE).exists()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read(&self) -> io::Result<Seen> {
        let mut sealed = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file.take(Self::MOST_BYTES).read_to_end(&mut sealed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Seen::Nothing),
            Err(error) => return Err(error),
        };
        let opened = self.keys.open(Self::FILE, &sealed).ok();
        let seen = opened.as_deref().and_then(decoded);
        Ok(seen.map_or(Seen::AnotherStore, Seen::Version))
    }

    /// Notes a version, unless a later one was noted, or the file is another store's.
    pub(crate) fn note(&self, seen: SeenVersion) -> io::Result<()> {
        match self.read()? {
            Seen::AnotherStore => Ok(()),
            Seen::Version(before) if !is_news(before, seen) => Ok(()),
            Seen::Nothing | Seen::Version(_) => self.write(seen),
        }
    }

    /// Notes a version, whatever the file says. Does nothing if the folder is missing, because then
    /// no trail is kept.
    pub(crate) fn write(&self, seen: SeenVersion) -> io::Result<()> {
        if self.path.parent().is_none_or(|folder| !folder.exists()) {
            return Ok(());
        }
        let mut content = seen.version.to_le_bytes().to_vec();
        content.push(u8::from(seen.is_doubted));
        // The content is written in one call, and always has the same length.
        let sealed = self.keys.seal(Self::FILE, &content);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let is_new = !self.path.exists();
        let mut file = options.open(&self.path)?;
        if is_new {
            give_to_its_owner(&file, &self.path, None)?;
        }
        file.write_all(&sealed)?;
        file.set_len(sealed.len() as u64)?;
        file.sync_data()
    }
}

fn decoded(content: &[u8]) -> Option<SeenVersion> {
    let (version, rest) = content.split_first_chunk()?;
    let [doubted @ (0 | 1)] = rest else {
        return None;
    };
    Some(SeenVersion {
        version: u64::from_le_bytes(*version),
        is_doubted: *doubted == 1,
    })
}

fn is_news(before: SeenVersion, seen: SeenVersion) -> bool {
    seen.version > before.version
        || seen.version == before.version && seen.is_doubted && !before.is_doubted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{MasterKey, Vault};

    #[test]
    fn a_version_is_never_noted_lower_nor_over_another_stores() {
        let folder = tempfile::tempdir().unwrap();
        let witness = || {
            let (vault, _) = Vault::create(&MasterKey::random());
            Witness::in_folder(folder.path(), vault.row_keys().clone())
        };
        let seen = |version, is_doubted| SeenVersion {
            version,
            is_doubted,
        };
        let (one, two) = (witness(), witness());
        assert_eq!(one.read().unwrap(), Seen::Nothing);
        one.note(seen(7, false)).unwrap();
        one.note(seen(6, true)).unwrap();
        assert_eq!(one.read().unwrap(), Seen::Version(seen(7, false)));
        one.note(seen(7, true)).unwrap();
        one.note(seen(7, false)).unwrap();
        assert_eq!(one.read().unwrap(), Seen::Version(seen(7, true)));
        assert_eq!(two.read().unwrap(), Seen::AnotherStore);
        two.note(seen(9, false)).unwrap();
        assert_eq!(one.read().unwrap(), Seen::Version(seen(7, true)));
        two.write(seen(1, false)).unwrap();
        assert_eq!(two.read().unwrap(), Seen::Version(seen(1, false)));
    }
}
