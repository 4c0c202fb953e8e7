//! The audit trail: one JSON line a decision, with its true reason and with nothing secret in it,
//! each bound to the line before by its hash, and every so often signed.
//!
//! What is worth a record is [`crate::issuer`]'s decision; this module gets it to the disk, says
//! whether it is there, and finds out later whether it still is as it was. A folder holds two
//! chains ([`Chain`]), each in files that follow one another.

mod absent;
mod chain;
mod changes;
mod copies;
mod error;
mod file;
mod files;
mod gap;
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
pub use chain::{Hash, Head};
pub use changes::{ChangeWriter, Changes, Waiting};
pub use copies::Copies;
pub use error::AuditError;
pub use files::Chain;
pub use gap::{Gap, Wrong};
pub use journal::Settings;
pub use lines::{Line, LinePlace, Lines};
pub use mark::Mark;
pub use place::{Known, KnownTrail, Place};
pub use record::{Actor, Event, Record, Refused};
pub use room::Scarcity;
pub use tail::Tail;
pub use trail::Trail;
pub use verify::{Break, Broken, Verified, verify};
