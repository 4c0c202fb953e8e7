//! The service on the wire: the generated [`crate::api::Api`] carried out, and the two listeners.
//!
//! Translates only. What a request may have, [`crate::issuer`] decides; how a request is read, the generated code and its run
//! time do. Owned here: how the vendor's operations become the issuer's questions, and its answers the document's replies.

mod dialect;
mod document;
mod handlers;
mod listen;
mod methods;
mod ops;
mod origin;
mod reply;
mod server;
mod watch;

use std::sync::Arc;

pub use document::Document;
pub use listen::ListenError;
pub use server::{Addresses, ServeError, Server, stop_signal};

use crate::api::types;
use crate::issuer::Issuer;

/// What the handlers of the API work with.
#[derive(Debug)]
pub(crate) struct Service {
    issuer: Arc<Issuer>,
    document: Document,
    metadata: types::AuthorizationServerMetadata,
}

impl Service {
    fn new(issuer: Arc<Issuer>) -> Self {
        let document = Document::served(issuer.name());
        let metadata = document::metadata(issuer.name());
        Self {
            issuer,
            document,
            metadata,
        }
    }
}
