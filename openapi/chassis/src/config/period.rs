//! Periods as the configuration writes them: `90d`, `24h`, `5m`, `10s`.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// A period of whole seconds, printed as the configuration writes it. A day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// A period of this many days.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(Duration::from_secs(days * 24 * 3600))
    }

    /// Reads a period that must be within a range.
    pub fn within(range: RangeInclusive<Self>) -> impl FnOnce(&str) -> Result<Self, String> {
        move |text| match parse(text) {
            Some(period) if range.contains(&period) => Ok(period),
            _ => Err(format!(
                "must be a period between {} and {}, with its unit, such as \"90d\", \"24h\", \"5m\" or \"10s\"",
                range.start(),
                range.end()
            )),
        }
    }
}

fn parse(text: &str) -> Option<Period> {
    let span: Span = text.parse().ok()?;
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()
        .filter(|duration: &SignedDuration| duration.subsec_nanos() == 0)?;
    Duration::try_from(duration).ok().map(Period)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        for (unit, name) in [(24 * 3600, "d"), (3600, "h"), (60, "m")] {
            if seconds > 0 && seconds.is_multiple_of(unit) {
                return write!(f, "{}{name}", seconds / unit);
            }
        }
        write!(f, "{seconds}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_printed_as_it_is_written() {
        let read = |text| Period::within(Period::days(0)..=Period::days(400))(text);
        for text in ["90d", "25h", "5m", "61s", "0s"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        assert_eq!(read("1d 12h").unwrap().to_string(), "36h");
        for text in ["", "90", "-1d", "1.5s", "401d", "1 month", "soon"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("between 0s and 400d"), "{text}: {error}");
        }
    }
}
