//! Verifies that a chain is as it was written. Reads it once, with two of its lines in memory, and
//! stops at the first line that is wrong.

mod diagnosis;
mod trails;

use std::fmt;
use std::path::Path;

use super::chain::{Head, Link, signed};
use super::hash::Hash;
use super::lines::{Line, LinePlace, Lines};
use super::{AuditError, Chain, Event, Known};
use crate::keys::StoredAuditKey;

/// A chain that is as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The trail's id. `None` if the chain has no line.
    pub trail: Option<String>,
    /// The number of its first record in the folder. Not 1 if earlier files were removed.
    pub first: u64,
    /// The number of its last record.
    pub last: u64,
    /// How many of its records are checkpoints.
    pub checkpoints: u64,
    /// How many records follow the last checkpoint. Nothing proves that none of these was altered
    /// or is missing.
    pub unsigned: u64,
    /// Whether it follows a trail that was not as it was left. Its first record says what was
    /// wrong.
    pub is_sequel: bool,
    /// Whether half a line follows. A process is writing it, or died while writing it.
    pub is_torn: bool,
}

/// The first place where a chain isn't as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub place: LinePlace,
    /// The number of the record that is wrong.
    pub sequence: u64,
    /// What happened.
    pub what: Break,
}

/// What happened to a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// The record is not as it was written.
    Altered,
    /// Records are missing before the line, from [`Broken::sequence`] to `last`.
    Removed {
        /// The number of the last missing record.
        last: u64,
    },
    /// The writer did not write the line there.
    Inserted,
    /// The record stands where another should.
    Reordered {
        /// The other's number.
        expected: u64,
    },
    /// The trail ends with this record, but went on before.
    Truncated {
        /// The number of the last checkpoint that the store knows.
        known: u64,
    },
    /// The checkpoint is not the one that the store knows: the trail up to it was written anew.
    Rewritten,
    /// The checkpoint's signature is not its key's signature of this line.
    BadSignature,
    /// The checkpoint is signed by a key that the store doesn't know.
    UnknownKey {
        /// The key's id.
        kid: String,
    },
    /// Too many records follow each other without a checkpoint: checkpoints were removed.
    Unsigned,
    /// The store doesn't know the trail, and none of the store's keys signed it.
    Foreign,
}

/// Verifies one chain of a folder: each of its trails, in order. There is more than one if a writer
/// found a trail that was not as it was left, and began a new one. What the new trail's first
/// record says of the trail before counts as known.
///
/// # Errors
/// [`AuditError::Io`]: the chain can't be read.
pub fn verify(
    chain: Chain,
    folder: &Path,
    known: &Known,
) -> Result<Vec<Result<Verified, Broken>>, AuditError> {
    let mut known = known.clone();
    let trails = trails::of(chain, folder, &mut known)?;
    let check = |files| Walk::new(&known).through(Lines::in_files(files));
    trails.into_iter().map(check).collect()
}

/// A walk along a chain, line by line.
struct Walk<'a> {
    known: &'a Known,
    head: Option<Head>,
    /// The end of this trail that the store knows.
    pinned: Option<&'a Head>,
    /// Where the last good line stands.
    last: Option<LinePlace>,
    so_far: Verified,
}

/// Why a line is wrong, by itself or after the line before.
enum Fault<'a> {
    /// The store knows another line with its number, which is this one.
    Unknown(&'a Head),
    /// It doesn't continue the line before.
    Link,
    /// It continues the line before, but something else is wrong.
    Here(Break),
}

impl<'a> Walk<'a> {
    /// The most lines without a checkpoint.
    const UNSIGNED: u64 = Head::UNSIGNED_AT_MOST;

    fn new(known: &'a Known) -> Self {
        Self {
            known,
            head: None,
            pinned: None,
            last: None,
            so_far: Verified {
                trail: None,
                first: 1,
                last: 0,
                checkpoints: 0,
                unsigned: 0,
                is_sequel: false,
                is_torn: false,
            },
        }
    }

    fn through(mut self, mut lines: Lines) -> Result<Result<Verified, Broken>, AuditError> {
        let mut bytes = Vec::with_capacity(1024);
        while let Some(line) = lines.read(&mut bytes)? {
            let fault = match self.take(&line, &bytes) {
                Ok(()) => {
                    self.last = Some(line.place);
                    continue;
                }
                Err(fault) => fault,
            };
            let broken = match fault {
                Fault::Unknown(known) => Broken {
                    sequence: known.sequence,
                    place: line.place,
                    what: if diagnosis::comes_later(known, lines)? {
                        Break::Inserted
                    } else {
                        Break::Rewritten
                    },
                },
                Fault::Here(what) => Broken {
                    sequence: self.so_far.last + 1,
                    place: line.place,
                    what,
                },
                Fault::Link => {
                    let broken = self.diagnose(&line, &bytes, lines)?;
                    let Some(broken) = broken else {
                        // The line is half a line, and nothing follows it.
                        self.so_far.is_torn = true;
                        break;
                    };
                    broken
                }
            };
            return Ok(Err(broken));
        }
        Ok(self.end())
    }

