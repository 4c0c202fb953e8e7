//! How long an access token lives.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// The lifetime of an access token: whole seconds, from one second to one hour (RFC 6750 5.3: "one
/// hour or less").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(u32);

/// A lifetime outside of what RFC 6750 5.3 recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token lives between 1s and 1h, in whole seconds (RFC 6750 5.3)")]
pub struct InvalidLifetime;

impl Lifetime {
    /// Fifteen minutes.
    pub const DEFAULT: Self = Self(900);
    /// One hour.
    pub const MAX: Self = Self(3600);

    /// # Errors
    /// [`InvalidLifetime`] outside 1 second to 1 hour.
    pub fn from_secs(seconds: u64) -> Result<Self, InvalidLifetime> {
        match u32::try_from(seconds) {
            Ok(seconds) if (1..=Self::MAX.0).contains(&seconds) => Ok(Self(seconds)),
            _ => Err(InvalidLifetime),
        }
    }

    /// In seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

impl TryFrom<Duration> for Lifetime {
    type Error = InvalidLifetime;

    fn try_from(duration: Duration) -> Result<Self, InvalidLifetime> {
        if duration.subsec_nanos() == 0 {
            Self::from_secs(duration.as_secs())
        } else {
            Err(InvalidLifetime)
        }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            seconds if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_second_to_an_hour() {
        assert_eq!(Lifetime::from_secs(0), Err(InvalidLifetime));
        assert_eq!(Lifetime::from_secs(3601), Err(InvalidLifetime));
        assert_eq!(Lifetime::from_secs(u64::MAX), Err(InvalidLifetime));
        assert_eq!(
            Lifetime::try_from(Duration::from_millis(1500)),
            Err(InvalidLifetime)
        );
        assert_eq!(Lifetime::from_secs(3600).unwrap().to_string(), "1h");
        assert_eq!(Lifetime::DEFAULT.to_string(), "15m");
        assert_eq!(Lifetime::from_secs(61).unwrap().to_string(), "61s");
    }
}
