//! Durations on the command line, written as in the configuration.

use std::time::Duration;

use jiff::SignedDuration;

/// `24h`, `15m`, `90s`
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| "a duration has its unit, such as 24h, 15m or 90s")?;
    Duration::try_from(duration).map_err(|_| "a duration is not negative".to_owned())
}
