//! The master key: 32 random bytes in a file that only the service may read. It protects everything
//! secret in the store.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::{hkdf, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dropshot_chassis::private_file::{PrivateFileError, read_private};
use zeroize::Zeroizing;

use super::give_to_its_owner;

/// The most bytes of the file. A key in any accepted form, with blanks around it, is shorter. Text
/// after the key is refused.
const FILE_BYTES: usize = 1024;

/// The master key. `Debug` doesn't show it, and its memory is wiped.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why the master key can't be read or made.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file isn't there.
    #[error(
        "the master key file {} does not exist, and the store already holds keys that it protects; put the file back \
         (without it the signing keys and client secrets can't be used)", .0.display()
    )]
    Missing(PathBuf),
    /// Others may read the file, or the service may not.
    #[error("the master key file {0}")]
    Unreadable(PrivateFileError),
    /// The file doesn't hold a key.
    #[error("the master key file {} does not hold 32 bytes in base64 (44 characters) or hexadecimal (64 characters)", .0.display())]
    Malformed(PathBuf),
    /// The file can't be made.
    #[error("the master key file {}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl MasterKey {
    /// Reads the key from its file.
    ///
    /// # Errors
    /// [`MasterKeyError`]: the file is absent, readable by others, malformed or unreadable.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let text = read_private(path, FILE_BYTES).map_err(|error| match error {
            PrivateFileError::Missing(path) => MasterKeyError::Missing(path),
            PrivateFileError::Io { path, error } if error.kind() == io::ErrorKind::InvalidData => {
                MasterKeyError::Malformed(path)
            }
            error => MasterKeyError::Unreadable(error),
        })?;
        decode(text.trim())
            .map(Self)
            .ok_or_else(|| MasterKeyError::Malformed(path.into()))
    }

    /// Makes a key, and writes it durably to a new file of mode 0600.
    ///
    /// # Errors
    /// [`MasterKeyError::Io`], also if the file exists: a key is never overwritten.
    pub fn create(path: &Path) -> Result<Self, MasterKeyError> {
        let key = Self::random();
        // The capacity includes the line feed: a text that grows would leave a copy behind that is
        // not wiped.
        let mut text = Zeroizing::new(String::with_capacity(45));
        STANDARD.encode_string(*key.0, &mut text);
        text.push('\n');
        write_new(path, text.as_bytes()).map_err(|error| MasterKeyError::Io {
            path: path.into(),
            error,
        })?;
        Ok(key)
    }

    /// A random key, which is not written to a file.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(&mut *bytes)
            .expect("AWS-LC aborts the process rather than return no randomness");
        Self(bytes)
    }

    /// Derives a key for one purpose (RFC 5869). From it, an attacker can compute neither the
    /// master key nor the key for another purpose.
    pub(super) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.0, purpose)
    }
}

/// HKDF-SHA-256 of `secret` for `purpose`.
pub(super) fn derive(secret: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"d1-authz")
        .extract(secret)
        .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|output| output.fill(&mut *key))
        .expect("32 bytes are one block of HKDF-SHA-256, which has 255");
    key
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    match text.len() {
        64 => {
            for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                // Read digit by digit: `from_str_radix` would accept a sign.
                let digit = |at: usize| char::from(pair[at]).to_digit(16);
                *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
            }
        }
        44 => {
            let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
            *key = bytes.as_slice().try_into().ok()?;
        }
        _ => return None,
    }
    Some(key)
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    give_to_its_owner(&file, path, None)?;
    file.write_all(content)?;
    file.sync_all()?;
    // Synchronise the folder as well. Otherwise a power cut could lose the file's name, and without
    // the key the store would be useless.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(content: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_made_key_is_private_and_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = MasterKey::create(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(*MasterKey::load(&path).unwrap().0, *made.0);
        assert!(
            matches!(MasterKey::create(&path), Err(MasterKeyError::Io { .. })),
            "never written over"
        );
    }

    #[test]
    fn hexadecimal_and_base64_are_read() {
        let (_folder, path) = file(&"0aF1".repeat(16), 0o400);
        assert_eq!(&MasterKey::load(&path).unwrap().0[..2], &[0x0a, 0xf1]);
        let (_folder, path) = file(&format!("  {}\n", STANDARD.encode([7; 32])), 0o600);
        assert_eq!(*MasterKey::load(&path).unwrap().0, [7; 32]);
    }

    #[test]
    fn what_is_not_a_private_key_file_is_refused() {
        for mode in [0o604, 0o660, 0o644] {
            let (_folder, path) = file(&STANDARD.encode([7; 32]), mode);
            let error = MasterKey::load(&path).unwrap_err();
            assert!(
                matches!(error, MasterKeyError::Unreadable(PrivateFileError::Exposed { mode: found, .. }) if found == mode),
                "{error}"
            );
        }
        for content in [
            "",
            "abc",
            &"g".repeat(64),
            &STANDARD.encode([7; 31]),
            &STANDARD.encode([7; 33]),
            &"+f".repeat(32),
            &format!("{}\n{}\nmore", STANDARD.encode([7; 32]), " ".repeat(200)),
        ] {
            let (_folder, path) = file(content, 0o600);
            assert!(
                matches!(MasterKey::load(&path), Err(MasterKeyError::Malformed(_))),
                "{content:?}"
            );
        }
        let long = format!("{}{}", STANDARD.encode([7; 32]), "\n".repeat(FILE_BYTES));
        let (_folder, path) = file(&long, 0o600);
        let error = MasterKey::load(&path).unwrap_err().to_string();
        assert!(error.contains("more than 1024 bytes"), "{error}");
        let nowhere = Path::new("/nonexistent/master.key");
        assert!(matches!(
            MasterKey::load(nowhere),
            Err(MasterKeyError::Missing(_))
        ));
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let key = MasterKey::random();
        assert_eq!(key.derive("a"), key.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_eq!(format!("{key:?}"), "MasterKey(..)");
    }
}
