//! Who sent a request: looked up once, for every operation, before anything else is believed.

mod certificate;
mod forwarded;
mod secret;
mod stranger;
mod written;

use std::net::IpAddr;
use std::sync::Arc;

use dropshot::{RequestContext, RequestInfo};
use dropshot_chassis::config::GatewayConfig;
use dropshot_chassis::identity::{ClientCertificate, Source};
use http::HeaderMap;
use slog::Logger;

use super::Service;
use super::front_door::{Peer, Peers};
use crate::config::Config;
use crate::issuer::Origin;
use secret::Secret;
pub use secret::{GatewaySecretError, check_gateway_secret};
pub(super) use stranger::{Stranger, Strangers};

const CORRELATION_ID: &str = "x-correlation-id";

/// The ways in.
#[derive(Debug)]
pub(super) struct Entrance {
    /// Who is connected, where the service ends TLS. Whoever is not among them came past it:
    /// another process of this machine, or a caller that is gone.
    peers: Option<Arc<Peers>>,
    /// Who may speak for others.
    gateway: Option<GatewayConfig>,
    /// What the gateway has to show for that.
    secret: Option<Secret>,
    /// Whom nobody is answered for.
    pub strangers: Arc<Strangers>,
}

/// Who sent a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// Its address.
    pub(super) address: IpAddr,
    /// The certificate that it proved to have the key of.
    pub(super) certificate: Option<Arc<ClientCertificate>>,
}

/// Who sent this request.
///
/// # Errors
/// [`Stranger`], which is the answer as well. It is counted.
pub(super) fn caller(rqctx: &RequestContext<Service>) -> Result<Caller, Stranger> {
    let entrance = &rqctx.context().entrance;
    let request = &rqctx.request;
    entrance.caller(request).inspect_err(|stranger| {
        let connected = request.remote_addr().ip().to_canonical();
        entrance.strangers.count(*stranger, connected);
    })
}

