//! The writer of a chain. It knows the chain's end and the current file, and decides when to sign
//! and when to begin the next file.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::chain::Head;
use super::file::TrailFile;
use super::files::sync_folder;
use super::mark::Mark;
use super::opening::{self, Opening};
use super::{AuditError, Chain, Event, Gap, Known, Place, Record, Wrong};
use crate::keys::AuditKey;

/// How chains are written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Their folder. It is made if it doesn't exist.
    pub folder: PathBuf,
    /// The file beside which the marks stand. `None`: the marks are in the folder.
    pub beside: Option<PathBuf>,
    /// The size in bytes at which one file ends and the next one begins.
    pub max_file_size: u64,
    /// The key that signs checkpoints.
    pub key: Arc<AuditKey>,
}

/// An open chain. Its lock keeps other writers away.
#[derive(Debug)]
pub(super) struct Journal {
    place: Place,
    settings: Settings,
    known: Known,
    file: TrailFile,
    head: Head,
    mark: Mark,
    mark_path: PathBuf,
    /// What was found instead of the trail before, until a record of it is written.
    gap: Option<Gap>,
    /// All gaps that were found since the chain was opened.
    gaps: Vec<Gap>,
    /// Lines since the last checkpoint.
    unsigned: usize,
    lock: File,
}

impl Journal {
    /// The most gaps that are remembered.
    const GAPS: usize = 1000;

    /// Opens the chain, or begins it if there is none. `known` is what the store knows of trails.
    pub(super) fn open(
        chain: Chain,
        settings: Settings,
        known: Known,
        patience: Duration,
    ) -> Result<Self, AuditError> {
        let lock = chain.lock(&settings.folder, patience)?;
        let place = Place::here(chain, &settings.folder);
        let mark_path = Mark::path(chain, &settings.folder, settings.beside.as_deref());
        let end = Mark::read(&mark_path);
        let opening = opening::look(&place, &known, end.as_ref())?;
        let (head, file, unsigned, gap) = Self::begin(&place, opening)?;
        Ok(Self {
            place,
            settings,
            known,
            file,
            head,
            mark: Mark::open(&mark_path),
            mark_path,
            gaps: gap.iter().cloned().collect(),
            gap,
            unsigned,
            lock,
        })
    }

    fn begin(
        place: &Place,
        opening: Opening,
    ) -> Result<(Head, TrailFile, usize, Option<Gap>), AuditError> {
        let folder = &place.path;
        let (head, file, unsigned, gap) = match opening {
            // How many lines are unsigned isn't known, so a checkpoint follows the next record.
            Opening::GoOn {
                head,
                file,
                is_signed,
            } => {
                let unsigned = if is_signed { 0 } else { Head::CHECKPOINT_EVERY };
                (head, file, unsigned, None)
            }
            Opening::Anew { first, gap } => {
                let path = folder.join(place.chain.file_name(first));
                (
                    Head::before(first),
                    TrailFile::open(path, None)?.0,
                    0,
                    Some(gap),
                )
            }
        };
        if file.length() == 0 {
            sync_folder(folder).map_err(|error| AuditError::io(folder, &error))?;
        }
        Ok((head, file, unsigned, gap))
    }

