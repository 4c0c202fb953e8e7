//! Durations on the command line, written as in the configuration.

use std::time::Duration;

use jiff::SignedDuration;

use crate::token::Lifetime;

/// `24h`, `15m`, `90s`
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| "a duration needs its unit, such as 24h, 15m or 90s")?;
    Duration::try_from(duration).map_err(|_| "a duration can't be negative".to_owned())
}

/// A duration that tokens may live for.
pub(super) fn lifetime(text: &str) -> Result<Lifetime, String> {
    Lifetime::try_from(parse(text)?).map_err(|error| error.to_string())
}
