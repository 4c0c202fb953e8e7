//! `audit.syslog`: where copies of records are sent.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogTarget {
    /// A socket of this machine, such as `/dev/log`.
    Unix(PathBuf),
    /// A host and port. Each record is one datagram (RFC 5426).
    Udp(String),
    /// A host and port. All records go over one connection (RFC 6587 3.4.1).
    Tcp(String),
}

impl FromStr for SyslogTarget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "must be \"unix:/dev/log\", \"udp:HOST:PORT\" or \"tcp:HOST:PORT\", with an absolute path";
        let (kind, rest) = text.split_once(':').ok_or(wrong)?;
        let is_address = || {
            let parts = rest.rsplit_once(':');
            parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        match kind {
            "unix" if Path::new(rest).is_absolute() => Ok(Self::Unix(rest.into())),
            "udp" if is_address() => Ok(Self::Udp(rest.to_owned())),
            "tcp" if is_address() => Ok(Self::Tcp(rest.to_owned())),
            _ => Err(wrong),
        }
    }
}

impl fmt::Display for SyslogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Udp(address) => write!(f, "udp:{address}"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_socket_or_an_address() {
        for text in [
            "unix:/dev/log",
            "udp:[2001:db8::1]:514",
            "tcp:log.bank.example:601",
        ] {
            let target: SyslogTarget = text.parse().unwrap();
            assert_eq!(target.to_string(), text);
        }
        for text in [
            "",
            "/dev/log",
            "unix:dev/log",
            "udp:log",
            "tcp::514",
            "udp:log:x",
            "tls:log:1",
        ] {
            assert!(text.parse::<SyslogTarget>().is_err(), "{text}");
        }
    }
}
