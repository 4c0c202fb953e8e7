//! `[audit]`: where decisions are written.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};

use super::reader::Reader;

/// The audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// Its folder; made when there is none.
    pub path: PathBuf,
    /// When a record counts as written.
    pub durability: Durability,
}

/// When a record counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk; a token leaves only then.
    Fsync,
    /// When it is on its way; the last records may be lost with the machine.
    Buffered,
}

impl AuditConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let path = reader.required("audit.path", |text| {
            Ok::<_, Infallible>(PathBuf::from(text))
        });
        let durability = reader.or("audit.durability", Durability::Fsync, |text| match text {
            "fsync" => Ok(Durability::Fsync),
            "buffered" => Ok(Durability::Buffered),
            _ => Err("must be \"fsync\" or \"buffered\""),
        });
        Some(Self {
            path: reader.absolute("audit.path", Path::new(&path?)),
            durability: durability?,
        })
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fsync => "fsync",
            Self::Buffered => "buffered",
        })
    }
}
