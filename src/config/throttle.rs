//! `[throttle]`: how fast callers may ask.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use dropshot_chassis::config::Reader;
use jiff::SignedDuration;

/// The limits on callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleConfig {
    /// Whether callers that send wrong credentials have to wait.
    pub enabled: bool,
    /// How many wrong credentials for one client a source may send without a wait. This allows for
    /// mistakes, and for clients that try two encodings. Over all clients, a source may send twenty
    /// times as many.
    pub free_failures: u32,
    /// The longest wait after a further failure. The waits grow: 1 s, 2 s, 4 s and so on. One
    /// failure is forgiven in each such time.
    pub max_delay: Duration,
    /// How many requests the service reads and answers at a time. It refuses a further one with
    /// 503.
    pub requests: u32,
    /// How fast an authenticated client may make requests. `None`: as fast as it likes.
    pub client_rate: Option<ClientRate>,
}

/// How often one client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientRate {
    /// Requests a second, on average.
    pub per_second: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            free_failures: 10,
            max_delay: Duration::from_secs(5 * 60),
            requests: 1024,
            client_rate: None,
        }
    }
}

impl ThrottleConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let enabled = reader.or("throttle.enabled", default.enabled, |text| {
            text.parse::<bool>()
                .map_err(|_| "must be true or false, without quotes")
        });
        let free_failures =
            reader.or(
                "throttle.free_failures",
                default.free_failures,
                |text| match text.parse() {
                    Ok(number @ 1..=1000) => Ok(number),
                    _ => Err("must be a number between 1 and 1000"),
                },
            );
        let max_delay = reader.or("throttle.max_delay", Delay(default.max_delay), str::parse);
        let requests = reader.or("throttle.requests", default.requests, |text| {
            match text.parse() {
                Ok(number @ 16..=1_000_000) => Ok(number),
                _ => Err("must be a whole number between 16 and 1000000"),
            }
        });
        let rate = reader.optional("throttle.client_rate", positive);
        let burst = reader.optional("throttle.client_burst", positive);
        Some(Self {
            enabled: enabled?,
            free_failures: free_failures?,
            max_delay: max_delay?.0,
            requests: requests?,
            client_rate: match (rate?, burst?) {
                (None, None) => None,
                (Some(per_second), burst) => Some(ClientRate {
                    per_second,
                    burst: burst.unwrap_or(per_second),
                }),
                (None, Some(_)) => {
                    reader.mistake(
                        "throttle.client_burst",
                        "has no meaning without throttle.client_rate",
                    );
                    None
                }
            },
        })
    }
}

fn positive(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse()
        .map_err(|_| "must be a whole number above 0; leave it out for no limit")
}

/// A wait, shown in the form in which a configuration has it.
struct Delay(Duration);

impl FromStr for Delay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be a duration between 1s and 24h with its unit, such as \"5m\"";
        let duration: SignedDuration = text.parse().map_err(|_| WRONG)?;
        let duration = Duration::try_from(duration).map_err(|_| WRONG)?;
        if (1..=24 * 3600).contains(&duration.as_secs()) {
            Ok(Self(duration))
        } else {
            Err(WRONG)
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duration = SignedDuration::try_from(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{duration:#}")
    }
}
