//! The API as Dropshot serves it: the document's operations below the issuer's path, and what they
//! work with.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dropshot::ApiDescription;
use dropshot_contract::{Admit, Options};

use super::front_door::{Peers, Watchman};
use super::handlers::Handlers;
use super::load::Load;
use super::origin::{Entrance, GatewaySecretError};
use super::{Document, ServeError, document};
use crate::api::{self as generated, types};
use crate::config::{Config, IssuerUrl};
use crate::issuer::Issuer;

/// A token request is a few hundred bytes, and a token not much more; nothing larger is read.
const BODY_BYTES: usize = 16 * 1024;
/// How long its body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// What the handlers of the API work with.
#[derive(Debug)]
pub struct Service {
    pub(super) issuer: Arc<Issuer>,
    pub(super) document: Document,
    pub(super) metadata: types::AuthorizationServerMetadata,
    pub(super) entrance: Arc<Entrance>,
    pub(super) load: Arc<Load>,
    /// Who sees to connections that callers have to the HTTP server itself.
    pub(super) watchman: Option<Arc<Watchman>>,
    /// Whether the service is ending, so that no new caller should be sent to it.
    pub(super) draining: Arc<AtomicBool>,
}

/// The API by itself, for whoever has a Dropshot server of their own. Its callers are who connects
/// to that server, or whom the configured gateway speaks for.
///
/// # Errors
/// [`ServeError`]: the operations can't be served together.
pub fn api(
    config: &Config,
    issuer: Arc<Issuer>,
) -> Result<(ApiDescription<Service>, Service), ServeError> {
    let service = Service::new(config, issuer, None)?;
    Ok((service.description(&config.issuer)?, service))
}

impl Service {
    /// `peers` are those of the front door, if there is one.
    ///
    /// # Errors
    /// [`GatewaySecretError`]
    pub(super) fn new(
        config: &Config,
        issuer: Arc<Issuer>,
        peers: Option<Arc<Peers>>,
    ) -> Result<Self, GatewaySecretError> {
        Ok(Self {
            document: Document::served(issuer.name()),
            metadata: document::metadata(
                issuer.name(),
                config.knows_certificates(),
                &config.policy,
            ),
            entrance: Arc::new(Entrance::new(config, peers)?),
            load: Load::new(config.throttle.requests),
            watchman: None,
            draining: Arc::default(),
            issuer,
        })
    }

    /// The document's operations, below the path of `issuer`.
    pub(super) fn description(
        &self,
        issuer: &IssuerUrl,
    ) -> Result<ApiDescription<Self>, ServeError> {
        let name = issuer.clone();
        let api = generated::api_description::<Handlers>(Options {
            path: Some(Box::new(move |operation| document::path(operation, &name))),
            admit: Some(self.admit()),
            draining: self.draining.clone(),
            ..reading()
        })?;
        Ok(api)
    }

    fn admit(&self) -> Admit {
        let (entrance, load) = (self.entrance.clone(), self.load.clone());
        let watchman = self.watchman.clone();
        Box::new(move |request| {
            let watched = watchman
                .as_ref()
                .and_then(|it| it.asks(request.remote_addr()));
            let place = load.admit(entrance.source(request))?;
            Some(Box::new((place, watched)))
        })
    }
}

/// What is read of a request, and how.
pub(super) fn reading() -> Options {
    Options {
        body_bytes: BODY_BYTES,
        body_deadline: BODY_DEADLINE,
        empty_form_fields_are_absent: true,
        ..Options::default()
    }
}
