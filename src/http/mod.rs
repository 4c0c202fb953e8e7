//! The service on the wire: the generated [`crate::api::Api`] carried out, on its chassis.
//!
//! Translates only. What a request may have, [`crate::issuer`] decides; how a request is read, the
//! generated code and its run time do. Owned here: how the vendor's operations become the issuer's
//! questions, and its answers the document's replies. Connections, callers and the operators'
//! listener are [`dropshot_chassis`]'s.

mod context;
mod credential;
mod dialect;
mod document;
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod origin;
mod reply;
mod running;
mod service;
mod watch;

pub use context::Context;
pub use document::Document;
pub use running::{Running, start};
pub use service::api;
