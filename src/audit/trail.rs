//! The writer: one thread that takes records from all requests, so that one fsync serves all that
//! wait for it.

#[cfg(test)]
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::journal::Journal;
use super::{AuditError, Chain, Copies, Event, Gap, Head, Known, Place, Record, Settings};
use crate::config::Durability;

/// The way into the audit trail. Cloning costs a reference count; the writer ends when the last
/// clone is gone.
#[derive(Debug, Clone)]
pub struct Trail {
    sender: mpsc::Sender<Entry>,
    durability: Durability,
    place: Arc<Place>,
    state: Arc<Mutex<State>>,
    copies: Option<Arc<Copies>>,
}

/// What the writer tells.
#[derive(Debug, Default)]
struct State {
    fault: Option<AuditError>,
    head: Option<Head>,
    gaps: Vec<Gap>,
}

/// What goes to the writer, and whom to tell that it is done.
#[derive(Debug)]
struct Entry {
    at: Timestamp,
    work: Work,
    written: Option<oneshot::Sender<Result<(), AuditError>>>,
}

#[derive(Debug)]
// Nearly all work is a record: a box for it would cost every token an allocation.
#[allow(clippy::large_enum_variant)]
enum Work {
    Write(Record),
    /// Nothing, so that it is done when all before it is.
    Flush,
    Checkpoint,
    /// Whether the files are as they were left.
    Look,
}

impl Trail {
    /// Room for records on their way. When it is used up, requests wait for the disk.
    const QUEUE: usize = 4096;
    /// How long to wait for the end of a process that is stopping.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// Records written together at most.
    const BATCH: usize = 1024;
    /// How long the writer lets records gather. A wake-up and a write cost as much as some ten
    /// records, and an fsync as much as some hundred. With `Fsync`, this is the longest time, and
    /// only while records keep coming.
    const GATHERING: Duration = Duration::from_millis(2);
    /// Records keep coming if another one came within this time.
    const PAUSE: Duration = Duration::from_micros(100);

    /// Opens the chain of decisions and starts its writer. `known` is what the store knows of
    /// trails: where the files are not as they were left, a new trail begins, and its first record
    /// says so. `copies` get what is written.
    ///
    /// # Errors
    /// [`AuditError`]: a file can't be made, or belongs to another process.
    pub fn open(
        settings: Settings,
        known: Known,
        durability: Durability,
        copies: Option<Copies>,
    ) -> Result<Self, AuditError> {
        let folder = settings.folder.clone();
        let journal = Journal::open(Chain::Decisions, settings, known, Self::PATIENCE)?;
        let (sender, receiver) = mpsc::channel(Self::QUEUE);
        let place = Arc::new(journal.place().clone());
        let state = Arc::new(Mutex::new(State {
            fault: None,
            head: Some(journal.head().clone()),
            gaps: journal.gaps().to_vec(),
        }));
        let copies = copies.map(Arc::new);
        let writer = Writer {
            journal,
            copies: copies.clone(),
            receiver,
            durable: durability == Durability::Fsync,
            state: Arc::clone(&state),
            lost: 0,
        };
        thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run())
            .map_err(|error| AuditError::io(folder, &error))?;
        Ok(Self {
            sender,
            durability,
            place,
            state,
            copies,
        })
    }

    /// Writes a record and returns when it counts as written: on the disk, or with
    /// [`Durability::Buffered`] on its way.
    ///
    /// The future may be dropped at any moment, as a request's is when its caller hangs up: the
    /// record is then written whole or not at all, and other requests don't notice.
    ///
    /// # Errors
    /// [`AuditError`]: the record isn't there, so what it says must not happen.
    pub async fn write(&self, record: Record) -> Result<(), AuditError> {
        match self.durability {
            Durability::Fsync => self.send_and_wait(record.time, Work::Write(record)).await,
            Durability::Buffered => self.send(Entry::unwaited(record)).await,
        }
    }

    /// Writes a record of something that happens anyway, such as a refusal, without waiting for the
    /// disk. When it can't be written, the trail says later how many are missing.
    pub async fn note(&self, record: Record) {
        // The only error is a writer that is gone, and with it the service.
        let _gone = self.send(Entry::unwaited(record)).await;
    }

    /// Returns when all records before are written. After a fault, tries again: a trail that nobody
    /// writes to, because the service isn't ready without it, would never recover.
    ///
    /// # Errors
    /// [`AuditError`] when they can't be.
    pub async fn flush(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, Work::Flush).await
    }

    /// Signs what is unsigned. Returns when that, and all before, is written.
    ///
    /// # Errors
    /// [`AuditError`] when it can't be.
    pub async fn checkpoint(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, Work::Checkpoint).await
    }

    /// Looks whether the files are as they were left: neither removed nor cut, and still those of
    /// their names. If not, a new trail begins.
    ///
    /// # Errors
    /// [`AuditError`] when it can't.
    pub async fn look(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, Work::Look).await
    }

    /// Where it is written.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The end of the trail, up to which all is written.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        lock(&self.state).head.clone()
    }

    /// What was found instead of the trail that was left, since this one was opened.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        lock(&self.state).gaps.clone()
    }

    /// The last write's fault, until a write succeeds.
    #[must_use]
    pub fn fault(&self) -> Option<AuditError> {
        lock(&self.state).fault.clone()
    }

    /// What copies records to collectors, if there are some.
    #[must_use]
    pub fn copies(&self) -> Option<&Arc<Copies>> {
        self.copies.as_ref()
    }

    /// Whether nothing happens without its record.
    #[must_use]
    pub fn is_binding(&self) -> bool {
        self.durability == Durability::Fsync
    }

    /// A trail whose writer is gone.
    #[cfg(test)]
    pub(crate) fn stopped() -> Self {
        let (sender, _) = mpsc::channel(1);
        Self {
            sender,
            durability: Durability::Fsync,
            place: Arc::new(Place::here(Chain::Decisions, Path::new("."))),
            state: Arc::default(),
            copies: None,
        }
    }

    /// A trail whose writer doesn't get on.
    #[cfg(test)]
    pub(crate) fn stuck() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        std::mem::forget(receiver);
        Self {
            sender,
            durability: Durability::Fsync,
            place: Arc::new(Place::here(Chain::Decisions, Path::new("."))),
            state: Arc::default(),
            copies: None,
        }
    }

    async fn send_and_wait(&self, at: Timestamp, work: Work) -> Result<(), AuditError> {
        let (written, told) = oneshot::channel();
        let entry = Entry {
            at,
            work,
            written: Some(written),
        };
        self.send(entry).await?;
        told.await.unwrap_or(Err(AuditError::Stopped))
    }

    async fn send(&self, entry: Entry) -> Result<(), AuditError> {
        self.sender
            .send(entry)
            .await
            .map_err(|_| AuditError::Stopped)
    }
}

