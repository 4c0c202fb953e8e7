//! The service on the wire: the generated [`crate::api::Api`] carried out, and the two listeners.
//!
//! Translates only. What a request may have, [`crate::issuer`] decides; how a request is read, the
//! generated code and its run time do. Owned here: how the vendor's operations become the issuer's
//! questions, and its answers the document's replies.

mod credential;
mod dialect;
mod document;
mod front_door;
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod listen;
mod load;
mod metrics;
mod ops;
mod origin;
mod reference;
mod reply;
mod server;
mod service;
mod watch;

pub use document::Document;
pub use front_door::{DescriptorError, FrontDoorError, TlsFileError, check_tls_files};
pub use listen::ListenError;
pub use origin::{GatewaySecretError, check_gateway_secret};
pub use server::{Addresses, ServeError, Server, StopSignal};
pub use service::{Service, api};
