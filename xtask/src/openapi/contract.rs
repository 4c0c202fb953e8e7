//! The files of the contract: the vendor's document, its digest, the overlay, and the served
//! document.
//!
//! This module owns their places and the digest. The digest shows whether the vendor's document was
//! edited since it was taken.

use crate::workspace;
use dropshot_codegen::diagnostics::Findings;
use dropshot_codegen::{Generated, Loaded, Options, generate, load};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files, in their folder.
pub struct Contract {
    folder: PathBuf,
}

impl Contract {
    /// The vendor's document, byte for byte.
    pub const VENDOR: &str = "D1-Public-OUT-v1-Auth2.json";
    /// The digest, in the format of `sha256sum --check`.
    const DIGEST: &str = "vendor.sha256";
    const OVERLAY: &str = "overlay.yaml";
    const SERVED: &str = "served.json";

    /// The contract of this workspace.
    pub fn of_workspace() -> Self {
        Self::at(&workspace::root().join("openapi"))
    }

    /// The contract in a folder.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The path of the vendor's document.
    pub fn vendor(&self) -> PathBuf {
        self.folder.join(Self::VENDOR)
    }

    /// The path of the digest.
    pub fn digest(&self) -> PathBuf {
        self.folder.join(Self::DIGEST)
    }

    /// The path of the overlay.
    pub fn overlay(&self) -> PathBuf {
        self.folder.join(Self::OVERLAY)
    }

    /// The path of the generated document.
    pub fn served(&self) -> PathBuf {
        self.folder.join(Self::SERVED)
    }

    /// Reads the vendor's document, applies the overlay, and generates the code.
    ///
    /// # Errors
    /// All findings of the generator in the two files.
    pub fn generate(&self) -> Result<(Loaded, Generated), Findings> {
        let loaded = load(&self.vendor(), Some(&self.overlay()))?;
        let generated = generate(&loaded, Options::default())?;
        Ok((loaded, generated))
    }

    /// The SHA-256 of the vendor's document as it is now, in lower-case hexadecimal.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn digest_now(&self) -> io::Result<String> {
        Ok(digest_of(&fs::read(self.vendor())?))
    }

    /// The SHA-256 of the vendor's document at the time it was taken.
    ///
    /// # Errors
    /// The file can't be read, or isn't a line of `sha256sum`.
    pub fn digest_recorded(&self) -> io::Result<String> {
        let text = fs::read_to_string(self.digest())?;
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            [digest, file] if file.trim_start_matches('*') == Self::VENDOR => {
                Ok(digest.to_lowercase())
            }
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "must be one line, `SHA-256  {}`, as sha256sum writes it",
                    Self::VENDOR
                ),
            )),
        }
    }
}

/// The text of a digest file for the vendor's document.
pub fn digest_line(document: &[u8]) -> String {
    format!("{}  {}\n", digest_of(document), Contract::VENDOR)
}

/// SHA-256 in lower-case hexadecimal.
pub fn digest_of(document: &[u8]) -> String {
    Sha256::digest(document)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
