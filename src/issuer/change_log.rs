//! The record of what administrators, commands and the key schedule change.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::status::stored_head;
use crate::audit::{Actor, AuditError, ChangeWriter, Changes, Event, Record, Settings};
use crate::keys::PublishedKey;
use crate::store::Store;

/// In characters.
const LONGEST_REASON: usize = 1000;

/// Where changes are recorded.
#[derive(Debug, Clone)]
pub struct ChangeLog {
    changes: Changes,
    store: Arc<dyn Store>,
}

/// The log, held open for one change: taken before it is made, so that one that can't be recorded isn't made.
#[derive(Debug)]
pub(super) struct ChangeRecord<'a> {
    log: &'a ChangeLog,
    writer: ChangeWriter,
}

/// A change without a record.
#[derive(Debug, thiserror::Error)]
pub enum ChangeLogError {
    /// So it wasn't made.
    #[error("{0}; nothing was changed, as it could not have been recorded")]
    Unrecordable(AuditError),
    /// And it was made.
    #[error("the change was made, and could not be recorded: {0}")]
    Unrecorded(AuditError),
}

impl ChangeLog {
    pub(super) fn new(settings: Settings, store: Arc<dyn Store>) -> Self {
        Self {
            changes: Changes::new(settings),
            store,
        }
    }

    /// To be called before the change.
    pub(super) async fn open(&self) -> Result<ChangeRecord<'_>, ChangeLogError> {
        let changes = self.changes.clone();
        let writer = blocking(move || changes.open()).await;
        Ok(ChangeRecord {
            log: self,
            writer: writer.map_err(ChangeLogError::Unrecordable)?,
        })
    }
}

impl ChangeRecord<'_> {
    /// To be called after the change. When it is dropped instead, nothing has happened.
    pub(super) async fn write(
        self,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<(), ChangeLogError> {
        let Self { log, writer } = self;
        let actor = Actor::here();
        let record = |event| Record {
            actor: actor.clone(),
            ..Record::of(now, event)
        };
        let records: Vec<Record> = events.into_iter().map(record).collect();
        let written = blocking(move || writer.write(&records)).await;
        if let Some(head) = written.map_err(ChangeLogError::Unrecorded)? {
            // Without it, only an end that is cut off could go unnoticed, until the next change.
            let _not_noted = log.store.note_audit_head(&stored_head(&head, now)).await;
        }
        Ok(())
    }
}

/// That a key is not what it was.
pub(super) fn key_changed(key: PublishedKey) -> Event {
    // A line of the trail isn't as long as a command's arguments may be.
    let reason = key.revocation_reason.as_deref();
    let reason = reason.map(|reason| reason.chars().take(LONGEST_REASON).collect::<String>());
    Event::KeyChanged {
        key_id: key.kid.into(),
        algorithm: key.alg,
        state: key.state.as_str(),
        signs_from: key.signs_from,
        signs_until: key.signs_until,
        published_until: key.published_until,
        kept_in: key.kept_in,
        reason: reason.map(Into::into),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, AuditError> {
    // Only a shutdown of the runtime ends the task early.
    spawn_blocking(work)
        .await
        .unwrap_or(Err(AuditError::Stopped))
}
