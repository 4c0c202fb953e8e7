//! Why the trail can't be opened, written or read.

use std::io;
use std::path::PathBuf;

/// A trail that can't be opened, written or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The system refused an operation, mostly because the disk is full.
    #[error("the audit trail {}: {message}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// Another process writes the chain. Two writers would tangle it.
    #[error("the audit trail in {} is being written by another process; give each replica an audit.path of its own", .0.display())]
    Locked(PathBuf),
    /// The last line of the file is not a record.
    #[error("the last line of the audit trail {} is not a record; move the file away to start a new trail", .0.display())]
    Corrupt(PathBuf),
    /// The audit key could not sign a checkpoint.
    #[error("the audit trail's checkpoint: {0}")]
    Unsigned(String),
    /// The writer's thread has ended.
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
