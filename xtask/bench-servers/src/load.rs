//! The load: each connection sends the next request as soon as the last one is answered. It sends
//! one request again and again, or several in turns. Connections are kept alive or made anew for
//! each request.
//!
//! The load writes bytes to TCP or TLS and has no HTTP client, so that one core of load can fill
//! one core of server. It reads only the status and the length of an answer.

use crate::tls;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Prints a line of JSON: the number of requests, the seconds that they took, and the median and
/// the 99th percentile of the time to an answer in microseconds.
///
/// # Errors
/// Wrong arguments, and any answer but 200.
pub fn run(arguments: &[&str]) -> Result<(), String> {
    let [
        connections,
        address,
        number,
        seconds,
        file,
        certificates @ ..,
    ] = arguments
    else {
        return Err(super::USAGE.to_owned());
    };
    let connections = match *connections {
        "kept" => Connections::Kept,
        "new" => Connections::New,
        _ => return Err(super::USAGE.to_owned()),
    };
    let connector = match certificates {
        [] => None,
        [authority, certificate, key] => Some(tls::connector(
            Path::new(authority),
            Path::new(certificate),
            Path::new(key),
        )?),
        _ => return Err(super::USAGE.to_owned()),
    };
    let number: u16 = number
        .parse()
        .map_err(|_| format!("CONNECTIONS: {number:?}"))?;
    let seconds: f64 = seconds
        .parse()
        .map_err(|_| format!("SECONDS: {seconds:?}"))?;
    let duration =
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("SECONDS: {error}"))?;
    let requests = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    // The requests are separated by NUL, which no request contains.
    let requests = requests.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let caller = Caller {
        address: (*address).to_owned(),
        connector,
        connections,
        requests: requests.collect(),
        turn: AtomicUsize::new(0),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (mut answers, elapsed) = runtime.block_on(all(caller, number, duration))?;
    answers.sort_unstable();
    let at = |part: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let index = (answers.len() as f64 * part) as usize;
        answers
            .get(index)
            .map_or(0.0, |answer| answer.as_secs_f64() * 1e6)
    };
    let figures = serde_json::json!({
        "requests": answers.len(),
        "seconds": elapsed.as_secs_f64(),
        "median_us": at(0.5),
        "p99_us": at(0.99),
    });
    println!("{figures}");
    Ok(())
}

/// How long a connection lasts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    /// As long as the load runs.
    Kept,
    /// For one request.
    New,
}

/// The server that the load asks, and the requests.
struct Caller {
    address: String,
    connector: Option<TlsConnector>,
    connections: Connections,
    /// The requests, which are sent in turns.
    requests: Vec<Vec<u8>>,
    turn: AtomicUsize,
}

trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

async fn all(
    caller: Caller,
    number: u16,
    duration: Duration,
) -> Result<(Vec<Duration>, Duration), String> {
    let mut kept = Vec::new();
    for _ in 0..number {
        kept.push(match caller.connections {
            Connections::Kept => Some(caller.connect().await?),
            Connections::New => None,
        });
    }
    let caller = Arc::new(caller);
    let start = Instant::now();
    let mut tasks: JoinSet<_> = kept
        .into_iter()
        .map(|kept| one(caller.clone(), kept, start + duration))
        .collect();
    let mut answers = Vec::new();
    while let Some(done) = tasks.join_next().await {
        answers.append(&mut done.map_err(|error| error.to_string())??);
    }
    Ok((answers, start.elapsed()))
}

async fn one(
    caller: Arc<Caller>,
    mut kept: Option<Box<dyn Connection>>,
    end: Instant,
) -> Result<Vec<Duration>, String> {
    let mut answers = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut began = Instant::now();
    while began < end {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => caller.connect().await?,
        };
        caller.ask(&mut connection, &mut buffer).await?;
        answers.push(began.elapsed());
        match caller.connections {
            Connections::Kept => kept = Some(connection),
            Connections::New => hang_up(connection, &mut buffer).await?,
        }
        began = Instant::now();
    }
    Ok(answers)
}

impl Caller {
    async fn connect(&self) -> Result<Box<dyn Connection>, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.address);
        let stream = TcpStream::connect(&self.address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let Some(connector) = &self.connector else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
        Ok(Box::new(
            connector.connect(name, stream).await.map_err(failed)?,
        ))
    }

    async fn ask(
        &self,
        connection: &mut Box<dyn Connection>,
        buffer: &mut [u8],
    ) -> Result<(), String> {
        let failed = |error: std::io::Error| error.to_string();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let request = &self.requests[turn % self.requests.len()];
        connection.write_all(request).await.map_err(failed)?;
        connection.flush().await.map_err(failed)?;
        let mut length = 0;
        loop {
            let read = connection.read(&mut buffer[length..]).await;
            match read.map_err(failed)? {
                0 => return Err("the server hung up".to_owned()),
                read => length += read,
            }
            match whole(&buffer[..length])? {
                Some(whole) if whole == length => return Ok(()),
                Some(_) => return Err("more than one answer to a request".to_owned()),
                None => {}
            }
        }
    }
}

/// Closes a connection, and waits until the server has closed it too.
async fn hang_up(mut connection: Box<dyn Connection>, buffer: &mut [u8]) -> Result<(), String> {
    let end = async {
        connection.shutdown().await?;
        connection.read(buffer).await
    };
    match end.await {
        // In TLS, a server that doesn't send `close_notify` has closed the connection as well.
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err("more than an answer".to_owned()),
    }
}

/// The length of the answer. `None` until its head and its body are there.
fn whole(answer: &[u8]) -> Result<Option<usize>, String> {
    let shown = || String::from_utf8_lossy(answer).into_owned();
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err(format!("an answer that isn't 200: {}", shown()));
    }
    let text = std::str::from_utf8(&answer[..head]).map_err(|_| shown())?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.ok_or_else(|| format!("an answer without a length: {}", shown()))?;
    let whole = head + 4 + length;
    Ok((answer.len() >= whole).then_some(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(whole(answer), Ok(Some(answer.len())));
        for short in 0..answer.len() {
            assert_eq!(whole(&answer[..short]), Ok(None), "{short}");
        }
        assert!(whole(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n").is_err());
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
