//! The writer: one thread that takes the records of all requests, so that one fsync serves all
//! requests that wait for it.

#[cfg(test)]
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::journal::Journal;
use super::{AuditError, Chain, Copies, Event, Gap, Head, Known, Place, Record, Settings};
use crate::config::Durability;

/// A handle to the audit trail's writer. Cloning costs a reference count. The writer ends when the
/// last clone is dropped.
#[derive(Debug, Clone)]
pub struct Trail {
    sender: mpsc::Sender<Entry>,
    durability: Durability,
    place: Arc<Place>,
    state: Arc<Mutex<State>>,
    copies: Option<Arc<Copies>>,
}

/// What the writer reports.
#[derive(Debug, Default)]
struct State {
    fault: Option<AuditError>,
    head: Option<Head>,
    gaps: Vec<Gap>,
}

/// Work for the writer, and where to report that it is done.
#[derive(Debug)]
struct Entry {
    at: Timestamp,
    work: Work,
    written: Option<oneshot::Sender<Result<(), AuditError>>>,
}

type Told = oneshot::Receiver<Result<(), AuditError>>;

#[derive(Debug)]
// Nearly all work is a record, so a box would cost every token an allocation.
#[allow(clippy::large_enum_variant)]
enum Work {
    Write(Record),
    /// Do nothing. This is done when all work before it is done.
    Flush,
    Checkpoint,
    /// Check that the files are as they were left.
    Look,
}

impl Trail {
    /// How many records may wait for the writer. When the queue is full, requests wait for the
    /// disk.
    const QUEUE: usize = 4096;
    /// How long to wait for the chain's lock, while another process is stopping.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// The most records that are written together.
    const BATCH: usize = 1024;
    /// How long the writer lets records gather. A wake-up and a write cost about as much as ten
    /// records, and an fsync about as much as a hundred. With `Fsync`, the writer waits this long
    /// at most, and only while records keep coming.
    const GATHERING: Duration = Duration::from_millis(2);
    /// Records keep coming if another one came within this time.
    const PAUSE: Duration = Duration::from_micros(100);

    /// Opens the chain of decisions and starts its writer. `known` is what the store knows of
    /// trails. If the files are not as they were left, a new trail begins, and its first record
    /// says so. The writer sends what it writes to `copies`.
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

    /// Writes a record, and returns when it counts as written: when it is on the disk, or with
    /// [`Durability::Buffered`] when the writer has taken it over.
    ///
    /// The future may be dropped at any moment, as a request's future is when the caller hangs up.
    /// The record is then written whole or not at all, and other requests are not affected.
    ///
    /// # Errors
    /// [`AuditError`]: the record isn't written, so the caller must not do what it says.
    pub fn write(&self, record: Record) -> impl Future<Output = Result<(), AuditError>> {
        let (entry, told) = match self.durability {
            Durability::Fsync => Entry::waited(record.time, Work::Write(record)),
            Durability::Buffered => (Entry::unwaited(record), None),
        };
        self.send(entry, told)
    }

    /// Writes a record of something that happens anyway, such as a refusal, without waiting for the
    /// disk. If it can't be written, a later record says how many are missing.
    pub async fn note(&self, record: Record) {
        // This fails only if the writer has ended, as it does with the service.
        let _gone = self.send(Entry::unwaited(record), None).await;
    }

    /// Returns when all records before are written. After a fault, this makes the writer try again.
    /// Without it, the trail would never recover: the service isn't ready while the trail has a
    /// fault, so no request would cause a write.
    ///
    /// # Errors
    /// [`AuditError`]: they can't be written.
    pub async fn flush(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, Work::Flush).await
    }

    /// Signs what is unsigned. Returns when the signature and all records before are written.
    ///
    /// # Errors
    /// [`AuditError`]: the signature can't be written.
    pub async fn checkpoint(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, Work::Checkpoint).await
    }

    /// Checks that the files are as they were left: not removed, not cut, and not replaced. If they
    /// are not, a new trail begins.
    ///
    /// # Errors
    /// [`AuditError`]: the files can't be checked, or the new trail can't be written.
    pub async fn look(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, Work::Look).await
    }

    /// Where it is written.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The end of the trail. All records up to it are written.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        lock(&self.state).head.clone()
    }

    /// What was found instead of the trail that was left, since this trail was opened.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        lock(&self.state).gaps.clone()
    }

    /// The last write's fault, until a write succeeds.
    #[must_use]
    pub fn fault(&self) -> Option<AuditError> {
        lock(&self.state).fault.clone()
    }

    /// The copies for collectors, if any are configured.
    #[must_use]
    pub fn copies(&self) -> Option<&Arc<Copies>> {
        self.copies.as_ref()
    }

    /// Whether the service does nothing before the record of it is on the disk.
    #[must_use]
    pub fn is_binding(&self) -> bool {
        self.durability == Durability::Fsync
    }

    /// A trail whose writer has ended.
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

    /// A trail whose writer never takes any work.
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
        let (entry, told) = Entry::waited(at, work);
        self.send(entry, told).await
    }

    /// Hands an entry over: at once if there is room, so that no future carries the entry, and each
    /// future around it copies it. Then waits until `told` that the entry is written.
    fn send(
        &self,
        entry: Entry,
        told: Option<Told>,
    ) -> impl Future<Output = Result<(), AuditError>> {
        let room = match self.sender.try_send(entry) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(entry)) => Ok(Some(Box::pin(self.sender.send(entry)))),
            Err(TrySendError::Closed(_)) => Err(AuditError::Stopped),
        };
        async move {
            if let Some(sending) = room? {
                sending.await.map_err(|_| AuditError::Stopped)?;
            }
            match told {
                Some(told) => told.await.unwrap_or(Err(AuditError::Stopped)),
                None => Ok(()),
            }
        }
    }
}

impl Entry {
    /// With what tells that it is done.
    fn waited(at: Timestamp, work: Work) -> (Self, Option<Told>) {
        let (written, told) = oneshot::channel();
        let entry = Self {
            at,
            work,
            written: Some(written),
        };
        (entry, Some(told))
    }

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
    /// How many records that no request waits for could not be written, since the last successful
    /// write.
    lost: u64,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(Trail::BATCH);
        let mut lines = Vec::with_capacity(64 * 1024);
        let mut expected = 0;
        while self.receiver.blocking_recv_many(&mut batch, Trail::BATCH) > 0 {
            if self.durable && expected > 1 {
                self.gather(&mut batch, expected);
            }
            // Slower down than up, or one small batch would make all that follow small.
            expected = batch.len().max(expected - expected.div_ceil(8));
            self.write(&mut batch, &mut lines);
            if !self.durable {
                thread::sleep(Trail::GATHERING);
            }
        }
    }

    /// Waits for more records while they keep coming, up to as many as are `expected`: the requests
    /// that waited for the last fsync are followed by as many others. Without this, the first
    /// request of many would have an fsync of its own, and all others would wait for that one and
    /// their own.
    fn gather(&mut self, batch: &mut Vec<Entry>, expected: usize) {
        let end = Instant::now() + Trail::GATHERING;
        let mut length = 0;
        while length < batch.len() && batch.len() < expected && Instant::now() < end {
            length = batch.len();
            thread::sleep(Trail::PAUSE);
            batch.extend(std::iter::from_fn(|| self.receiver.try_recv().ok()));
        }
    }

    /// Writes a batch, and reports the result to all requests that wait. `lines` is a buffer to use
    /// again.
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
                // The request may have ended; its record stays.
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
