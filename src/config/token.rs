//! `[token]`: the properties of access tokens.

use std::time::Duration;

use dropshot_chassis::config::Reader;
use jiff::SignedDuration;

use crate::token::{Algorithm, Audience, Lifetime};

/// Access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// How long they live.
    pub lifetime: Lifetime,
    /// The algorithm of new signing keys.
    pub algorithm: Algorithm,
    /// The `aud` of clients without an audience of their own (RFC 9068 3). `None`: the issuer.
    pub audience: Option<Audience>,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            lifetime: Lifetime::DEFAULT,
            algorithm: Algorithm::Es256,
            audience: None,
        }
    }
}

impl TokenConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let default = Self::default();
        let lifetime = reader.or("token.lifetime", default.lifetime, lifetime);
        let algorithm = reader.or("token.algorithm", default.algorithm, str::parse);
        let audience = reader.optional("token.audience", Audience::parse);
        Some(Self {
            lifetime: lifetime?,
            algorithm: algorithm?,
            audience: audience?,
        })
    }
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| "must be a duration with its unit, such as \"15m\" or \"900s\"")?;
    let duration = Duration::try_from(duration).map_err(|_| "must not be negative")?;
    Lifetime::try_from(duration).map_err(|error| error.to_string())
}
