//! The writer: one thread that takes records from all requests, so that one fsync serves all that wait for it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::file::TrailFile;
use super::record::Line;
use super::{AuditError, Event, Record};
use crate::config::Durability;

/// The way into the audit trail. Cloning costs a reference count; the writer ends when the last clone is gone.
#[derive(Debug, Clone)]
pub struct Trail {
    sender: mpsc::Sender<Entry>,
    durability: Durability,
    fault: Arc<Mutex<Option<AuditError>>>,
}

/// What goes to the writer: a record, and whom to tell that it is written. Without a record, a request to be told when all
/// before it is.
#[derive(Debug)]
struct Entry {
    at: Timestamp,
    record: Option<Record>,
    written: Option<oneshot::Sender<Result<(), AuditError>>>,
}

impl Trail {
    /// Room for records on their way. When it is used up, requests wait for the disk.
    const QUEUE: usize = 4096;
    /// Records written together at most.
    const BATCH: usize = 1024;

    /// Opens the trail in `folder` and starts its writer.
    ///
    /// # Errors
    /// [`AuditError`]: the file can't be made, is no trail, or belongs to another process.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, AuditError> {
        let file = TrailFile::open(folder)?;
        let (sender, receiver) = mpsc::channel(Self::QUEUE);
        let fault = Arc::new(Mutex::new(None));
        let writer = Writer {
            file,
            receiver,
            durable: durability == Durability::Fsync,
            fault: fault.clone(),
            lost: 0,
        };
        thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run())
            .map_err(|error| AuditError::io(folder, &error))?;
        Ok(Self {
            sender,
            durability,
            fault,
        })
    }

    /// Writes a record and returns when it counts as written: on the disk, or with [`Durability::Buffered`] on its way.
    ///
    /// The future may be dropped at any moment, as a request's is when its caller hangs up: the record is then written
    /// whole or not at all, and other requests don't notice.
    ///
    /// # Errors
    /// [`AuditError`]: the record isn't there, so what it says must not happen.
    pub async fn write(&self, record: Record) -> Result<(), AuditError> {
        match self.durability {
            Durability::Fsync => self.send_and_wait(record.time, Some(record)).await,
            Durability::Buffered => self.send(Entry::unwaited(record)).await,
        }
    }

    /// Writes a record of something that happens anyway, such as a refusal, without waiting for the disk. When it can't be
    /// written, the trail says later how many are missing.
    pub async fn note(&self, record: Record) {
        // The only error is a writer that is gone, and with it the service.
        let _gone = self.send(Entry::unwaited(record)).await;
    }

    /// Returns when all records before are written. After a fault, tries again: a trail that nobody writes to, because the
    /// service isn't ready without it, would never recover.
    ///
    /// # Errors
    /// [`AuditError`] when they can't be.
    pub async fn flush(&self, now: Timestamp) -> Result<(), AuditError> {
        self.send_and_wait(now, None).await
    }

    /// The last write's fault, until a write succeeds.
    #[must_use]
    pub fn fault(&self) -> Option<AuditError> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
            fault: Arc::default(),
        }
    }

    async fn send_and_wait(&self, at: Timestamp, record: Option<Record>) -> Result<(), AuditError> {
        let (written, told) = oneshot::channel();
        let entry = Entry {
            at,
            record,
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
            record: Some(record),
            written: None,
        }
    }
}

struct Writer {
    file: TrailFile,
    receiver: mpsc::Receiver<Entry>,
    durable: bool,
    fault: Arc<Mutex<Option<AuditError>>>,
    /// Records that nobody waits for and that could not be written, since the last that could.
    lost: u64,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(Trail::BATCH);
        let mut lines = Vec::with_capacity(64 * 1024);
        while self.receiver.blocking_recv_many(&mut batch, Trail::BATCH) > 0 {
            self.write(&mut batch, &mut lines);
        }
    }

    /// Writes a batch and tells all who wait. `lines` is a buffer to use again.
    fn write(&mut self, batch: &mut Vec<Entry>, lines: &mut Vec<u8>) {
        lines.clear();
        let result = self.append(batch, lines);
        *self.fault() = result.clone().err();
        for entry in batch.drain(..) {
            match entry.written {
                // The request may be gone; its record stays.
                Some(written) => drop(written.send(result.clone())),
                None if result.is_err() && entry.record.is_some() => self.lost += 1,
                None => {}
            }
        }
    }

    fn append(&mut self, batch: &[Entry], lines: &mut Vec<u8>) -> Result<(), AuditError> {
        let resumed = batch
            .first()
            .filter(|_| self.fault().is_some())
            .map(|first| Record {
                time: first.at,
                source: None,
                correlation_id: None,
                event: Event::Resumed { lost: self.lost },
            });
        let mut seq = self.file.last_seq;
        for record in resumed
            .iter()
            .chain(batch.iter().filter_map(|entry| entry.record.as_ref()))
        {
            seq += 1;
            serde_json::to_writer(&mut *lines, &Line { seq, record })
                .expect("a record is strings and numbers, and a Vec takes every byte");
            lines.push(b'\n');
        }
        if !lines.is_empty() {
            self.file.append(lines, self.durable)?;
            self.file.last_seq = seq;
            self.lost = 0;
        }
        Ok(())
    }

    fn fault(&self) -> MutexGuard<'_, Option<AuditError>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
