//! Grant types: how a client asks for a token.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A grant type that this service can carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// RFC 6749 4.4: the client asks on its own behalf.
    ClientCredentials,
}

/// A grant type that this service doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown grant type; known is: client_credentials")]
pub struct UnknownGrant;

impl GrantType {
    /// All of them, for RFC 8414's `grant_types_supported`.
    pub const ALL: &[Self] = &[Self::ClientCredentials];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
        }
    }
}

impl FromStr for GrantType {
    type Err = UnknownGrant;

    fn from_str(name: &str) -> Result<Self, UnknownGrant> {
        Self::ALL
            .iter()
            .copied()
            .find(|grant| grant.as_str() == name)
            .ok_or(UnknownGrant)
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for GrantType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
