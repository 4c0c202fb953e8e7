//! `[keys]`: what protects the keys.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use super::reader::Reader;

/// The keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysConfig {
    /// The file of the master key; made on first use only while the store holds no key yet.
    pub master_key_file: PathBuf,
}

impl KeysConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const FILE: &str = "keys.master_key_file";
        let file = reader.required(FILE, |text| Ok::<_, Infallible>(PathBuf::from(text)));
        Some(Self {
            master_key_file: reader.absolute(FILE, Path::new(&file?)),
        })
    }
}