impl Entry {
    fn unwaited(record: Record) -> Self {
        Self {
            at: record.time,
            work: Work::Write(record),
            written: None,
        }
    }

    fn record(&self) -> Option<&Record> {
        match &self.work {
            Work::Write(record) => Some(record),
            Work::Flush | Work::Checkpoint | Work::Look => None,
        }
    }
}

struct Writer {
    journal: Journal,
    copies: Option<Arc<Copies>>,
    receiver: mpsc::Receiver<Entry>,
    durable: bool,
    state: Arc<Mutex<State>>,
    /// Records that nobody waits for and that could not be written, since the last that could.
    lost: u64,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(Trail::BATCH);
        let mut lines = Vec::with_capacity(64 * 1024);
        let mut before = 0;
        while self.receiver.blocking_recv_many(&mut batch, Trail::BATCH) > 0 {
            if self.durable && before > 1 {
                self.gather(&mut batch);
            }
            before = batch.len();
            self.write(&mut batch, &mut lines);
            if !self.durable {
                thread::sleep(Trail::GATHERING);
            }
        }
    }

    /// Waits for more records while they keep coming. Without it, the first request of many would
    /// have an fsync of its own, and all others would wait for that one and their own.
    fn gather(&mut self, batch: &mut Vec<Entry>) {
        let end = Instant::now() + Trail::GATHERING;
        let mut length = 0;
        while length < batch.len() && batch.len() < Trail::BATCH && Instant::now() < end {
            length = batch.len();
            thread::sleep(Trail::PAUSE);
            batch.extend(std::iter::from_fn(|| self.receiver.try_recv().ok()));
        }
    }

    /// Writes a batch and tells all who wait. `lines` is a buffer to use again.
    fn write(&mut self, batch: &mut Vec<Entry>, lines: &mut Vec<u8>) {
        let result = self.append(batch, lines);
        {
            let mut state = lock(&self.state);
            state.fault = result.clone().err();
            state.head = Some(self.journal.head().clone());
            if state.gaps.len() < self.journal.gaps().len() {
                state.gaps = self.journal.gaps().to_vec();
            }
        }
        for entry in batch.drain(..) {
            let is_lost = result.is_err() && entry.record().is_some();
            match entry.written {
                // The request may be gone; its record stays.
                Some(written) => drop(written.send(result.clone())),
                None if is_lost => self.lost += 1,
                None => {}
            }
        }
    }

    fn append(&mut self, batch: &[Entry], lines: &mut Vec<u8>) -> Result<(), AuditError> {
        let resumed = batch
            .first()
            .filter(|_| lock(&self.state).fault.is_some())
            .map(|first| Record::of(first.at, Event::Resumed { lost: self.lost }));
        let records = resumed.iter().chain(batch.iter().filter_map(Entry::record));
        let pin = batch
            .iter()
            .find(|entry| matches!(entry.work, Work::Checkpoint))
            .map(|entry| entry.at);
        let look = batch
            .iter()
            .find(|entry| matches!(entry.work, Work::Look))
            .map(|entry| entry.at);
        if let Some(at) = look {
            self.journal.look(at, self.durable, lines)?;
        }
        self.journal.append(records, pin, self.durable, lines)?;
        if let Some(copies) = &self.copies
            && !lines.is_empty()
        {
            copies.send(lines);
        }
        self.lost = 0;
        Ok(())
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
