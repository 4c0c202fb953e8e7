//! Callers that speak TLS, with or without a client certificate.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::authority::Issued;
use super::raw::{self, status};
use super::{D1, GRANT};

const PATIENCE: Duration = Duration::from_secs(30);
/// The alternative name in the certificate of test services.
pub const SERVER: &str = "DNS:bank.example";

/// A caller's trust, certificate and address.
#[derive(Clone)]
pub struct Caller {
    connector: TlsConnector,
    from: IpAddr,
}

/// A TLS connection.
pub struct Secure(TlsStream<TcpStream>);

impl Caller {
    /// A caller that trusts this authority and may show a certificate.
    pub fn new(authority: &Path, own: Option<&Issued>) -> Self {
        Self::of(authority, own, &[b"http/1.1"])
    }

    pub fn of(authority: &Path, own: Option<&Issued>, protocols: &[&[u8]]) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(authority).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            Some(own) => {
                let chain = vec![CertificateDer::from_pem_file(&own.certificate).unwrap()];
                let key = PrivateKeyDer::from_pem_file(&own.key).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        Self {
            connector: TlsConnector::from(Arc::new(config)),
            from: [127, 0, 0, 1].into(),
        }
    }

    /// The same caller at another address of this machine.
    pub fn from(&self, address: impl Into<IpAddr>) -> Self {
        Self {
            from: address.into(),
            ..self.clone()
        }
    }

    pub async fn connect(&self, address: SocketAddr) -> io::Result<Secure> {
        let stream = plain(self.from, address).await?;
        stream.set_nodelay(true)?;
        self.over(stream).await
    }

    /// Makes a TLS handshake on an open connection.
    pub async fn over(&self, stream: TcpStream) -> io::Result<Secure> {
        let name = ServerName::try_from("bank.example").unwrap();
        let connecting = self.connector.connect(name, stream);
        let connected = timeout(PATIENCE, connecting)
            .await
            .map_err(io::Error::other)?;
        Ok(Secure(connected?))
    }

    /// Asks for a token on a new connection.
    pub async fn token(&self, address: SocketAddr) -> io::Result<String> {
        self.connect(address).await?.ask(&token_request(D1)).await
    }

    /// Whether the caller gets a token. False if the service closes the connection too.
    pub async fn is_served(&self, address: SocketAddr) -> bool {
        self.token(address)
            .await
            .is_ok_and(|answer| status(&answer) == 200)
    }
}

impl Secure {
    /// Gives the raw stream, for tests that don't send requests of HTTP/1.1.
    pub fn into_stream(self) -> TlsStream<TcpStream> {
        self.0
    }

    /// Sends a request, and reads its answer.
    pub async fn ask(&mut self, request: &str) -> io::Result<String> {
        self.send(request).await?;
        self.read_answer().await
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref()).await?;
        self.0.flush().await
    }

    pub async fn read_answer(&mut self) -> io::Result<String> {
        raw::read_answer(&mut self.0).await
    }

    /// Reads the next bytes.
    pub async fn read_some(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.0.read_buf(&mut bytes)).await;
        read.map_err(io::Error::other)??;
        Ok(bytes)
    }

    /// Waits until the other end closes.
    pub async fn is_closed(&mut self) -> bool {
        is_closed(&mut self.0).await
    }
}

/// Opens a connection without TLS from this address.
pub async fn plain(from: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(to).await
}

/// Waits until the other end closes.
pub async fn is_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> bool {
    let mut bytes = [0; 4096];
    let end = async { while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {} };
    timeout(PATIENCE, end).await.is_ok()
}

/// A token request, as D1 sends it.
pub fn token_request(authorization: &str) -> String {
    format!(
        "POST /authz/d1/v1/oauth2/token HTTP/1.1\r\nHost: bank.example\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{GRANT}",
        GRANT.len()
    )
}
