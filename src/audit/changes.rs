//! What administrators change, for commands: opened for one change, and closed after it.

use std::time::Duration;

use super::journal::Journal;
use super::{AuditError, Chain, Head, Record, Settings};

/// The way to the chain of changes. Methods block on the disk.
#[derive(Debug, Clone)]
pub struct Changes {
    settings: Settings,
}

/// The chain, held for one change. Who changes something else meanwhile waits, so that the chain has the order in which things
/// changed.
#[derive(Debug)]
pub struct ChangeWriter {
    journal: Journal,
}

impl Changes {
    /// A change is a transaction of the store.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// In the folder of these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Opens the chain, before the change is made: one that could not be recorded isn't made.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn open(&self) -> Result<ChangeWriter, AuditError> {
        let journal = Journal::open(Chain::Changes, self.settings.clone(), Self::PATIENCE)?;
        Ok(ChangeWriter { journal })
    }
}

impl ChangeWriter {
    /// Puts the changes on the disk, under a checkpoint. Gives the chain's end, unless there were none.
    ///
    /// # Errors
    /// [`AuditError`]
    pub fn write(mut self, records: &[Record]) -> Result<Option<Head>, AuditError> {
        let at = records.last().map(|record| record.time);
        self.journal
            .append(records.iter(), at, true, &mut Vec::new())?;
        Ok(self.journal.pinned().cloned())
    }
}
