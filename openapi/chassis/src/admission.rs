//! The checks that each request passes before it is read: who sent it, and whether there is room
//! for it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dropshot::ServerContext;
use dropshot_contract::{Admit, Options, RequestContext};

use crate::caller::{Caller, Entrance, GatewaySecretError, Seen, Stranger};
use crate::config::GatewayConfig;
use crate::door::{Peers, UnderWay, Watchman};
use crate::guard::{RequestSlot, Requests};

/// Finds the caller of each request, and refuses requests that are too many.
#[derive(Debug, Clone)]
pub struct Admission {
    pub(crate) entrance: Arc<Entrance>,
    pub(crate) requests: Arc<Requests>,
    /// Enforces the limits on connections to the HTTP server itself. `None` behind a front door,
    /// and for [`Admission::new`].
    pub(crate) watchman: Option<Arc<Watchman>>,
    /// Whether the service is ending. Load balancers then send no new caller to it.
    pub(crate) draining: Arc<AtomicBool>,
}

/// A request that is under way, and its caller.
struct Admitted {
    caller: Result<Caller, Stranger>,
    _slot: Option<RequestSlot>,
    _watched: Option<UnderWay>,
}

impl Admission {
    /// For a service that has a Dropshot server of its own. A caller connects to that server
    /// directly, or through the gateway. At most `requests` requests are under way at a time.
    ///
    /// # Errors
    /// [`GatewaySecretError`]
    ///
    /// ```
    /// use dropshot_chassis::Admission;
    /// use dropshot_contract::Options;
    ///
    /// let admission = Admission::new(None, 100)?;
    /// let options = admission.options(Options::default());
    /// assert!(options.admit.is_some());
    /// # Ok::<(), dropshot_chassis::caller::GatewaySecretError>(())
    /// ```
    pub fn new(gateway: Option<&GatewayConfig>, requests: u32) -> Result<Self, GatewaySecretError> {
        Self::behind(gateway, requests, None, None)
    }

    /// `peers` are those of the front door, if there is one.
    pub(crate) fn behind(
        gateway: Option<&GatewayConfig>,
        requests: u32,
        peers: Option<Arc<Peers>>,
        watchman: Option<Arc<Watchman>>,
    ) -> Result<Self, GatewaySecretError> {
        Ok(Self {
            entrance: Arc::new(Entrance::new(gateway, peers)?),
            requests: Requests::new(requests),
            watchman,
            draining: Arc::default(),
        })
    }

    /// The options that an API must be mounted with, over those of the service.
    #[must_use]
    pub fn options(&self, options: Options) -> Options {
        Options {
            admit: Some(self.admit()),
            draining: self.draining.clone(),
            ..options
        }
    }

    fn admit(&self) -> Admit {
        let admission = self.clone();
        Box::new(move |request| {
            let watchman = admission.watchman.as_ref();
            let watched = watchman.and_then(|it| it.asks(request.remote_addr()));
            let Seen { source, caller } = admission.entrance.look(request);
            let slot = admission.requests.admit(source);
            let is_one_too_many = slot.is_none();
            let admitted = Box::new(Admitted {
                caller,
                _slot: slot,
                _watched: watched,
            });
            match is_one_too_many {
                true => Err(admitted),
                false => Ok(admitted),
            }
        })
    }
}

impl Caller {
    /// The caller of a request. [`Admission`] found it when the request came.
    ///
    /// # Errors
    /// [`Stranger`] if the service can't tell who sent the request. It is also the answer to the
    /// request. [`Stranger::PastTheDoor`] if the API was mounted without [`Admission::options`].
    pub fn of<C: ServerContext>(rqctx: &RequestContext<C>) -> Result<&Self, Stranger> {
        match rqctx.admitted::<Admitted>() {
            Some(admitted) => admitted.caller.as_ref().map_err(|stranger| *stranger),
            None => Err(Stranger::PastTheDoor),
        }
    }
}
