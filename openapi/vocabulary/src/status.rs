//! The keys of `responses`.

use std::fmt;

/// Which status codes a response stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `200`
    Code(u16),
    /// `4XX`, by its first digit.
    Range(u8),
    /// `default`
    Default,
}

impl Status {
    /// The status that a key of `responses` stands for; `None` if the key is no status.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        match key.as_bytes() {
            b"default" => Some(Self::Default),
            [first @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => Some(Self::Range(first - b'0')),
            [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => key.parse().ok().map(Self::Code),
            _ => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Range(digit) => write!(f, "{digit}XX"),
            Self::Default => f.write_str("default"),
        }
    }
}
