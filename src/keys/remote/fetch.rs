//! One fetch of a JWK set: over TLS, from an allowed address, within limits of time and size, and
//! without redirects.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::RemoteSettings;
use super::address::is_public;
use crate::keys::{ClientKeys, ClientKeysError, ReadKeys};
use crate::token::JwksUri;

/// The longest time of a fetch, from the first packet to the last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest time to connect to one of a host's addresses.
const TO_CONNECT: Duration = Duration::from_secs(3);
/// The largest JWK set. A set of keys with their certificates has some tens of kilobytes.
const BYTES: usize = 256 * 1024;

/// Why a fetch failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL can't be parsed.
    #[error("the URL can't be read")]
    NotAUrl,
    /// The file with the certificate authorities can't be used.
    #[error("the authorities of {}: {why}", .path.display())]
    Authorities {
        /// Their file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The system has no file of certificate authorities in a usual place.
    #[error(
        "this system has no certificate authorities in the usual places; name a file with them in jwks_uri.ca_file"
    )]
    NoAuthorities,
    /// The host's name has no address, or no server answers there.
    #[error("{0}")]
    Unreachable(String),
    /// The host's name leads to an address that is not allowed.
    #[error(
        "its host leads to {0}, which is not a public address; if that is intended, set jwks_uri.private_addresses = true"
    )]
    PrivateAddress(IpAddr),
    /// The TLS handshake failed, for example because the server couldn't prove its name.
    #[error("TLS: {0}")]
    Tls(std::io::Error),
    /// The exchange by HTTP failed.
    #[error("HTTP: {0}")]
    Http(String),
    /// The status is not 200. Redirects are not followed.
    #[error("it answers {0} instead of 200 (redirects are not followed)")]
    Status(StatusCode),
    /// The answer has no keys that can be used.
    #[error(transparent)]
    Keys(#[from] ClientKeysError),
    /// It took too long.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TimedOut,
}

/// Where systems keep their certificate authorities: Debian, Red Hat, SUSE, Alpine.
const SYSTEM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Fetches JWK sets.
#[derive(Debug)]
pub(super) struct Fetcher {
    ca_file: Option<PathBuf>,
    private_addresses: bool,
}

impl Fetcher {
    pub(super) fn new(settings: &RemoteSettings) -> Result<Self, FetchError> {
        if let Some(file) = &settings.ca_file {
            roots(file)?;
        }
        Ok(Self {
            ca_file: settings.ca_file.clone(),
            private_addresses: settings.private_addresses,
        })
    }

    pub(super) async fn fetch(&self, uri: &JwksUri) -> Result<ReadKeys, FetchError> {
        let fetched = timeout(PATIENCE, self.exchange(uri)).await;
        let body = fetched.unwrap_or(Err(FetchError::TimedOut))?;
        let text = std::str::from_utf8(&body).map_err(|error| FetchError::Http(error.to_string()));
        Ok(ClientKeys::read(text?)?)
    }

    async fn exchange(&self, uri: &JwksUri) -> Result<Bytes, FetchError> {
        let url = Url::parse(uri.as_str()).map_err(|_| FetchError::NotAUrl)?;
        let stream = self.connect(&url).await?;
        let http = |error: hyper::Error| FetchError::Http(with_causes(&error));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(http)?;
        let exchange = async {
            let answer = sender.send_request(request(&url)?).await.map_err(http)?;
            if answer.status() != StatusCode::OK {
                return Err(FetchError::Status(answer.status()));
            }
            let body = Limited::new(answer.into_body(), BYTES).collect().await;
            let body = body.map_err(|error| FetchError::Http(format!("the body: {error}")))?;
            Ok(body.to_bytes())
        };
        // The connection is driven here, not by a task of its own, so that it ends with the time
        // limit as well.
        tokio::pin!(exchange);
        tokio::select! {
            answered = &mut exchange => answered,
            // A server that closes the connection without notice has often answered before.
            ended = connection => exchange.await.map_err(|error| ended.err().map_or(error, http)),
        }
    }

    async fn connect(&self, url: &Url) -> Result<TlsStream<TcpStream>, FetchError> {
        let tls = self.tls()?;
        let host = url.host().ok_or(FetchError::NotAUrl)?;
        let port = url.port_or_known_default().ok_or(FetchError::NotAUrl)?;
        let (addresses, name) = match host {
            Host::Ipv4(address) => (vec![address.into()], address.to_string()),
            Host::Ipv6(address) => (vec![address.into()], address.to_string()),
            Host::Domain(name) => (self.resolved(name, port).await?, name.to_owned()),
        };
        let name = ServerName::try_from(name).map_err(|_| FetchError::NotAUrl)?;
        let tcp = self.reach(&addresses, port).await?;
        TlsConnector::from(Arc::new(tls))
            .connect(name, tcp)
            .await
            .map_err(FetchError::Tls)
    }

    async fn resolved(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, FetchError> {
        let found = lookup_host((name, port)).await;
        let found = found.map_err(|error| FetchError::Unreachable(format!("{name}: {error}")))?;
        Ok(found.map(|address| address.ip()).collect())
    }

    /// Connects to the first of the addresses that is allowed and answers. This checks the very
    /// address to which it connects. An attacker gains nothing by changing the name's address a
    /// moment later.
    async fn reach(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, FetchError> {
        let mut failed = FetchError::Unreachable("its host has no address".to_owned());
        for address in addresses {
            if !self.private_addresses && !is_public(*address) {
                failed = FetchError::PrivateAddress(*address);
                continue;
            }
            let address = SocketAddr::new(*address, port);
            let why = match timeout(TO_CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it does not answer".to_owned(),
            };
            failed = FetchError::Unreachable(format!("{address}: {why}"));
        }
        Err(failed)
    }

    /// Reads the authorities anew for each fetch, as their file may have been renewed.
    fn tls(&self) -> Result<ClientConfig, FetchError> {
        let file = match &self.ca_file {
            Some(file) => file.clone(),
            None => system_authorities().ok_or(FetchError::NoAuthorities)?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchError::Tls(std::io::Error::other(error)))?;
        Ok(config
            .with_root_certificates(roots(&file)?)
            .with_no_client_auth())
    }
}

fn request(url: &Url) -> Result<Request<Empty<Bytes>>, FetchError> {
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let header = |text: &str| HeaderValue::from_str(text).map_err(|_| FetchError::NotAUrl);
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = path.parse().map_err(|_| FetchError::NotAUrl)?;
    let headers = request.headers_mut();
    headers.insert(HOST, header(host)?);
    headers.insert(USER_AGENT, HeaderValue::from_static("d1-authz"));
    let accepted = "application/jwk-set+json, application/json";
    headers.insert(ACCEPT, HeaderValue::from_static(accepted));
    Ok(request)
}

fn system_authorities() -> Option<PathBuf> {
    let mut usual = SYSTEM_AUTHORITIES.map(PathBuf::from).into_iter();
    usual.find(|file| file.exists())
}

fn roots(file: &Path) -> Result<RootCertStore, FetchError> {
    let wrong = |why: String| FetchError::Authorities {
        path: file.into(),
        why,
    };
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    // Systems have a few authorities that the library can't read.
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(wrong(
            "none of its certificates can be used as an authority".to_owned(),
        )),
        _ => Ok(roots),
    }
}

/// The text of an error and of its causes, which hyper's own text leaves out.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
