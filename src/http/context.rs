//! What the handlers of the API work with.

use std::sync::Arc;

use super::document::{self, Document};
use crate::api::types;
use crate::config::Config;
use crate::issuer::Issuer;

/// The state that the handlers of the API work with.
#[derive(Debug)]
pub struct Context {
    pub(super) issuer: Arc<Issuer>,
    pub(super) document: Document,
    pub(super) metadata: types::AuthorizationServerMetadata,
}

impl Context {
    pub(super) fn new(config: &Config, issuer: Arc<Issuer>) -> Self {
        Self {
            document: Document::served(issuer.name()),
            metadata: document::metadata(
                issuer.name(),
                config.knows_certificates(),
                &config.policy,
            ),
            issuer,
        }
    }
}
