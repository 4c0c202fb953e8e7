//! The service on the wire: implements the generated [`crate::api::Api`], on the chassis.
//!
//! This layer only translates: the vendor's operations become questions to the issuer, and its
//! answers become the document's replies. [`crate::issuer`] decides what a request gets. The
//! generated code and its run time read requests. Connections, callers and the operators' listener
//! belong to [`dropshot_chassis`].

mod asker;
mod context;
mod dialect;
mod document;
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod reply;
mod service;
mod watch;

pub use context::Context;
pub use document::Document;
pub use service::{Running, api, start};
