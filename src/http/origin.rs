//! Who sent a request: looked up once, for every operation, before anything else is believed.

pub(super) mod forwarded;

use std::net::IpAddr;
use std::sync::Arc;

use dropshot::{RequestContext, RequestInfo};
use dropshot_contract::reply::{self, WithHeaders as _};
use dropshot_contract::{Failure, Response};
use http::StatusCode;
use serde_json::json;

use super::Service;
use super::front_door::Peers;
use crate::config::GatewayConfig;
use crate::issuer::{Origin, Source};
use crate::token::ClientCertificate;

const CORRELATION_ID: &str = "x-correlation-id";

/// The ways in.
#[derive(Debug)]
pub(super) struct Entrance {
    /// Who is connected, where the service ends TLS. Whoever is not among them came past it: another process of this machine,
    /// or a caller that is gone.
    pub peers: Option<Arc<Peers>>,
    /// Who may speak for others.
    pub gateway: Option<GatewayConfig>,
}

/// Who sent a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// Its address.
    pub(super) address: IpAddr,
    /// The certificate that it proved to have the key of.
    pub(super) certificate: Option<Arc<ClientCertificate>>,
}

/// It can't be told who sent a request, so nobody is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// It came past the way in.
    PastTheDoor,
    /// The gateway said something that can't be read.
    Malformed(&'static str),
}

/// Who sent this request.
///
/// # Errors
/// [`Stranger`], which is the answer as well.
pub(super) fn caller(rqctx: &RequestContext<Service>) -> Result<Caller, Stranger> {
    rqctx.context().entrance.caller(&rqctx.request)
}

impl Entrance {
    /// Whose request this is to be counted as, be it a stranger's. Looks at no certificate.
    pub(super) fn source(&self, request: &RequestInfo) -> Source {
        let remote = request.remote_addr();
        let peer = self.peers.as_ref().and_then(|peers| peers.find(remote));
        let connected = peer.map_or(remote, |peer| peer.address).ip().to_canonical();
        let gateway = self.gateway.as_ref();
        let gateway = gateway.filter(|gateway| gateway.is_at(connected));
        let behind = gateway.map(|gateway| forwarded::behind(gateway, request.headers()));
        match behind {
            Some(Ok(Some(address))) => address.into(),
            _ => connected.into(),
        }
    }

    fn caller(&self, request: &RequestInfo) -> Result<Caller, Stranger> {
        let remote = request.remote_addr();
        let connected = match &self.peers {
            Some(peers) => {
                let peer = peers.at(remote).ok_or(Stranger::PastTheDoor)?;
                Caller {
                    address: peer.address.ip(),
                    certificate: peer.certificate.clone(),
                }
            }
            None => Caller {
                address: remote.ip().to_canonical(),
                certificate: None,
            },
        };
        match &self.gateway {
            Some(gateway) if gateway.is_at(connected.address) => {
                forwarded::caller(gateway, connected.address, request.headers())
            }
            // Where a gateway asks for certificates, whoever goes around it has shown none. With TLS of its own, the service has
            // asked for it; headers are not believed either way.
            Some(_) if self.peers.is_none() => Err(Stranger::PastTheDoor),
            _ => Ok(connected),
        }
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

impl Stranger {
    /// What it gets.
    pub(super) fn response(self) -> Response {
        let (status, why) = match self {
            Self::PastTheDoor => (
                StatusCode::FORBIDDEN,
                "requests are taken through the service's own address or its gateway only",
            ),
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, why),
        };
        let body = json!({ "error": "invalid_request", "error_description": why });
        reply::json(status, "application/json", &body).header("cache-control", &"no-store")
    }
}

impl From<Stranger> for Failure {
    fn from(stranger: Stranger) -> Self {
        stranger.response().into()
    }
}

/// The request's `X-Correlation-Id`, if there is one of the form that D1's other outgoing APIs give it. Any other is left alone:
/// it is no reason to refuse a token, and would be a way into the log and the reply.
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
    use crate::config::{AddressHeader, CertificateHeader};
    use crate::http::front_door::Peer;

    const CERTIFICATE: &str = include_str!("origin/forwarded/certificate.txt");

    fn gateway() -> GatewayConfig {
        GatewayConfig {
            addresses: vec!["10.0.0.0/24".parse().unwrap()],
            address_header: AddressHeader::XForwardedFor,
            certificate_header: CertificateHeader::ClientCert,
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
            let entrance = |peers: Option<Arc<Peers>>, gateway| Entrance { peers, gateway };
            let caller = |address: IpAddr| Ok(Caller { address, certificate: None });

            let open = entrance(None, None);
            prop_assert_eq!(open.caller(&asked), caller(remote.ip().to_canonical()));
            prop_assert_eq!(open.source(&asked), remote.ip().to_canonical().into());
            let gateways = entrance(None, Some(gateway()));
            prop_assert_eq!(gateways.caller(&asked), Err(Stranger::PastTheDoor));

            // Behind the door, whoever is registered, and from no other address.
            let peers = Arc::new(Peers::new(Arc::default()));
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
