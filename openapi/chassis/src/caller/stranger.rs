//! Requests whose sender can't be told: how the service answers, counts and logs each kind.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dropshot_contract::reply::{self, WithHeaders as _};
use dropshot_contract::{Failure, Response};
use http::StatusCode;
use serde_json::json;
use slog::{Logger, warn};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the service looks for new strangers to log.
const EVERY: Duration = Duration::from_secs(1);
/// How long the log has no further line about a kind. A flood of requests must not flood the disk.
const QUIET: Duration = Duration::from_secs(10);

/// Why the service refuses a request, or doesn't believe a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// The request came past the service's own door or its gateway.
    PastTheDoor,
    /// The request came from the gateway's address without the gateway's secret. Where the service
    /// ends TLS, it counts as a request of the connected caller.
    NoSecret,
    /// The request came from the gateway's address without a certificate of the gateway's. Where
    /// the service ends TLS, it counts as a request of the connected caller.
    NotTheGatewaysCertificate,
    /// The gateway's entry in the address header is no address.
    BadAddress,
    /// The gateway's certificate header has no certificate in a known form.
    BadCertificate,
    /// The gateway's certificate header has several lines, or Envoy's element has several `Cert`.
    SeveralCertificates,
    /// Envoy describes a certificate without passing it on.
    CertificateLeftOut,
}

impl Stranger {
    /// All kinds, in the order of the variants.
    pub(crate) const ALL: [Self; 7] = [
        Self::PastTheDoor,
        Self::NoSecret,
        Self::NotTheGatewaysCertificate,
        Self::BadAddress,
        Self::BadCertificate,
        Self::SeveralCertificates,
        Self::CertificateLeftOut,
    ];

    /// The name that operators see.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PastTheDoor => "past_the_door",
            Self::NoSecret => "no_secret",
            Self::NotTheGatewaysCertificate => "not_the_gateways_certificate",
            Self::BadAddress => "bad_address",
            Self::BadCertificate => "bad_certificate",
            Self::SeveralCertificates => "several_certificates",
            Self::CertificateLeftOut => "certificate_left_out",
        }
    }

    /// What operators can do about it.
    const fn remedy(self) -> &'static str {
        match self {
            Self::PastTheDoor => {
                "a caller went around the gateway, or past the service's own address; if it is the gateway, add its address to \
                 gateway.addresses"
            }
            Self::NoSecret => {
                "the gateway must send gateway.secret_header with a line of gateway.secret_file, and take out what callers send"
            }
            Self::NotTheGatewaysCertificate => {
                "headers of the gateway's were not believed; if they are, give the gateway a certificate with a name of \
                 gateway.certificate_names"
            }
            Self::BadAddress => {
                "the last entry of gateway.address_header is no address; have the gateway add the caller's address there"
            }
            Self::BadCertificate => {
                "gateway.certificate_header has no certificate in a form that is known; compare it with docs/tls.md"
            }
            Self::SeveralCertificates => {
                "have the gateway replace gateway.certificate_header instead of adding to what callers send"
            }
            Self::CertificateLeftOut => {
                "have Envoy pass the certificate on: set_current_client_cert_details: {cert: true}"
            }
        }
    }

    /// The answer that the sender gets.
    #[must_use]
    pub fn response(self) -> Response {
        let (status, why) = match self {
            Self::PastTheDoor => (
                StatusCode::FORBIDDEN,
                "requests are taken through the service's own address or its gateway only",
            ),
            Self::NoSecret | Self::NotTheGatewaysCertificate => (
                StatusCode::FORBIDDEN,
                "requests are taken from a gateway that proves itself only",
            ),
            Self::BadAddress => (
                StatusCode::BAD_REQUEST,
                "the gateway's header does not say an address",
            ),
            Self::BadCertificate => (
                StatusCode::BAD_REQUEST,
                "the gateway's header for the client's certificate has none that can be read",
            ),
            Self::SeveralCertificates => (
                StatusCode::BAD_REQUEST,
                "the gateway's header for the client's certificate is there more than once",
            ),
            Self::CertificateLeftOut => (
                StatusCode::BAD_REQUEST,
                "the gateway's header tells of a client's certificate, and has no Cert",
            ),
        };
        let body = json!({ "error": "invalid_request", "error_description": why });
        reply::json(status, "application/json", &body).header("cache-control", &"no-store")
    }
}

impl From<Stranger> for Failure {
    fn from(stranger: Stranger) -> Self {
        stranger.response().into()
    }
}

/// The number of strangers of each kind since the start.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    counts: [AtomicU64; Stranger::ALL.len()],
    /// The connected address of the last stranger of each kind.
    last: Mutex<[Option<IpAddr>; Stranger::ALL.len()]>,
}

impl Strangers {
    pub(super) fn count(&self, stranger: Stranger, connected: IpAddr) {
        self.counts[stranger as usize].fetch_add(1, Ordering::Relaxed);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last[stranger as usize] = Some(connected);
    }

    /// The number of this kind.
    pub(crate) fn of(&self, stranger: Stranger) -> u64 {
        self.counts[stranger as usize].load(Ordering::Relaxed)
    }

    fn last(&self, stranger: Stranger) -> Option<IpAddr> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last[stranger as usize]
    }

    /// Writes a line to the log for each kind that has new strangers, until the future is dropped.
    /// The line doesn't repeat the headers, since callers may have written them.
    pub(super) async fn tell(&self, log: &Logger) {
        let mut told = Stranger::ALL.map(|_| (0, None::<Instant>));
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            for (stranger, (before, when)) in Stranger::ALL.into_iter().zip(&mut told) {
                let count = self.of(stranger);
                let is_quiet = when.is_some_and(|when| now - when < QUIET);
                if count == *before || is_quiet {
                    continue;
                }
                warn!(log, "the caller of a request can't be determined";
                    "reason" => stranger.name(),
                    "count" => count - *before,
                    "since_start" => count,
                    "last_source" => self.last(stranger).map(|source| source.to_string()),
                    "remedy" => stranger.remedy(),
                );
                (*before, *when) = (count, Some(now));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_by_itself() {
        for (place, stranger) in Stranger::ALL.into_iter().enumerate() {
            assert_eq!(stranger as usize, place, "{stranger:?}");
            let same = Stranger::ALL
                .iter()
                .filter(|it| it.name() == stranger.name());
            assert_eq!(same.count(), 1, "{stranger:?}");
        }
        let strangers = Strangers::default();
        let source: IpAddr = [192, 0, 2, 1].into();
        strangers.count(Stranger::BadAddress, source);
        let counts = Stranger::ALL.map(|stranger| strangers.of(stranger));
        assert_eq!(counts, [0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(strangers.last(Stranger::BadAddress), Some(source));
    }
}
