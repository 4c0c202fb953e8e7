//! The chain: every line holds the SHA-256 of the line before. A checkpoint holds a signature as
//! well.
//!
//! The hash is that of the line as it stands in the file, without its line feed, so that
//! `sha256sum` gives the same. A checkpoint's signature is its last member, and covers the line
//! without this member. In the first line of a trail, the hash is all zeros.

use std::io::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::lines::LONGEST_LINE;
use super::{AuditError, Event, Hash, Record};
use crate::keys::AuditKey;

/// The end of a chain: what its next line continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The trail's id.
    pub trail: Arc<str>,
    /// The number of the last line; 0 before the first.
    pub sequence: u64,
    /// The last line's hash.
    pub hash: Hash,
}

/// A record of the outbox.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// Its number in the store. Records of the same change share one number.
    pub number: i64,
    /// The record, a JSON object.
    pub json: &'a str,
}

/// What a line says of its place in the chain.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Link<'a> {
    pub trail: &'a str,
    pub seq: u64,
    pub prev: Hash,
    pub event: &'a str,
    /// The id of the key that signed a checkpoint.
    pub kid: Option<&'a str>,
}

impl Head {
    /// How many lines the writer writes at most without a checkpoint. A signature costs about as
    /// much as ten lines.
    pub(super) const CHECKPOINT_EVERY: usize = 1000;
    /// The verifier's limit of lines without a checkpoint. It is higher, as older releases wrote
    /// more lines at once without a checkpoint.
    pub(super) const UNSIGNED_AT_MOST: u64 = 4 * Self::CHECKPOINT_EVERY as u64;

    /// The head of a new trail.
    #[must_use]
    pub fn new() -> Self {
        Self::before(1)
    }

    /// The head of a new trail whose first record has this number.
    pub(super) fn before(first: u64) -> Self {
        let (id, _) = Uuid::new_v4().as_u64_pair();
        Self {
            trail: format!("{id:016x}").into(),
            sequence: first.saturating_sub(1),
            hash: Hash::NONE,
        }
    }

    /// Whether the trail has a record. The store learns of a trail before its first record.
    #[must_use]
    pub fn has_records(&self) -> bool {
        self.hash != Hash::NONE
    }

    /// The end of a chain whose last line is `line`. `None` if `line` is not a line of a chain.
    pub(super) fn after(line: &[u8]) -> Option<Self> {
        let link = Link::read(line)?;
        Some(Self {
            trail: link.trail.into(),
            sequence: link.seq,
            hash: Hash::of(line),
        })
    }

    /// Writes the record's line.
    pub(super) fn append(&mut self, record: &Record, lines: &mut Vec<u8>) {
        let start = self.begin(record, lines);
        self.end(start, lines);
    }

    /// Writes the line of a record of the store's outbox, with its number there. Returns false, and
    /// writes nothing, if it isn't a record. An attacker who can write to the database can put
    /// anything there, and must not keep other records from being written.
    pub(super) fn append_waiting(&mut self, number: i64, json: &str, lines: &mut Vec<u8>) -> bool {
        let start = lines.len();
        let (trail, seq, prev) = (&self.trail, self.sequence + 1, self.hash);
        let end = Waiting { number, json }.in_line();
        let line = format!("{{\"trail\":\"{trail}\",\"seq\":{seq},\"prev\":\"{prev}\",{end}");
        // A line that has a member twice isn't a record either.
        let is_record = Link::read(line.as_bytes()).is_some_and(|link| !link.is_checkpoint());
        if !is_record || line.contains('\n') || line.len() as u64 >= LONGEST_LINE {
            return false;
        }
        lines.extend_from_slice(line.as_bytes());
        self.end(start, lines);
        true
    }

    /// Writes the line of a checkpoint. Its signature proves that all lines before it are
    /// unaltered.
    pub(super) fn append_checkpoint(
        &mut self,
        at: Timestamp,
        key: &AuditKey,
        lines: &mut Vec<u8>,
    ) -> Result<(), AuditError> {
        let kid = key.id().clone();
        let start = self.begin(&Record::of(at, Event::Checkpoint { kid }), lines);
        let signature = match key.sign(&lines[start..]) {
            Ok(signature) => signature,
            Err(error) => {
                lines.truncate(start);
                return Err(AuditError::Unsigned(error.to_string()));
            }
        };
        lines.truncate(lines.len() - CLOSE.len());
        lines.extend_from_slice(SIGNATURE);
        lines.extend_from_slice(signature.as_bytes());
        lines.extend_from_slice(SIGNATURE_END);
        self.end(start, lines);
        Ok(())
    }

    /// Writes the members that say where a line stands, and then the record's own members. Returns
    /// where the line begins. A structure with the record flattened into it would be slower: serde
    /// then handles each member twice.
    fn begin(&self, record: &Record, lines: &mut Vec<u8>) -> usize {
        let start = lines.len();
        let (trail, seq, prev) = (&self.trail, self.sequence + 1, self.hash);
        write!(
            lines,
            "{{\"trail\":\"{trail}\",\"seq\":{seq},\"prev\":\"{prev}\""
        )
        .expect("a Vec takes every byte");
        let record_start = lines.len();
        serde_json::to_writer(&mut *lines, record)
            .expect("a record is strings and numbers, and a Vec takes every byte");
        lines[record_start] = b',';
        start
    }

    fn end(&mut self, start: usize, lines: &mut Vec<u8>) {
        self.sequence += 1;
        self.hash = Hash::of(&lines[start..]);
        lines.push(b'\n');
    }
}

impl Default for Head {
    fn default() -> Self {
        Self::new()
    }
}

const CLOSE: &[u8] = b"}";
const SIGNATURE: &[u8] = b",\"signature\":\"";
const SIGNATURE_END: &[u8] = b"\"}";

/// What a checkpoint's signature covers, and the signature.
pub(super) fn signed(line: &[u8]) -> Option<(Vec<u8>, &str)> {
    let at = line
        .windows(SIGNATURE.len())
        .rposition(|window| window == SIGNATURE)?;
    let signature = line[at + SIGNATURE.len()..].strip_suffix(SIGNATURE_END)?;
    let covered = [&line[..at], CLOSE].concat();
    Some((covered, std::str::from_utf8(signature).ok()?))
}

impl<'a> Link<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    pub(super) fn is_checkpoint(&self) -> bool {
        self.event == Event::CHECKPOINT
    }
}

impl Waiting<'_> {
    /// The end of its line, from its number on.
    pub(super) fn in_line(&self) -> String {
        let members = self.json.strip_prefix('{').unwrap_or_default();
        format!("{CHANGE}{},{members}", self.number)
    }
}

/// How the member with the number of a change begins.
pub(super) const CHANGE: &str = "\"change\":";
