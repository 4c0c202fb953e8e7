//! Who sent a request. The service finds it out once, before it believes anything else of the
//! request.
//!
//! The answer comes from the connection, from the PROXY header of a balancer, or from the headers
//! of a gateway. [`crate::Admission`] asks for it and hands it to handlers.

mod certificate;
mod correlation;
mod forwarded;
mod secret;
mod stranger;
mod written;

use std::net::IpAddr;
use std::sync::Arc;

use dropshot::RequestInfo;
use http::HeaderMap;
use slog::Logger;

use crate::config::GatewayConfig;
use crate::door::{Peer, Peers};
use crate::identity::{ClientCertificate, Source};
use secret::Secret;

pub use correlation::correlation_id;
pub use secret::{GatewaySecretError, check_gateway_secret};
pub use stranger::Stranger;
pub(crate) use stranger::Strangers;

/// The ways in which a request can come in.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// The callers that are connected to the front door, if there is one. A request from another
    /// address came past the door: another process of this machine sent it, or its caller is gone.
    peers: Option<Arc<Peers>>,
    /// The gateway, which may speak for other callers.
    gateway: Option<GatewayConfig>,
    /// The secret that the gateway must show. `None` if its address is enough.
    secret: Option<Secret>,
    /// Counts the requests whose caller can't be told.
    pub strangers: Arc<Strangers>,
}

/// Who sent a request.
///
/// ```
/// use dropshot_chassis::Caller;
/// use dropshot_contract::{Failure, RequestContext};
///
/// /// Says to a caller how the service sees it. A handler returns [`Stranger`] with `?`.
/// async fn who_am_i(rqctx: RequestContext<()>) -> Result<String, Failure> {
///     let caller = Caller::of(&rqctx)?;
///     let certificate = match &caller.certificate {
///         Some(_) => "with a certificate",
///         None => "without a certificate",
///     };
///     Ok(format!("{} {certificate}", caller.address))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The caller's address.
    pub address: IpAddr,
    /// The certificate whose key the caller proved to have.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// What a request's connection and its gateway's headers say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The source that the request counts for. A request of a stranger has one too.
    pub source: Source,
    /// The caller, if it can be told.
    pub caller: Result<Caller, Stranger>,
}

/// The caller behind the gateway, by the gateway's headers. `connected` is the gateway's own
/// address.
pub(crate) fn behind(gateway: &GatewayConfig, connected: IpAddr, headers: &HeaderMap) -> Seen {
    let told = forwarded::behind(gateway, headers);
    // The gateway's own requests, such as a health check, have no header.
    let address = told.ok().flatten().unwrap_or(connected);
    let certificate = told.and_then(|_| certificate::shown(gateway.certificate_header, headers));
    Seen {
        source: address.into(),
        caller: certificate.map(|certificate| Caller {
            address,
            certificate: certificate.map(Arc::new),
        }),
    }
}

impl Entrance {
    /// `peers` are those of the front door, if there is one.
    ///
    /// # Errors
    /// [`GatewaySecretError`]
    pub(crate) fn new(
        gateway: Option<&GatewayConfig>,
        peers: Option<Arc<Peers>>,
    ) -> Result<Self, GatewaySecretError> {
        let secret = gateway.and_then(|it| it.secret.as_ref());
        Ok(Self {
            peers,
            gateway: gateway.cloned(),
            secret: secret.map(Secret::open).transpose()?,
            strangers: Arc::default(),
        })
    }

    /// Finds out who sent a request, and counts a stranger.
    pub(crate) fn look(&self, request: &RequestInfo) -> Seen {
        let seen = self.seen(request);
        if let Err(stranger) = seen.caller {
            let connected = request.remote_addr().ip().to_canonical();
            self.strangers.count(stranger, connected);
        }
        seen
    }

    fn seen(&self, request: &RequestInfo) -> Seen {
        let remote = request.remote_addr();
        let stranger = |stranger, address: IpAddr| Seen {
            source: address.into(),
            caller: Err(stranger),
        };
        let peer = self.peers.as_ref().map(|peers| peers.at(remote));
        let peer = match peer {
            Some(None) => return stranger(Stranger::PastTheDoor, remote.ip().to_canonical()),
            Some(peer) => peer,
            None => None,
        };
        let ends_tls = self.peers.as_ref().is_some_and(|peers| peers.end_tls());
        let connected = match &peer {
            Some(peer) => peer.address.ip(),
            None => remote.ip().to_canonical(),
        };
        match self.gateway_at(connected, peer.as_deref(), request.headers()) {
            Ok(Some(gateway)) => return behind(gateway, connected, request.headers()),
            // Where the service doesn't end TLS, the gateway is the only way in.
            Ok(None) if self.gateway.is_some() && !ends_tls => {
                return stranger(Stranger::PastTheDoor, connected);
            }
            Ok(None) => {}
            Err(why) if !ends_tls => return stranger(why, connected),
            // Another program on the gateway's machine may have sent it, and speaks for itself.
            Err(why) => {
                if self.speaks_for_others(request.headers()) {
                    self.strangers.count(why, connected);
                }
            }
        }
        Seen {
            source: connected.into(),
            caller: Ok(Caller {
                address: connected,
                certificate: peer.and_then(|peer| peer.certificate.clone()),
            }),
        }
    }

