//! What can go wrong with the trail.

use std::io;
use std::path::PathBuf;

/// A trail that can't be opened, written or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The system said no: a full disk, mostly.
    #[error("the audit trail {}: {message}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// Two writers would tangle the chain.
    #[error("the audit trail in {} is being written by another process; give each replica an audit.path of its own", .0.display())]
    Locked(PathBuf),
    /// Not a trail.
    #[error("the last line of the audit trail {} is not a record; move the file away to start a new trail", .0.display())]
    Corrupt(PathBuf),
    /// A checkpoint that could not be made.
    #[error("the audit trail's checkpoint: {0}")]
    Unsigned(String),
    /// The writer is gone.
    #[error("the audit trail's writer has stopped")]
    Stopped,
}

impl AuditError {
    pub(super) fn io(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::Io {
            path: path.into(),
            message: error.to_string(),
        }
    }
}