/// The caller behind the gateway at `address`, by its headers.
pub(super) fn behind(
    gateway: &GatewayConfig,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Caller, Stranger> {
    let caller = forwarded::behind(gateway, headers)?;
    let certificate = certificate::shown(gateway.certificate_header, headers)?;
    Ok(Caller {
        // Its own requests, such as a health check, have no header.
        address: caller.unwrap_or(address),
        certificate: certificate.map(Arc::new),
    })
}

impl Entrance {
    /// `peers` are those of the front door, if there is one.
    ///
    /// # Errors
    /// [`GatewaySecretError`]
    pub(super) fn new(
        config: &Config,
        peers: Option<Arc<Peers>>,
    ) -> Result<Self, GatewaySecretError> {
        let secret = config.gateway.as_ref().and_then(|it| it.secret.as_ref());
        Ok(Self {
            peers,
            gateway: config.gateway.clone(),
            secret: secret.map(Secret::open).transpose()?,
            strangers: Arc::default(),
        })
    }

    /// Whose request this is to be counted as, be it a stranger's. Looks at no certificate of a
    /// caller's.
    pub(super) fn source(&self, request: &RequestInfo) -> Source {
        let remote = request.remote_addr();
        let peer = self.peers.as_ref().and_then(|peers| peers.find(remote));
        let connected = peer.as_ref().map_or(remote, |peer| peer.address);
        let connected = connected.ip().to_canonical();
        let behind = match self.gateway_at(connected, peer.as_deref(), request.headers()) {
            Ok(Some(gateway)) => forwarded::behind(gateway, request.headers()),
            _ => Ok(None),
        };
        behind.ok().flatten().unwrap_or(connected).into()
    }

    fn caller(&self, request: &RequestInfo) -> Result<Caller, Stranger> {
        let remote = request.remote_addr();
        let peer = match &self.peers {
            Some(peers) => Some(peers.at(remote).ok_or(Stranger::PastTheDoor)?),
            None => None,
        };
        let ends_tls = self.peers.as_ref().is_some_and(|peers| peers.end_tls());
        let connected = match &peer {
            Some(peer) => peer.address.ip(),
            None => remote.ip().to_canonical(),
        };
        match self.gateway_at(connected, peer.as_deref(), request.headers()) {
            Ok(Some(gateway)) => return behind(gateway, connected, request.headers()),
            // Without TLS of the service's own, there is no other way in than the gateway.
            Ok(None) if self.gateway.is_some() && !ends_tls => {
                return Err(Stranger::PastTheDoor);
            }
            Ok(None) => {}
            Err(stranger) if !ends_tls => return Err(stranger),
            // It may be another program of the gateway's machine, which speaks for itself.
            Err(stranger) => {
                if self.speaks_for_others(request.headers()) {
                    self.strangers.count(stranger, connected);
                }
            }
        }
        Ok(Caller {
            address: connected,
            certificate: peer.and_then(|peer| peer.certificate.clone()),
        })
    }

    /// The gateway, if a request is the gateway's: from its address, and with what it proves itself
    /// by. `None` if it came from another address.
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

    /// Whether a request has a header that the gateway would be believed.
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

    /// Follows the gateway's secret, and tells the log of strangers, until it is dropped.
    pub(super) async fn watch(&self, log: &Logger) {
        let following = async {
            if let Some(secret) = &self.secret {
                secret.follow(log).await;
            }
        };
        tokio::join!(following, self.strangers.tell(log));
    }
}

impl Caller {
    /// Where its request came from.
    pub(super) fn origin<'a>(&'a self, request: &'a RequestInfo) -> Origin<'a> {
        Origin {
            source: self.address,
            correlation_id: correlation_id(request),
            certificate: self.certificate.as_deref(),
        }
    }
}

/// The request's `X-Correlation-Id`, if there is one of the form that D1's other outgoing APIs give
/// it. Any other is left alone: it is no reason to refuse a token, and would be a way into the log
/// and the reply.
fn correlation_id(request: &RequestInfo) -> Option<&str> {
    let mut lines = request.headers().get_all(CORRELATION_ID).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let text = line.to_str().ok()?;
    let valid = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    valid.then_some(text)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::{HeaderName, HeaderValue, Request};
    use proptest::prelude::*;

    use super::*;
    use dropshot_chassis::config::CertificateHeader;

    const CERTIFICATE: &str = include_str!("origin/certificate.txt");

    fn gateway() -> GatewayConfig {
        GatewayConfig {
            certificate_header: CertificateHeader::ClientCert,
            ..GatewayConfig::new(vec!["10.0.0.0/24".parse().unwrap()])
        }
    }

    /// A request that says of itself that it is somebody else's.
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

    /// What is in such headers: what is good in them, and anything.
    fn forged() -> impl Strategy<Value = Vec<(usize, String)>> {
        let address = any::<IpAddr>().prop_map(|address| address.to_string());
        let node = any::<IpAddr>().prop_map(|address| format!("for=\"[{address}]\""));
        let certificate = Just(format!(":{}:", CERTIFICATE.trim()));
        let value = prop_oneof![address, node, certificate, "[ -~]{0,40}"];
        proptest::collection::vec((0_usize..4, value), 0..5)
    }

    proptest! {
        /// Without a gateway, or from where none is, a caller is whoever is connected, or nobody.
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
            prop_assert_eq!(open.caller(&asked), caller(remote.ip().to_canonical()));
            prop_assert_eq!(open.source(&asked), remote.ip().to_canonical().into());
            let gateways = entrance(None, Some(gateway()));
            prop_assert_eq!(gateways.caller(&asked), Err(Stranger::PastTheDoor));

            // Behind the door, whoever is registered, and from no other address.
            let peers = Arc::new(Peers::new(Arc::default(), true));
            let peer = Peer { address: real, certificate: None };
            let at = SocketAddr::new(remote.ip(), remote.port() ^ u16::from(is_other));
            let registered = peers.register(at, peer).unwrap();
            for gateway in [None, Some(gateway())] {
                let door = entrance(Some(peers.clone()), gateway);
                let expected = if is_other { Err(Stranger::PastTheDoor) } else { caller(real.ip()) };
                prop_assert_eq!(door.caller(&asked), expected);
            }
            drop(registered);
            let door = entrance(Some(peers), Some(gateway()));
            prop_assert_eq!(door.caller(&asked), Err(Stranger::PastTheDoor));
        }
    }
}
