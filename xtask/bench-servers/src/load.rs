//! The load: connections that are kept alive, each sending one and the same request as soon as the last one is answered.
//!
//! Bytes over TCP and no HTTP client, so that one core of load can fill one core of server. Of an answer it reads what tells
//! where it ends.

use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Prints a line of JSON: requests, seconds they took, and the median and 99th percentile of an answer in microseconds.
///
/// # Errors
/// Wrong arguments, and any answer but 200.
pub fn run(arguments: &[&str]) -> Result<(), String> {
    let [address, connections, seconds, file] = arguments else {
        return Err(super::USAGE.to_owned());
    };
    let connections: u16 = connections
        .parse()
        .map_err(|_| format!("CONNECTIONS: {connections:?}"))?;
    let seconds: f64 = seconds
        .parse()
        .map_err(|_| format!("SECONDS: {seconds:?}"))?;
    let duration =
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("SECONDS: {error}"))?;
    let request = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (mut answers, elapsed) =
        runtime.block_on(all(address, connections, duration, request.leak()))?;
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

async fn all(
    address: &str,
    connections: u16,
    duration: Duration,
    request: &'static [u8],
) -> Result<(Vec<Duration>, Duration), String> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| format!("{address}: {error}"))?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        streams.push(stream);
    }
    let start = Instant::now();
    let mut tasks: JoinSet<_> = streams
        .into_iter()
        .map(|stream| one(stream, request, start + duration))
        .collect();
    let mut answers = Vec::new();
    while let Some(done) = tasks.join_next().await {
        answers.append(&mut done.map_err(|error| error.to_string())??);
    }
    Ok((answers, start.elapsed()))
}

async fn one(mut stream: TcpStream, request: &[u8], end: Instant) -> Result<Vec<Duration>, String> {
    let mut answers = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut sent = Instant::now();
    while sent < end {
        stream
            .write_all(request)
            .await
            .map_err(|error| error.to_string())?;
        let mut length = 0;
        loop {
            let read = stream
                .read(&mut buffer[length..])
                .await
                .map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("the server hung up".to_owned());
            }
            length += read;
            if let Some(whole) = whole(&buffer[..length])? {
                if whole != length {
                    return Err("more than one answer to a request".to_owned());
                }
                break;
            }
        }
        let now = Instant::now();
        answers.push(now - sent);
        sent = now;
    }
    Ok(answers)
}

/// The length of the whole answer, once its head is there and its body too.
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
