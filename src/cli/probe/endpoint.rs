//! The token endpoint: sends a request over TLS or plain TCP, and reads the answer to its end.
//!
//! Each request has its own connection, so that no answer depends on what the server kept of an
//! earlier request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::report::{Field, Report, Verdict};
use super::trust::{Identity, Trust};
use crate::cli::error::Error;

/// The longest time from the first packet to the last byte.
const PATIENCE: Duration = Duration::from_secs(15);
/// A token reply is a few kilobytes.
const BODY_BYTES: usize = 256 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// A token endpoint.
pub(super) struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<Tls>,
}

struct Tls {
    connector: TlsConnector,
    server: ServerName<'static>,
    identity: Arc<Identity>,
    /// Protocol and cipher suite of the last handshake.
    negotiated: Mutex<Option<String>>,
}

/// A request to the endpoint.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// The answer of the endpoint.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
    /// When the whole answer was here, by this machine's clock.
    pub(super) arrived: Timestamp,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Endpoint {
    /// # Errors
    /// The URL names no endpoint, or [`Trust::config`] fails.
    pub(super) fn new(url: &str, trust: &Trust) -> Result<Self, Error> {
        let wrong = |why: &str| Error::usage(format!("--url {url}: {why}"));
        let uri: Uri = url.parse().map_err(|_| {
            Error::usage("--url: not a URL such as https://bank.example/authz/d1/v1/oauth2/token")
        })?;
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            // The message leaves the URL out, because it may hold a secret.
            return Err(Error::usage(
                "--url: leave the credentials out, and give the id with --id",
            ));
        }
        let host = authority.host().to_owned();
        let (is_tls, usual_port) = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => (true, 443),
            Some(scheme) if *scheme == Scheme::HTTP => (false, 80),
            _ => return Err(wrong("it starts with neither https:// nor http://")),
        };
        let port = authority.port_u16().unwrap_or(usual_port);
        let tls = if is_tls {
            let (config, identity) = trust.config()?;
            let name = host.trim_matches(['[', ']']).to_owned();
            Some(Tls {
                connector: TlsConnector::from(Arc::new(config)),
                server: ServerName::try_from(name)
                    .map_err(|_| wrong("its host is not a valid name"))?,
                identity,
                negotiated: Mutex::new(None),
            })
        } else if trust.identity.is_some() || trust.authorities.is_some() {
            return Err(wrong("certificates need https://"));
        } else {
            None
        };
        Ok(Self {
            uri,
            host,
            port,
            tls,
        })
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// Why there is no answer, as a text for people.
    pub(super) async fn send(&self, request: Request) -> Result<Reply, String> {
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    async fn exchange(&self, request: Request) -> Result<Reply, String> {
        let stream = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| with_causes(&error))?;
        let driving = tokio::spawn(connection);
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut sent = http::Request::new(Full::new(Bytes::from(request.body)));
        *sent.method_mut() = request.method;
        *sent.uri_mut() = path
            .parse()
            .map_err(|_| "the URL's path is not valid".to_owned())?;
        *sent.headers_mut() = request.headers;
        let authority = self.uri.authority().map_or("", |name| name.as_str());
        let host = HeaderValue::from_str(authority)
            .map_err(|_| "the URL's host is not valid".to_owned())?;
        sent.headers_mut().insert(HOST, host);
        let answer = sender
            .send_request(sent)
            .await
            .map_err(|error| with_causes(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, BODY_BYTES).collect().await;
        driving.abort();
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body: body
                .map_err(|error| format!("the body: {error}"))?
                .to_bytes(),
            arrived: Timestamp::now(),
        })
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        let host = self.host.trim_matches(['[', ']']);
        let tcp = TcpStream::connect((host, self.port))
            .await
            .map_err(|error| format!("can't connect to {}:{}: {error}", self.host, self.port))?;
        let Some(tls) = &self.tls else {
            return Ok(Box::new(tcp));
        };
        let stream = tls
            .connector
            .connect(tls.server.clone(), tcp)
            .await
            .map_err(|error| format!("TLS: {error}"))?;
        let (_, session) = stream.get_ref();
        let version = session
            .protocol_version()
            .and_then(|version| version.as_str());
        let suite = session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str());
        let negotiated = [version, suite].into_iter().flatten().collect::<Vec<_>>();
        if let Ok(mut last) = tls.negotiated.lock() {
            *last = Some(negotiated.join(", "));
        }
        Ok(Box::new(stream))
    }

    /// Reports the TLS version and the client certificate of the first connection.
    pub(super) fn describe(&self, report: &mut Report) {
        let field = Field {
            name: "TLS",
            expected: "TLS 1.2 or 1.3",
            source: "D1's connection",
        };
        let Some(tls) = &self.tls else {
            report.add(
                &field,
                Verdict::Differs,
                "none: D1 connects only by TLS, so a gateway in front must offer it",
            );
            return;
        };
        // Without a handshake, the line `answer` gives the reason.
        let Some(negotiated) = tls.negotiated.lock().ok().and_then(|last| last.clone()) else {
            return;
        };
        report.add(&field, Verdict::Ok, negotiated);
        let field = Field {
            name: "client certificate",
            expected: "a server that asks for D1's certificate",
            source: "D1's connection",
        };
        let (verdict, seen) = match (tls.identity.was_asked_for(), tls.identity.is_there()) {
            (true, true) => (Verdict::Ok, "asked for, and shown"),
            (true, false) => (Verdict::Ok, "asked for; none was given with --certificate"),
            (false, _) => (Verdict::Differs, "not asked for"),
        };
        report.add(&field, verdict, seen);
    }
}

impl Request {
    /// The request that D1 sends.
    pub(super) fn for_token(authorization: HeaderValue, scope: Option<&str>) -> Self {
        let scope = scope.map_or_else(String::new, |scope| {
            format!("&scope={}", super::credential::form_encoded(scope))
        });
        Self::form(
            authorization,
            format!("grant_type=client_credentials{scope}"),
        )
    }

    /// A POST request with this form.
    pub(super) fn form(authorization: HeaderValue, body: String) -> Self {
        let headers = [
            (AUTHORIZATION, authorization),
            (CONTENT_TYPE, HeaderValue::from_static(FORM)),
        ];
        Self {
            method: Method::POST,
            headers: headers.into_iter().collect(),
            body,
        }
    }

    pub(super) fn with_correlation_id(mut self, id: Option<&HeaderValue>) -> Self {
        if let Some(id) = id {
            self.headers.insert("x-correlation-id", id.clone());
        }
        self
    }
}

impl Reply {
    /// The values of a header, joined by commas. `None` if there is none.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body. `None` if it is no JSON object.
    pub(super) fn object(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A value of `X-Correlation-Id`.
pub(super) fn correlation_id(text: &str) -> Result<HeaderValue, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !(1..=64).contains(&text.len()) || !text.bytes().all(allowed) {
        return Err("it has 1 to 64 letters, digits, _ and -".to_owned());
    }
    HeaderValue::from_str(text).map_err(|error| error.to_string())
}

/// An error with its causes, which hyper's own text leaves out.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
