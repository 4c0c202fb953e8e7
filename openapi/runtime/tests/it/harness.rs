//! A server on a free port for the time of a test, and raw requests to it.

use std::net::SocketAddr;
use std::time::Duration;

use dropshot::{
    ConfigDropshot, ConfigLogging, ConfigLoggingLevel, HttpServer, ServerBuilder, ServerContext,
};
use dropshot_contract::{self as rt, dropshot};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub struct Server<C: ServerContext> {
    server: HttpServer<C>,
    client: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header's only value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    /// The status, the reason and the place of a refusal: `400 bounds query/limit`, `400 length
    /// body/items/0`.
    pub fn refusal(&self) -> String {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        assert!(
            !text("request_id").is_empty() && !text("message").is_empty(),
            "{}",
            self.text
        );
        let name = text("name");
        let slash = if name.is_empty() { "" } else { "/" };
        format!(
            "{} {} {}{slash}{name}{}",
            self.status,
            text("error_code"),
            text("location"),
            text("pointer")
        )
    }
}

impl<C: ServerContext> Server<C> {
    pub fn start(api: rt::dropshot::ApiDescription<C>, context: C) -> Self {
        let log = ConfigLogging::StderrTerminal {
            level: ConfigLoggingLevel::Error,
        }
        .to_logger("test")
        .unwrap();
        let server = ServerBuilder::new(api, context, log)
            .config(ConfigDropshot::default())
            .start()
            .unwrap();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { server, client }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(
            method.parse().unwrap(),
            format!("http://{}{path}", self.address()),
        )
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    /// Writes these bytes to a connection of their own and reads until the server closes it.
    pub async fn raw(&self, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(self.address()).await.unwrap();
        connection.write_all(request).await.unwrap();
        read_all(&mut connection).await
    }
}

/// What the server sends until it closes the connection.
pub async fn read_all(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    read.expect("the server closes the connection").ok();
    String::from_utf8(answer).unwrap()
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}
