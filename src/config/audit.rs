//! `[audit]`: where the service writes its decisions.

mod syslog;

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};

use dropshot_chassis::config::{Reader, Size, flag};

pub use syslog::SyslogTarget;

/// The audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// Its folder. The service makes it if it doesn't exist.
    pub path: PathBuf,
    /// When a record counts as written.
    pub durability: Durability,
    /// The size in bytes at which one file ends and the next one begins.
    pub max_file_size: u64,
    /// How many bytes of its disk are kept free for decisions, but at most a quarter of the disk.
    pub reserve: u64,
    /// Whether records are copied to standard output.
    pub stdout: bool,
    /// The syslog server that gets copies of records.
    pub syslog: Option<SyslogTarget>,
}

/// When a record counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk. The service sends a token only after that.
    Fsync,
    /// When the writer has taken it over. A crash may lose the last records.
    Buffered,
}

impl AuditConfig {
    const MAX_FILE_SIZE: Size = Size(256 << 20);
    const RESERVE: Size = Size(64 << 20);
    const LEAST_FILE_SIZE: Size = Size(64 << 10);

    /// The trail in this folder, with the default of everything else.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            durability: Durability::Fsync,
            max_file_size: Self::MAX_FILE_SIZE.0,
            reserve: Self::RESERVE.0,
            stdout: false,
            syslog: None,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let path = reader.required("audit.path", |text| {
            Ok::<_, Infallible>(PathBuf::from(text))
        });
        let durability = reader.or("audit.durability", Durability::Fsync, |text| match text {
            "fsync" => Ok(Durability::Fsync),
            "buffered" => Ok(Durability::Buffered),
            _ => Err("must be \"fsync\" or \"buffered\""),
        });
        let size = reader.or("audit.max_file_size", Self::MAX_FILE_SIZE, |text| {
            let size: Size = text.parse()?;
            if size < Self::LEAST_FILE_SIZE {
                return Err("must be 64KiB or more");
            }
            Ok(size)
        });
        let reserve = reader.or("audit.reserve", Self::RESERVE, str::parse::<Size>);
        let stdout = reader.or("audit.stdout", false, flag);
        let syslog = reader.optional("audit.syslog", str::parse);
        Some(Self {
            path: reader.absolute("audit.path", Path::new(&path?)),
            durability: durability?,
            max_file_size: size?.0,
            reserve: reserve?.0,
            stdout: stdout?,
            syslog: syslog?,
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
