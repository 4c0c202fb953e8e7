//! Records what administrators, commands and the key schedule change.
//!
//! The store gets the record with the change, in one transaction. From there it goes to the chain
//! of changes. The process that made the change writes it there. If that process died, or its
//! configuration names another folder than that of the store's trails, a service does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::trails::{known_trails, stored_head};
use super::witness::Witness;
use crate::audit::{
    Actor, AuditError, ChangeWriter, Changes, Event, Known, Record, Settings, Waiting,
};
use crate::keys::PublishedKey;
use crate::store::{ChangeRecords, Store, StoreError, WaitingRecords};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;
/// After this time, any process may write the records that another trail's writer left in the
/// store.
const LEFT_AFTER: Duration = Duration::from_secs(60);

/// The place where changes are recorded.
#[derive(Debug, Clone)]
pub struct ChangeLog {
    changes: Changes,
    store: Arc<dyn Store>,
    gaps: Arc<Mutex<Vec<String>>>,
    fault: Arc<Mutex<Option<String>>>,
    warnings: Arc<Mutex<Vec<String>>>,
    witness: Witness,
}

/// The log, held open for one change. It is opened before the change, so that a change that can't
/// be recorded isn't made.
#[derive(Debug)]
pub(crate) struct ChangeRecord<'a> {
    log: &'a ChangeLog,
    /// `None` if the store's trails are in another folder.
    writer: Option<ChangeWriter>,
}

/// A change that isn't made because it could not have been recorded.
#[derive(Debug, thiserror::Error)]
pub enum ChangeLogError {
    /// The trail can't be opened.
    #[error("{0}; nothing was changed, as it could not have been recorded")]
    Unrecordable(AuditError),
    /// What the store knows of trails can't be read.
    #[error("{0}; nothing was changed, as it could not have been recorded")]
    Unknown(#[from] StoreError),
}

impl ChangeLog {
    pub(crate) fn new(settings: Settings, store: Arc<dyn Store>, witness: Witness) -> Self {
        Self {
            changes: Changes::new(settings),
            store,
            gaps: Arc::default(),
            fault: Arc::default(),
            warnings: Arc::default(),
            witness,
        }
    }

    /// Opens the log. Call this before the change.
    pub(crate) async fn open(&self) -> Result<ChangeRecord<'_>, ChangeLogError> {
        let known = known_trails(&*self.store).await?;
        if let Some(warning) = self.strange_folder(&known) {
            self.warn(warning);
            return Ok(ChangeRecord {
                log: self,
                writer: None,
            });
        }
        let changes = self.changes.clone();
        let writer = blocking(move || changes.open(known)).await;
        let writer = writer.map_err(ChangeLogError::Unrecordable)?;
        Ok(ChangeRecord {
            log: self,
            writer: Some(writer),
        })
    }

