//! The audit trail: one JSON line for each decision, with its true reason and without secrets. Each
//! line holds the hash of the line before. At intervals, a checkpoint signs all lines before it.
//!
//! [`crate::issuer`] decides what is recorded. This module writes the records to the disk, reports
//! whether they are there, and verifies later that they are unaltered. A folder holds two chains
//! ([`Chain`]). Each chain is a sequence of files.

mod absent;
mod chain;
mod changes;
mod copies;
mod error;
mod file;
mod files;
mod gap;
mod hash;
mod journal;
mod lines;
mod mark;
mod opening;
mod place;
mod record;
mod room;
#[cfg(test)]
mod scratch;
mod tail;
mod trail;
mod verify;

pub use absent::Absence;
pub use chain::{Head, Waiting};
pub use changes::{ChangeWriter, Changes};
pub use copies::Copies;
pub use error::AuditError;
pub use files::Chain;
pub use gap::{Gap, Wrong};
pub use hash::Hash;
pub use journal::Settings;
pub use lines::{Line, LinePlace, Lines};
pub use mark::Mark;
pub use place::{Known, KnownTrail, Place};
pub use record::{Actor, Event, Record, Refused};
pub use room::Scarcity;
pub use tail::Tail;
pub use trail::Trail;
pub use verify::{Break, Broken, Verified, verify};
