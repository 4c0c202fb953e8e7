//! The algorithms that a client may sign its assertions with.

use std::fmt;
use std::str::FromStr;

/// A signature algorithm of client assertions: RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2. There are
/// more than this service signs tokens with, because clients have keys of many makers. Neither
/// `none` nor a symmetric algorithm is among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssertionAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519, by the name that RFC 8037 has for it.
    EdDsa,
    /// Ed25519, by the name that RFC 9864 has for it.
    Ed25519,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
}

/// A name that isn't one of [`AssertionAlgorithm`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the algorithms of client assertions are {}",
    AssertionAlgorithm::NAMES
)]
pub struct UnknownAssertionAlgorithm;

impl AssertionAlgorithm {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::Ed25519,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];
    /// Their names, for people.
    pub const NAMES: &str =
        "ES256, ES384, ES512, EdDSA, Ed25519, RS256, RS384, RS512, PS256, PS384 and PS512";

    /// The name in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }

    /// Whether a key for the algorithm `named` fits this one. The two names of Ed25519 mean one
    /// algorithm.
    #[must_use]
    pub fn is(self, named: &str) -> bool {
        let ed25519 = ["EdDSA", "Ed25519"];
        self.as_str() == named || (ed25519.contains(&self.as_str()) && ed25519.contains(&named))
    }
}

impl FromStr for AssertionAlgorithm {
    type Err = UnknownAssertionAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAssertionAlgorithm> {
        let mut all = Self::ALL.iter().copied();
        all.find(|algorithm| algorithm.as_str() == name)
            .ok_or(UnknownAssertionAlgorithm)
    }
}

impl fmt::Display for AssertionAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_among_the_names_and_no_weak_one_is() {
        let said = UnknownAssertionAlgorithm.to_string();
        for algorithm in AssertionAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(*algorithm));
            assert!(said.contains(algorithm.as_str()), "{algorithm}");
        }
        for name in ["none", "HS256", "ES256K", "RS1", "es256", ""] {
            assert!(name.parse::<AssertionAlgorithm>().is_err(), "{name}");
        }
        assert!(AssertionAlgorithm::Ed25519.is("EdDSA") && AssertionAlgorithm::EdDsa.is("Ed25519"));
        assert!(!AssertionAlgorithm::Rs256.is("PS256"));
    }
}