    /// Appends all the records, or none. Adds a checkpoint where one is due, and with `pin` if any
    /// line is unsigned. `lines` is a buffer to use again. Afterwards, it holds what was written.
    pub(super) fn append<'a>(
        &mut self,
        records: impl Iterator<Item = &'a Record>,
        pin: Option<Timestamp>,
        durable: bool,
        lines: &mut Vec<u8>,
    ) -> Result<(), AuditError> {
        self.append_all(records.map(Entry::Record), pin, durable, lines)
    }

    /// The same as [`Self::append`], also for records of the store's outbox.
    pub(super) fn append_all<'a>(
        &mut self,
        records: impl Iterator<Item = Entry<'a>>,
        pin: Option<Timestamp>,
        durable: bool,
        lines: &mut Vec<u8>,
    ) -> Result<(), AuditError> {
        if !self.file.is_whole() {
            self.look_again()?;
        }
        lines.clear();
        let mut records = records.peekable();
        let mut at = records.peek().map(Entry::at).or(pin);
        let began = at.and_then(|at| Some(Record::of(at, self.gap.as_ref()?.event())));
        let mut writing = Writing {
            head: self.head.clone(),
            unsigned: self.unsigned,
            key: &self.settings.key,
            lines,
        };
        if let Some(began) = &began {
            writing.add(&Entry::Record(began))?;
        }
        for record in records {
            at = Some(record.at());
            writing.add(&record)?;
        }
        let length = self.file.length() + writing.lines.len() as u64;
        let is_full = length >= self.settings.max_file_size;
        if let Some(at) = pin.or(at.filter(|_| is_full)) {
            writing.sign(at)?;
        }
        let Writing { head, unsigned, .. } = writing;
        if lines.is_empty() {
            return Ok(());
        }
        self.file.append(lines, durable)?;
        self.head = head;
        self.unsigned = unsigned;
        self.gap = None;
        self.mark.set(&self.head);
        if is_full {
            self.begin_next_file();
        }
        Ok(())
    }

    /// Checks that the files are as they were left. If they are not, a new trail begins, at this
    /// time.
    pub(super) fn look(
        &mut self,
        at: Timestamp,
        durable: bool,
        lines: &mut Vec<u8>,
    ) -> Result<(), AuditError> {
        if self.file.is_whole() && self.file.is_in_its_place() {
            return Ok(());
        }
        self.look_again()?;
        let pin = self.gap.is_some().then_some(at);
        self.append([].iter(), pin, durable, lines)
    }

    /// Looks at the folder again, and opens the file that is there now.
    fn look_again(&mut self) -> Result<(), AuditError> {
        // The folder may have been replaced by another one, which has its own lock.
        self.lock = self
            .place
            .chain
            .lock_again(&self.settings.folder, &self.lock)?;
        let end = match &self.gap {
            Some(gap) => gap.known.clone(),
            None => self.head.has_records().then(|| self.head.clone()),
        };
        let mut opening = opening::look(&self.place, &self.known, end.as_ref())?;
        if let (Opening::GoOn { head, .. }, Some(end)) = (&opening, end)
            && *head != end
        {
            // No other process writes here, so another end means that the trail was altered.
            opening = Opening::Anew {
                first: opening::after(head.sequence),
                gap: Gap {
                    chain: self.place.chain,
                    folder: self.place.path.clone(),
                    what: Wrong::Rewritten,
                    known: Some(end),
                    found: Some(head.clone()),
                },
            };
        }
        let (head, file, unsigned, gap) = Self::begin(&self.place, opening)?;
        self.mark = Mark::open(&self.mark_path);
        if self.gaps.len() < Self::GAPS {
            self.gaps.extend(gap.clone());
        }
        (self.head, self.file, self.unsigned, self.gap) = (head, file, unsigned, gap);
        Ok(())
    }

    /// Where it is written.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The end of the chain. All lines up to it are written.
    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// What was found instead of the trail that was left, each time that a new one had to begin.
    pub(super) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Takes the gaps out, so that they are reported once.
    pub(super) fn take_gaps(&mut self) -> Vec<Gap> {
        std::mem::take(&mut self.gaps)
    }

    /// Begins the next file. If that fails, the current file goes on to grow, and the next append
    /// tries again.
    fn begin_next_file(&mut self) {
        let name = self.place.chain.file_name(self.head.sequence + 1);
        let folder = &self.settings.folder;
        if let Ok((next, _)) = TrailFile::open(folder.join(name), Some(self.file.path()))
            && sync_folder(folder).is_ok()
        {
            self.file = next;
        }
    }

    #[cfg(test)]
    pub(super) fn file(&mut self) -> &mut TrailFile {
        &mut self.file
    }
}

/// A record that becomes a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry<'a> {
    Record(&'a Record),
    /// A record of the store's outbox, with its number there.
    Waiting {
        number: i64,
        json: &'a str,
        at: Timestamp,
    },
}

impl Entry<'_> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Record(record) => record.time,
            Self::Waiting { at, .. } => *at,
        }
    }
}

/// Lines that are about to be written to a file.
struct Writing<'a> {
    head: Head,
    unsigned: usize,
    key: &'a AuditKey,
    lines: &'a mut Vec<u8>,
}

impl Writing<'_> {
    /// Adds a record, and a checkpoint if one is due after it.
    fn add(&mut self, record: &Entry<'_>) -> Result<(), AuditError> {
        match *record {
            Entry::Record(record) => self.head.append(record, self.lines),
            Entry::Waiting { number, json, at } => {
                if !self.head.append_waiting(number, json, self.lines) {
                    let unreadable = Event::Unreadable { change: number };
                    self.head.append(&Record::of(at, unreadable), self.lines);
                }
            }
        }
        self.unsigned += 1;
        if self.unsigned >= Head::CHECKPOINT_EVERY {
            self.sign(record.at())?;
        }
        Ok(())
    }

    /// Adds a checkpoint, if anything is unsigned.
    fn sign(&mut self, at: Timestamp) -> Result<(), AuditError> {
        if self.unsigned > 0 {
            self.head.append_checkpoint(at, self.key, self.lines)?;
            self.unsigned = 0;
        }
        Ok(())
    }
}
