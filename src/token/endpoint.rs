//! The endpoints that answer with OAuth's errors.

/// The endpoint of a request, as far as it is known of a request that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A token: RFC 6749 3.2.
    Token,
    /// The introspection of a token: RFC 7662 2.
    Introspection,
    /// The revocation of a token: RFC 7009 2.
    Revocation,
}

impl Endpoint {
    /// Its name in the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
        }
    }
}
