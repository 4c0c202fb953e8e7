//! Counts how often callers were turned away, and why.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use slog::{Logger, warn};
use tokio::time::{MissedTickBehavior, interval};

/// How often the log gets a line of each reason. A caller that floods the door must not flood the
/// disk.
const EVERY: Duration = Duration::from_secs(10);

/// Why a connection was refused, or closed before its caller did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// Its source has as many connections as it may, and none of them gave way.
    Source,
    /// The system had no descriptor for it.
    NoDescriptor,
    /// Its handshake took too long.
    HandshakeTime,
    /// Its handshake gave way to another connection.
    HandshakeDisplaced,
    /// It spoke no TLS that the service speaks, or broke the handshake off.
    Handshake,
    /// It showed no certificate.
    NoCertificate,
    /// Its certificate can't be read, or no trusted authority issued it.
    BadCertificate,
    /// Its certificate is not valid yet, or has expired.
    ExpiredCertificate,
    /// Its certificate was revoked.
    RevokedCertificate,
    /// No list says whether its certificate was revoked, or the list is outdated.
    UnknownRevocation,
    /// Its certificate has none of the allowed names.
    NameNotAllowed,
    /// There were too many connections, and none of them gave way.
    Full,
    /// It gave way to another connection.
    Displaced,
    /// It sent no request in time.
    Silent,
    /// It went too long without an answer.
    Idle,
    /// It lasted as long as a connection may.
    Life,
    /// The HTTP server could not be reached.
    Upstream,
    /// It came from a balancer, and did not begin with a header of the PROXY protocol.
    ProxyHeader,
    /// Its header of the PROXY protocol took too long.
    ProxyTime,
    /// A request came from an address that no known caller has.
    Stranger,
}

impl TurnedAway {
    /// All reasons, in the order of the variants.
    pub(crate) const ALL: [Self; 20] = [
        Self::Source,
        Self::NoDescriptor,
        Self::HandshakeTime,
        Self::HandshakeDisplaced,
        Self::Handshake,
        Self::NoCertificate,
        Self::BadCertificate,
        Self::ExpiredCertificate,
        Self::RevokedCertificate,
        Self::UnknownRevocation,
        Self::NameNotAllowed,
        Self::Full,
        Self::Displaced,
        Self::Silent,
        Self::Idle,
        Self::Life,
        Self::Upstream,
        Self::ProxyHeader,
        Self::ProxyTime,
        Self::Stranger,
    ];

    /// The reasons of a listener without a door.
    pub(crate) const WITHOUT_A_DOOR: [Self; 7] = [
        Self::Source,
        Self::NoDescriptor,
        Self::Full,
        Self::Displaced,
        Self::Silent,
        Self::Idle,
        Self::Life,
    ];

    /// The name that operators see.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Source => "too_many_of_source",
            Self::NoDescriptor => "no_descriptor",
            Self::HandshakeTime => "handshake_time",
            Self::HandshakeDisplaced => "handshake_displaced",
            Self::Handshake => "handshake",
            Self::NoCertificate => "no_certificate",
            Self::BadCertificate => "bad_certificate",
            Self::ExpiredCertificate => "expired_certificate",
            Self::RevokedCertificate => "revoked_certificate",
            Self::UnknownRevocation => "unknown_revocation",
            Self::NameNotAllowed => "name_not_allowed",
            Self::Full => "too_many_connections",
            Self::Displaced => "displaced",
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::Life => "life",
            Self::Upstream => "upstream",
            Self::ProxyHeader => "proxy_header",
            Self::ProxyTime => "proxy_time",
            Self::Stranger => "stranger",
        }
    }

    /// Whether honest connections end like this too, sooner or later.
    const fn is_usual(self) -> bool {
        matches!(self, Self::Silent | Self::Idle | Self::Life)
    }
}

/// The counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: [AtomicU64; TurnedAway::ALL.len()],
    last: Mutex<[Option<IpAddr>; TurnedAway::ALL.len()]>,
}

impl Tally {
    pub(crate) fn count(&self, turned: TurnedAway, source: Option<IpAddr>) {
        self.counts[turned as usize].fetch_add(1, Ordering::Relaxed);
        if let Some(source) = source {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last[turned as usize] = Some(source);
        }
    }

    /// How many callers were turned away for this reason so far.
    pub(crate) fn of(&self, turned: TurnedAway) -> u64 {
        self.counts[turned as usize].load(Ordering::Relaxed)
    }

    fn last(&self, turned: TurnedAway) -> Option<IpAddr> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last[turned as usize]
    }
}

/// Writes a line to the log for each reason with new counts.
pub(super) async fn tell(listener: &'static str, tally: Arc<Tally>, log: Logger) {
    let mut told = TurnedAway::ALL.map(|_| 0);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for turned in TurnedAway::ALL {
            let count = tally.of(turned);
            let before = std::mem::replace(&mut told[turned as usize], count);
            if count == before || turned.is_usual() {
                continue;
            }
            let last = tally.last(turned).map(|source| source.to_string());
            warn!(log, "connections were turned away";
                "listener" => listener,
                "reason" => turned.name(),
                "count" => count - before,
                "since_start" => count,
                "last_source" => last,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_by_itself() {
        for (place, turned) in TurnedAway::ALL.into_iter().enumerate() {
            assert_eq!(turned as usize, place, "{turned:?}");
            let same = TurnedAway::ALL
                .iter()
                .filter(|it| it.name() == turned.name());
            assert_eq!(same.count(), 1, "{turned:?}");
        }
        let tally = Tally::default();
        let source = "192.0.2.1".parse().ok();
        tally.count(TurnedAway::Stranger, source);
        tally.count(TurnedAway::Stranger, None);
        assert_eq!(
            (tally.of(TurnedAway::Stranger), tally.of(TurnedAway::Source)),
            (2, 0)
        );
        assert_eq!(tally.last(TurnedAway::Stranger), source);
    }
}