    /// The gateway, if it sent the request: the request comes from its address, and has its
    /// certificate and its secret where the configuration asks for them. `None` if the request came
    /// from another address.
    fn gateway_at(
        &self,
        connected: IpAddr,
        peer: Option<&Peer>,
        headers: &HeaderMap,
    ) -> Result<Option<&GatewayConfig>, Stranger> {
        let gateway = self.gateway.as_ref();
        let Some(gateway) = gateway.filter(|gateway| gateway.is_at(connected)) else {
            return Ok(None);
        };
        if !gateway.certificate_names.is_empty() {
            let certificate = peer.and_then(|peer| peer.certificate.as_ref());
            let names = gateway.certificate_names.iter();
            let has_one = |it: &Arc<ClientCertificate>| names.clone().any(|name| it.has(name));
            if !certificate.is_some_and(has_one) {
                return Err(Stranger::NotTheGatewaysCertificate);
            }
        }
        match &self.secret {
            Some(secret) if !secret.is_shown(headers) => Err(Stranger::NoSecret),
            _ => Ok(Some(gateway)),
        }
    }

    /// Whether a request has a header that the service believes of the gateway.
    fn speaks_for_others(&self, headers: &HeaderMap) -> bool {
        self.gateway.as_ref().is_some_and(|gateway| {
            let names = [
                gateway.address_header.name(),
                gateway.certificate_header.name(),
            ];
            names
                .into_iter()
                .flatten()
                .any(|name| headers.contains_key(name))
        })
    }

    /// Reads the gateway's secret again when it changes, and tells the log of strangers. Both end
    /// when the future is dropped.
    pub(crate) async fn watch(&self, log: &Logger) {
        let following = async {
            if let Some(secret) = &self.secret {
                secret.follow(log).await;
            }
        };
        tokio::join!(following, self.strangers.tell(log));
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::{HeaderName, HeaderValue, Request};
    use proptest::prelude::*;

    use super::*;
    use crate::config::CertificateHeader;

    const CERTIFICATE: &str = include_str!("caller/certificate.txt");

    fn gateway() -> GatewayConfig {
        GatewayConfig {
            certificate_header: CertificateHeader::ClientCert,
            ..GatewayConfig::new(vec!["10.0.0.0/24".parse().unwrap()])
        }
    }

    /// A request with headers that claim to come from another caller.
    fn request(remote: SocketAddr, forged: &[(usize, String)]) -> RequestInfo {
        let names = ["x-forwarded-for", "forwarded", "client-cert", "x-real-ip"];
        let mut request = Request::new(());
        let lines = forged
            .iter()
            .filter_map(|(name, value)| Some((names[*name], HeaderValue::from_str(value).ok()?)));
        for (name, value) in lines {
            let name = HeaderName::from_static(name);
            request.headers_mut().append(name, value);
        }
        RequestInfo::new(&request, remote)
    }

    /// What such headers hold: good values, and any other bytes.
    fn forged() -> impl Strategy<Value = Vec<(usize, String)>> {
        let address = any::<IpAddr>().prop_map(|address| address.to_string());
        let node = any::<IpAddr>().prop_map(|address| format!("for=\"[{address}]\""));
        let certificate = Just(format!(":{}:", CERTIFICATE.trim()));
        let value = prop_oneof![address, node, certificate, "[ -~]{0,40}"];
        proptest::collection::vec((0_usize..4, value), 0..5)
    }

    proptest! {
        /// Without a gateway, or from another address than the gateway's, the caller is the
        /// connected one. Behind the door, a caller that isn't registered is a stranger.
        #[test]
        fn headers_are_believed_of_the_gateway_alone(
            remote: (IpAddr, u16), real: SocketAddr, forged in forged(), is_other: bool,
        ) {
            let remote = SocketAddr::from(remote);
            prop_assume!(!gateway().is_at(remote.ip().to_canonical()) && !gateway().is_at(real.ip()));
            let asked = request(remote, &forged);
            let entrance = |peers: Option<Arc<Peers>>, gateway| Entrance {
                peers, gateway, secret: None, strangers: Arc::default(),
            };
            let caller = |address: IpAddr| Ok(Caller { address, certificate: None });

            let open = entrance(None, None);
            prop_assert_eq!(open.look(&asked).caller, caller(remote.ip().to_canonical()));
            prop_assert_eq!(open.look(&asked).source, remote.ip().to_canonical().into());
            let gateways = entrance(None, Some(gateway()));
            prop_assert_eq!(gateways.look(&asked).caller, Err(Stranger::PastTheDoor));

            // Behind the door: the registered caller, and no caller from another address.
            let peers = Arc::new(Peers::new(Arc::default(), true));
            let peer = Peer { address: real, certificate: None };
            let at = SocketAddr::new(remote.ip(), remote.port() ^ u16::from(is_other));
            let registered = peers.register(at, peer).unwrap();
            for gateway in [None, Some(gateway())] {
                let door = entrance(Some(peers.clone()), gateway);
                let expected = if is_other { Err(Stranger::PastTheDoor) } else { caller(real.ip()) };
                prop_assert_eq!(door.look(&asked).caller, expected);
            }
            drop(registered);
            let door = entrance(Some(peers), Some(gateway()));
            prop_assert_eq!(door.look(&asked).caller, Err(Stranger::PastTheDoor));
        }
    }
}
