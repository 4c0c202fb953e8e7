//! The chain: every line holds the SHA-256 of the line before. A checkpoint holds a signature as
//! well.
//!
//! The hash is that of the line as it stands in the file, without its line feed, so that
//! `sha256sum` gives the same. A checkpoint's signature is its last member, and covers the line
//! without this member. In the first line of a trail, the hash is all zeros.

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::lines::LONGEST_LINE;
use super::{AuditError, Event, Record, Waiting};
use crate::keys::AuditKey;

/// A SHA-256 hash, always written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

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

impl Hash {
    /// The hash in place of a line before the first.
    pub(super) const NONE: Self = Self([0; 32]);

    pub(super) fn of(line: &[u8]) -> Self {
        let mut hash = Self::NONE;
        hash.0.copy_from_slice(digest(&SHA256, line).as_ref());
        hash
    }

    fn hex(self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.hex()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    /// Accepts lower case only. If a hash had two spellings, a line could be altered without a
    /// difference in meaning.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a hash has 64 hexadecimal digits";
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(WRONG),
        };
        let mut hash = Self::NONE;
        if text.len() != 64 {
            return Err(WRONG);
        }
        for (byte, pair) in hash.0.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(hash)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex = self.hex();
        serializer.serialize_str(std::str::from_utf8(&hex).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
