//! How a client proves who it is: RFC 6749 2.3, RFC 7591 2.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A way of authenticating. Each client has one: RFC 7591's `token_endpoint_auth_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// A secret in the `Authorization` header, RFC 6749 2.3.1.
    ClientSecretBasic,
    /// A JWT signed with a key of the client's own, RFC 7523 2.2.
    PrivateKeyJwt,
    /// The certificate of the connection, by its name, RFC 8705 2.1.
    TlsClientAuth,
}

/// A way of authenticating that this service doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the methods are client_secret_basic, private_key_jwt and tls_client_auth")]
pub struct UnknownAuthMethod;

impl AuthMethod {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::ClientSecretBasic,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
    ];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
        }
    }
}

impl FromStr for AuthMethod {
    type Err = UnknownAuthMethod;

    fn from_str(name: &str) -> Result<Self, UnknownAuthMethod> {
        Self::ALL
            .iter()
            .copied()
            .find(|method| method.as_str() == name)
            .ok_or(UnknownAuthMethod)
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AuthMethod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
