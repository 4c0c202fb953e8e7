//! The server under test, and one connection to it.

use std::net::SocketAddr;
use std::time::Duration;

use dropshot_contract::dropshot::{
    ApiDescription, ConfigDropshot, ConfigLogging, ConfigLoggingLevel, HttpServer, ServerBuilder,
};
use dropshot_contract::{Bytes, StatusCode, http};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::echo::Context;

/// How long the client waits for an answer: longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server and one connection to it. If the server closes it, the client connects again.
pub(crate) struct Client {
    _server: HttpServer<Context>,
    address: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// Starts the server on a free port of the loopback interface.
    pub(crate) fn start(api: ApiDescription<Context>, context: Context) -> Result<Self, String> {
        let logging = ConfigLogging::StderrTerminal {
            level: ConfigLoggingLevel::Critical,
        };
        let log = logging
            .to_logger("conformance")
            .map_err(|error| error.to_string())?;
        let config = ConfigDropshot {
            default_request_body_max_bytes: 16 << 20,
            ..ConfigDropshot::default()
        };
        let server = ServerBuilder::new(api, context, log)
            .config(config)
            .start()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            address: server.local_addr(),
            _server: server,
            connection: None,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(&mut self, request: &http::Request<Bytes>) -> Result<Answer, String> {
        let exchange = async {
            // The server may have closed the connection after it refused a body.
            match self.exchange(request).await {
                Err(_) if self.connection.take().is_some() => self.exchange(request).await,
                done => done,
            }
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                self.connection = None;
                Err(format!("no answer within {} s", PATIENCE.as_secs()))
            }
        }
    }

    async fn exchange(&mut self, request: &http::Request<Bytes>) -> Result<Answer, String> {
        let connection = self.connection().await?;
        let sent = connection
            .send_request(request.clone().map(Full::new))
            .await;
        let response = sent.map_err(|error| format!("the request was not answered: {error}"))?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| format!("the answer broke off: {error}"))?;
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }

    async fn connection(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let usable = match &mut self.connection {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(self.address)
                .await
                .map_err(|error| error.to_string())?;
            let (sender, connection) = handshake(TokioIo::new(stream))
                .await
                .map_err(|error| error.to_string())?;
            // The task ends when `sender` is dropped.
            tokio::spawn(connection);
            self.connection = Some(sender);
        }
        self.connection
            .as_mut()
            .ok_or_else(|| "no connection".to_owned())
    }
}