    /// What the operator of this process should learn, since the last call.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        let mut told = std::mem::take(&mut *lock(&self.warnings));
        told.extend(self.gaps());
        told
    }

    /// What was found instead of the chain that was left, for each time that a new chain had to
    /// begin.
    pub(crate) fn gaps(&self) -> Vec<String> {
        lock(&self.gaps).clone()
    }

    /// Why the last look after the chain failed. `None` if it succeeded.
    pub(crate) fn fault(&self) -> Option<String> {
        lock(&self.fault).clone()
    }

    /// Looks after the chain, once in a while: writes the records that commands left in the store,
    /// and finds out whether the chain is still as it was left. If a command is writing, does
    /// nothing until the next time.
    pub(crate) async fn follow(&self, now: Timestamp) {
        // Readiness tells elsewhere of a store that can't be read.
        let Ok(Some(known)) = self.has_work().await else {
            return;
        };
        let changes = self.changes.clone();
        let writer = blocking(move || changes.try_open(known)).await;
        let done = match writer {
            Ok(Some(writer)) => self.drain(writer, now).await,
            Ok(None) => return,
            Err(error) => Err(error.to_string()),
        };
        if done.is_ok() {
            self.changes.note_right();
        }
        *lock(&self.fault) = done.err();
    }

    /// What the store knows of trails. `None` if there is nothing to do.
    async fn has_work(&self) -> Result<Option<Known>, StoreError> {
        let store = &self.store;
        if store.is_read_only() {
            return Ok(None);
        }
        let is_waiting = store.has_waiting_records().await?;
        let changes = self.changes.clone();
        let is_touched = blocking(move || Ok(changes.is_touched())).await;
        if !is_waiting && !is_touched.unwrap_or(true) {
            return Ok(None);
        }
        let known = known_trails(&**store).await?;
        let is_expected = is_waiting || self.changes.is_expected(&known);
        if !is_expected || self.strange_folder(&known).is_some() {
            self.changes.note_right();
            return Ok(None);
        }
        Ok(Some(known))
    }

    /// Says why this store's changes do not go to the configured folder. `None` if they do. An
    /// environment variable on one command line must not lead a change past the trail that the
    /// store's administrators look at.
    fn strange_folder(&self, known: &Known) -> Option<String> {
        let here = self.changes.place();
        let places = || known.trails.iter().filter_map(|it| it.place.as_ref());
        let on_this_host = || places().filter(|place| place.host == here.host);
        if on_this_host().any(|place| place.path == here.path) || known.is_in(&here.path) {
            return None;
        }
        let there = on_this_host().next_back()?;
        Some(format!(
            "audit.path is {}, and the audit trails of this store are in {} (user {} wrote there last): changes are recorded in the \
             store, and a service writes them to its trail",
            here.path.display(),
            there.path.display(),
            there.uid
        ))
    }

    async fn drain(&self, mut writer: ChangeWriter, now: Timestamp) -> Result<(), String> {
        let left_before = now.checked_sub(LEFT_AFTER).unwrap_or(Timestamp::MIN);
        loop {
            let trail = writer.head().trail.clone();
            let taken = self.store.take_waiting_records(&trail, left_before).await;
            let taken = taken.map_err(|error| error.to_string())?;
            if taken.is_empty() && writer.gaps().is_empty() {
                return Ok(());
            }
            let work = move || {
                let lines = taken.iter().flat_map(waiting);
                writer.write(&lines.collect::<Vec<_>>(), now)?;
                Ok((writer, taken))
            };
            let (written, taken) = blocking(work).await.map_err(|error| error.to_string())?;
            writer = written;
            let gaps = writer.take_gaps();
            lock(&self.gaps).extend(gaps.iter().map(ToString::to_string));
            let head = stored_head(writer.head(), writer.place(), now);
            let noted = self.store.note_written_records(&taken, &head).await;
            noted.map_err(|error| error.to_string())?;
            if taken.is_empty() {
                return Ok(());
            }
        }
    }

    fn warn(&self, warning: String) {
        let mut warnings = lock(&self.warnings);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

impl ChangeRecord<'_> {
    /// The store for the change that these events describe. It writes both in one transaction.
    pub(crate) fn store(&self, events: Vec<Event>, now: Timestamp) -> Arc<dyn Store> {
        let head = self.writer.as_ref().map(ChangeWriter::head);
        let trail = head.map(|head| head.trail.as_ref().into());
        self.log.store.recording(records(trail, events, now))
    }

    /// Moves the record to the trail. Call this after the change. To drop this instead has no
    /// effect.
    pub(crate) async fn done(self, now: Timestamp) {
        if let Some(writer) = self.writer
            && let Err(error) = self.log.drain(writer, now).await
        {
            self.log.warn(format!(
                "the change is recorded in the store, and not yet in the audit trail, which a service or the next command sees to: {error}"
            ));
        }
        // A running service notes the version as well.
        if let Ok(version) = self.log.store.version().await {
            let _not_noted = self.log.witness.note(version);
        }
    }
}

/// Leaves the record of a change to the store as a whole in that store. The next service or command
/// that writes the trail adds the record to it.
///
/// # Errors
/// [`StoreError`].
pub async fn leave_record(
    store: &dyn Store,
    event: Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    store.leave_records(records(None, vec![event], now)).await
}

fn records(trail: Option<String>, events: Vec<Event>, now: Timestamp) -> ChangeRecords {
    let actor = Actor::here();
    let line = |event| {
        let record = Record {
            actor: actor.clone(),
            ..Record::of(now, event)
        };
        serde_json::to_string(&record).expect("a record is strings and numbers")
    };
    ChangeRecords {
        trail,
        lines: events.into_iter().map(line).collect(),
        at: now,
    }
}

/// The event of a changed key. `from` has the fields that changed, as they were before.
pub(crate) fn key_changed(key: PublishedKey, from: Option<Value>) -> Event {
    // A command's arguments may be longer than a line of the trail.
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
        from,
    }
}

fn waiting(records: &WaitingRecords) -> impl Iterator<Item = Waiting<'_>> {
    let lines = records.lines.iter();
    lines.map(|json| Waiting {
        number: records.number,
        json,
    })
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, AuditError> {
    // Only a shutdown of the runtime ends the task early.
    spawn_blocking(work)
        .await
        .unwrap_or(Err(AuditError::Stopped))
}
