//! How often something may happen.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A number of times in a second, a minute or an hour, such as `20/s`. After a pause, that many may
/// come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How often.
    pub times: NonZeroU32,
    /// The period in which they are counted.
    pub per: Period,
}

/// The time that a [`Rate`] counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
}

/// A text that is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number above 0 and its time: 20/s, 600/m or 5000/h")]
pub struct InvalidRate;

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (times, per) = text.split_once('/').ok_or(InvalidRate)?;
        let per = match per {
            "s" => Period::Second,
            "m" => Period::Minute,
            "h" => Period::Hour,
            _ => return Err(InvalidRate),
        };
        let digits = times.bytes().all(|byte| byte.is_ascii_digit());
        let times = times.parse().ok().filter(|_| digits).ok_or(InvalidRate)?;
        Ok(Self { times, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Period::Second => 's',
            Period::Minute => 'm',
            Period::Hour => 'h',
        };
        write!(f, "{}/{per}", self.times)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        for text in ["1/s", "600/m", "4294967295/h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "20",
            "0/s",
            "/s",
            "+1/s",
            "1.5/s",
            "20/d",
            "20/sec",
            "4294967296/s",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(InvalidRate), "{text}");
        }
    }
}
