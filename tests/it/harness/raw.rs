//! A TCP connection that sends what no HTTP library would.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Connection(TcpStream);

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends bytes. Gives whether the other end still took them.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Reads until the other end closes.
    pub async fn read_to_end(mut self) -> String {
        let mut bytes = Vec::new();
        // The other end may reset the connection after its answer.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut bytes))
            .await
            .expect("it never closes");
        String::from_utf8(bytes).unwrap()
    }

    /// Reads an answer with its body. The connection stays open.
    pub async fn read_answer(&mut self) -> String {
        let answer = read_answer(&mut self.0).await;
        answer.unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Sends a request on a new connection, and reads the answer.
    pub async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
        let mut connection = Self::open(address).await;
        connection.send(request).await;
        connection.read_answer().await
    }
}

/// Reads an answer with its body.
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").map_or(0, |value| value.parse().unwrap());
            if body.len() >= length {
                return Ok(text.into_owned());
            }
        }
        let closed = format!("it closed after {text:?}");
        let read = timeout(PATIENCE, stream.read_buf(&mut bytes)).await;
        if read.map_err(io::Error::other)?? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, closed));
        }
    }
}

pub fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    code.parse()
        .unwrap_or_else(|_| panic!("no answer: {answer:?}"))
}

/// The value of a header of an answer.
pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
