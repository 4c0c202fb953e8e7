//! The audit trail: one JSON line a decision, appended to a file, with its true reason and with nothing secret in it.
//!
//! What is worth a record is [`crate::issuer`]'s decision; this module gets it to the disk and says whether it is there.

mod error;
mod file;
mod record;
mod trail;

pub use error::AuditError;
pub use record::{Event, Record};
pub use trail::Trail;