    fn take(&mut self, line: &Line, bytes: &[u8]) -> Result<(), Fault<'a>> {
        let link = Link::read(bytes).filter(|_| line.is_whole);
        let link = link.ok_or(Fault::Link)?;
        let head = self.head.get_or_insert_with(|| Head {
            trail: link.trail.into(),
            sequence: line.first.saturating_sub(1),
            // If earlier files were removed, the hash of their last line isn't known.
            hash: if line.first == 1 {
                Hash::NONE
            } else {
                link.prev
            },
        });
        if self.so_far.trail.is_none() {
            self.so_far.trail = Some(head.trail.as_ref().into());
            self.so_far.first = line.first;
            self.so_far.is_sequel = link.event == Event::BEGAN;
            self.so_far.last = head.sequence;
            self.pinned = self.known.trail(&head.trail).map(|known| &known.head);
        }
        if *link.trail != *head.trail || link.seq != head.sequence + 1 || link.prev != head.hash {
            return Err(Fault::Link);
        }
        let hash = Hash::of(bytes);
        let known = self.pinned.filter(|known| known.sequence == link.seq);
        if let Some(known) = known.filter(|known| known.hash != hash) {
            return Err(Fault::Unknown(known));
        }
        if link.is_checkpoint() {
            check_signature(&link, bytes, &self.known.keys).map_err(Fault::Here)?;
            self.so_far.checkpoints += 1;
            self.so_far.unsigned = 0;
        } else {
            self.so_far.unsigned += 1;
        }
        if self.so_far.unsigned > Self::UNSIGNED {
            return Err(Fault::Here(Break::Unsigned));
        }
        head.sequence = link.seq;
        head.hash = hash;
        self.so_far.last = link.seq;
        Ok(())
    }

    fn end(self) -> Result<Verified, Broken> {
        if let (None, Some(place), 0) = (self.pinned, &self.last, self.so_far.checkpoints)
            && self.known.says_who_writes()
        {
            return Err(Broken {
                place: place.clone(),
                sequence: self.so_far.last,
                what: Break::Foreign,
            });
        }
        match (self.pinned, self.last) {
            (Some(known), Some(place)) if known.sequence > self.so_far.last => Err(Broken {
                place,
                sequence: self.so_far.last,
                what: Break::Truncated {
                    known: known.sequence,
                },
            }),
            _ => Ok(self.so_far),
        }
    }
}

fn check_signature(link: &Link<'_>, line: &[u8], keys: &[StoredAuditKey]) -> Result<(), Break> {
    let kid = link.kid.unwrap_or_default();
    let Some(key) = keys.iter().find(|key| key.id == kid) else {
        return Err(Break::UnknownKey { kid: kid.into() });
    };
    let is_good =
        signed(line).is_some_and(|(covered, signature)| key.has_signed(&covered, signature));
    if is_good {
        Ok(())
    } else {
        Err(Break::BadSignature)
    }
}

impl Break {
    /// Its name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Removed { .. } => "removed",
            Self::Inserted => "inserted",
            Self::Reordered { .. } => "reordered",
            Self::Truncated { .. } => "truncated",
            Self::Rewritten => "rewritten",
            Self::BadSignature => "bad_signature",
            Self::UnknownKey { .. } => "unknown_key",
            Self::Unsigned => "unsigned",
            Self::Foreign => "foreign",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, sequence) = (&self.place, self.sequence);
        match &self.what {
            Break::Altered => write!(f, "{place}: record {sequence} was altered"),
            Break::Removed { last } if *last == sequence => {
                write!(f, "{place}: record {sequence} was removed before this line")
            }
            Break::Removed { last } => write!(
                f,
                "{place}: records {sequence} to {last} were removed before this line"
            ),
            Break::Inserted => write!(f, "{place}: a record was inserted, numbered {sequence}"),
            Break::Reordered { expected } => write!(
                f,
                "{place}: reordered: record {sequence} stands where record {expected} should"
            ),
            Break::Truncated { known } => write!(
                f,
                "{place}: truncated: the trail ends with record {sequence}, and the store knows of record {known}"
            ),
            Break::Rewritten => write!(
                f,
                "{place}: record {sequence} is not the checkpoint that the store knows: the trail was written anew"
            ),
            Break::BadSignature => write!(
                f,
                "{place}: the signature of checkpoint {sequence} is not good: it, or the record, was altered"
            ),
            Break::UnknownKey { kid } => write!(
                f,
                "{place}: checkpoint {sequence} is signed by a key that the store does not know: {kid}"
            ),
            Break::Unsigned => write!(
                f,
                "{place}: {} records and no checkpoint up to record {sequence}: checkpoints were removed",
                Walk::UNSIGNED
            ),
            Break::Foreign => write!(
                f,
                "{place}: the trail that ends with record {sequence} is none that the store knows"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
