//! What a client may name as the audience of its assertions.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A setting of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssertionAudience {
    /// The issuer, and nothing else. An assertion that a client sends to a hostile server is then
    /// not good at this one (RFC 7523bis).
    Issuer,
    /// The URL of the token endpoint as well, which older libraries send (RFC 7523 3).
    TokenEndpoint,
}

impl AssertionAudience {
    /// Its name on the command line and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::TokenEndpoint => "token-endpoint",
        }
    }
}

impl FromStr for AssertionAudience {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "issuer" => Ok(Self::Issuer),
            "token-endpoint" => Ok(Self::TokenEndpoint),
            _ => Err("the aud of its assertions may be: issuer, or token-endpoint as well"),
        }
    }
}

impl fmt::Display for AssertionAudience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AssertionAudience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
