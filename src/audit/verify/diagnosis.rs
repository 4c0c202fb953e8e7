//! Finds out what happened at a line that doesn't continue the chain: from that line, the line
//! before, and the lines after.

use super::super::chain::{Head, Link};
use super::super::hash::Hash;
use super::super::lines::{Line, LinePlace, Lines};
use super::{AuditError, Break, Broken, Walk, check_signature};

/// What the lines after tell.
#[derive(Default)]
struct After {
    /// The line right after.
    next: Option<Next>,
    /// Whether there is any line.
    any: bool,
    /// Whether the expected line is one of them, unaltered.
    expected: bool,
    /// Whether another line has this line's number.
    twin: bool,
}

#[derive(Clone, Copy)]
struct Next {
    seq: u64,
    prev: Hash,
}

impl Walk<'_> {
    /// `None` if the line is the last and has no end: a process may still be writing it.
    pub(super) fn diagnose(
        &self,
        line: &Line,
        bytes: &[u8],
        rest: Lines,
    ) -> Result<Option<Broken>, AuditError> {
        let head = self.head.clone().unwrap_or_else(|| Head {
            sequence: line.first.saturating_sub(1),
            hash: Hash::NONE,
            ..Head::new()
        });
        let read = Link::read(bytes);
        let link = read.filter(|link| *link.trail == *head.trail);
        // Only the first line says which trail it is. If the second line names another trail,
        // either line may be the right one.
        let is_second = self.last.is_some() && self.so_far.last == self.so_far.first;
        let trail = match read {
            _ if self.last.is_none() => None,
            Some(link) if is_second => Some(link.trail),
            _ => Some(&*head.trail),
        };
        let after = After::read(rest, &head, trail, link.map(|link| link.seq))?;
        if !line.is_whole && !after.any {
            return Ok(None);
        }
        let expected = head.sequence + 1;
        let goes_on = after.next.map(|next| next.prev == Hash::of(bytes));
        let here = |what| Broken {
            place: line.place.clone(),
            sequence: link.map_or(expected, |link| link.seq),
            what,
        };
        if let (Some(second), None, Some(true)) = (read, link, goes_on)
            && is_second
        {
            let is_forged = second.seq == head.sequence;
            let what = if is_forged {
                Break::Inserted
            } else {
                Break::Altered
            };
            return Ok(Some(self.before(&here(what))));
        }
        let Some(link) = link else {
            return Ok(Some(match after.expected {
                true => here(Break::Inserted),
                false => here(Break::Altered),
            }));
        };
        let altered = Broken {
            sequence: expected,
            ..here(Break::Altered)
        };
        let removed = Broken {
            sequence: expected,
            ..here(Break::Removed {
                last: link.seq.saturating_sub(1),
            })
        };
        let before = |what| self.before(&here(what));
        let is_continued =
            goes_on.or_else(|| link.is_checkpoint().then(|| self.is_signed(&link, bytes)));
        Ok(Some(if after.expected {
            // The right line comes later, so this one doesn't belong here.
            if after.twin || link.seq < expected {
                here(Break::Inserted)
            } else {
                here(Break::Reordered { expected })
            }
        } else if link.prev == head.hash {
            // The line follows the right line, but has a wrong number.
            let follows = after.next.is_some_and(|next| next.seq == link.seq + 1);
            if follows && link.seq > expected {
                removed
            } else {
                altered
            }
        } else if link.seq > expected {
            removed
        } else if link.seq == expected {
            // Either this line or the line before was altered. The chain goes on from the other
            // one.
            if is_continued.unwrap_or(true) {
                before(Break::Altered)
            } else {
                altered
            }
        } else if link.seq == head.sequence && is_continued == Some(true) {
            // Two lines have the same number, and the chain goes on from this one.
            before(Break::Inserted)
        } else if after.next.is_some_and(|next| next.seq == expected + 1) {
            altered
        } else {
            here(Break::Inserted)
        }))
    }

    /// The same finding, but about the line before, if there is one.
    fn before(&self, here: &Broken) -> Broken {
        let place: &LinePlace = self.last.as_ref().unwrap_or(&here.place);
        Broken {
            place: place.clone(),
            sequence: self.so_far.last,
            what: here.what.clone(),
        }
    }

    fn is_signed(&self, link: &Link<'_>, bytes: &[u8]) -> bool {
        check_signature(link, bytes, &self.known.keys).is_ok()
    }
}

/// Whether the known line comes later.
pub(super) fn comes_later(known: &Head, mut rest: Lines) -> Result<bool, AuditError> {
    let mut bytes = Vec::with_capacity(1024);
    while rest.read(&mut bytes)?.is_some() {
        if Hash::of(&bytes) == known.hash {
            return Ok(true);
        }
    }
    Ok(false)
}

impl After {
    /// Reads the lines of `trail`, or of any trail.
    fn read(
        mut rest: Lines,
        head: &Head,
        trail: Option<&str>,
        seq: Option<u64>,
    ) -> Result<Self, AuditError> {
        let mut after = Self::default();
        let mut bytes = Vec::with_capacity(1024);
        while rest.read(&mut bytes)?.is_some() {
            let is_of_it = |link: &Link<'_>| trail.is_none_or(|trail| link.trail == trail);
            let link = Link::read(&bytes).filter(is_of_it);
            if !after.any {
                after.next = link.map(|link| Next {
                    seq: link.seq,
                    prev: link.prev,
                });
            }
            after.any = true;
            if let Some(link) = link {
                after.expected |= link.seq == head.sequence + 1 && link.prev == head.hash;
                after.twin |= Some(link.seq) == seq;
            }
        }
        Ok(after)
    }
}
