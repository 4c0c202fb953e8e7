//! Copies of records for log collectors: on standard output, and to a syslog server (RFC 5424).
//!
//! Only the trail in the files counts. No token waits for a collector that is slow or absent:
//! copies that find no room are counted as lost, but their records are in the files.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::AuditError;
use crate::config::SyslogTarget;

/// How many batches may wait for the collectors.
const QUEUE: usize = 1024;
/// How long a collector may take, and how long the stopping service waits for the last copies.
const PATIENCE: Duration = Duration::from_secs(2);
/// The facility `authpriv` and the severity `info` (RFC 5424 6.2.1).
const PRIORITY: u8 = 10 * 8 + 6;
/// RFC 5424 6: no value.
const NIL: &str = "-";

/// A handle to the thread that sends the copies.
#[derive(Debug)]
pub struct Copies {
    sender: SyncSender<Work>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Work {
    /// Whole lines.
    Lines(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The sender of copies to a syslog server.
#[derive(Debug)]
struct Syslog {
    target: SyslogTarget,
    host: String,
    connection: Option<Connection>,
}

#[derive(Debug)]
enum Connection {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Copies {
    /// `None` if no copies are wanted. `host` is this machine's name.
    ///
    /// # Errors
    /// [`AuditError`]: the thread can't be started.
    pub fn open(
        stdout: bool,
        syslog: Option<SyslogTarget>,
        host: &str,
    ) -> Result<Option<Self>, AuditError> {
        if !stdout && syslog.is_none() {
            return Ok(None);
        }
        let (sender, receiver) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let syslog = syslog.map(|target| Syslog {
            target,
            host: host.to_owned(),
            connection: None,
        });
        let counted = lost.clone();
        thread::Builder::new()
            .name("audit-copies".into())
            .spawn(move || run(&receiver, stdout, syslog, &counted))
            .map_err(|error| AuditError::io("audit.syslog", &error))?;
        Ok(Some(Self { sender, lost }))
    }

    /// Hands lines on, if there is room. Otherwise counts them as lost.
    pub(super) fn send(&self, lines: &[u8]) {
        if self.sender.try_send(Work::Lines(lines.to_vec())).is_err() {
            let number = lines.iter().filter(|byte| **byte == b'\n').count();
            self.lost.fetch_add(number as u64, Ordering::Relaxed);
        }
    }

    /// Waits until the collectors have all that was handed on, for two seconds at most.
    pub fn flush(&self) {
        let (done, told) = sync_channel(1);
        if self.sender.try_send(Work::Flush(done)).is_ok() {
            let _they_are_too_slow = told.recv_timeout(PATIENCE);
        }
    }

    /// How many copies were lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

fn run(receiver: &Receiver<Work>, stdout: bool, mut syslog: Option<Syslog>, lost: &AtomicU64) {
    while let Ok(work) = receiver.recv() {
        let lines = match work {
            Work::Lines(lines) => lines,
            Work::Flush(done) => {
                let _gone = done.send(());
                continue;
            }
        };
        if stdout {
            let mut out = io::stdout().lock();
            if out.write_all(&lines).and_then(|()| out.flush()).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Some(syslog) = &mut syslog {
            for line in lines.split(|byte| *byte == b'\n') {
                if !line.is_empty() && syslog.send(line).is_err() {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl Syslog {
    /// Sends a record. After a failure, the next record makes a new connection.
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let line = std::str::from_utf8(line).map_err(io::Error::other)?;
        let message = message(line, &self.host, std::process::id());
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::to(&self.target)?,
        };
        connection.send(message.as_bytes())?;
        self.connection = Some(connection);
        Ok(())
    }
}

impl Connection {
    fn to(target: &SyslogTarget) -> io::Result<Self> {
        Ok(match target {
            SyslogTarget::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Self::Unix(socket)
            }
            SyslogTarget::Udp(server) => {
                let server = address(server)?;
                let any = if server.is_ipv4() {
                    "0.0.0.0:0"
                } else {
                    "[::]:0"
                };
                let socket = UdpSocket::bind(any)?;
                socket.connect(server)?;
                Self::Udp(socket)
            }
            SyslogTarget::Tcp(server) => {
                let stream = TcpStream::connect_timeout(&address(server)?, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Self::Tcp(stream)
            }
        })
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(socket) => socket.send(message).map(drop),
            Self::Udp(socket) => socket.send(message).map(drop),
            // RFC 6587 3.4.1: the length goes before the message.
            Self::Tcp(stream) => {
                let mut framed = format!("{} ", message.len()).into_bytes();
                framed.extend_from_slice(message);
                stream.write_all(&framed)
            }
        }
    }
}

fn address(server: &str) -> io::Result<std::net::SocketAddr> {
    let found = server.to_socket_addrs()?.next();
    found.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The record as a message of RFC 5424 6: with the record's own time, its event as the message's
/// kind (MSGID), and its line as the text.
fn message(line: &str, host: &str, process: u32) -> String {
    let time = member(line, "time").map_or_else(|| NIL.to_owned(), microseconds);
    let event = member(line, "event").unwrap_or(NIL);
    let host = if host.is_empty() { NIL } else { host };
    format!("<{PRIORITY}>1 {time} {host} d1-authz {process} {event} - {line}")
}

/// A member of the record itself, whose value is plain text. Text from a caller can't look like a
/// member, as its quotes are escaped.
fn member<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!("\"{name}\":\""))?;
    Some(rest.split_once('"')?.0)
}

/// RFC 5424 6.2.3: a fraction of a second has six digits at most.
fn microseconds(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, fraction)) => {
            let digits = fraction.trim_end_matches('Z');
            format!("{seconds}.{}Z", &digits[..digits.len().min(6)])
        }
        None => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_message_of_rfc_5424() {
        let line = r#"{"seq":7,"time":"2026-11-30T18:00:00.123456789Z","event":"token.issued","client_id":"a"}"#;
        let expected =
            format!("<86>1 2026-11-30T18:00:00.123456Z bank-1 d1-authz 4711 token.issued - {line}");
        assert_eq!(message(line, "bank-1", 4711), expected);
        let bare = message("{}", "", 1);
        assert_eq!(bare, "<86>1 - - d1-authz 1 - - {}");
        assert_eq!(microseconds("2026-11-30T18:00:00Z"), "2026-11-30T18:00:00Z");
    }

    #[test]
    fn a_collector_that_is_away_costs_copies_and_nothing_else() {
        let nowhere = SyslogTarget::Unix("/no/such/socket".into());
        let copies = Copies::open(false, Some(nowhere), "bank-1")
            .unwrap()
            .unwrap();
        copies.send(b"{}\n{}\n");
        copies.flush();
        assert_eq!(copies.lost(), 2);
        assert!(Copies::open(false, None, "bank-1").unwrap().is_none());
    }
}
