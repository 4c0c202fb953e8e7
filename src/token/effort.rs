//! How much work the check of a secret takes, so that a failing check can take as much for every
//! client.

/// An amount of work of each kind. Two checks take equally long if their efforts are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Argon2, in KiB times passes.
    pub argon2: u64,
    /// Rounds of bcrypt: two to the power of its cost.
    pub bcrypt: u64,
    /// Iterations of PBKDF2 for each block of its output, by the hash function.
    pub pbkdf2: [u64; PrfHash::ALL.len()],
}

/// The hash function of PBKDF2's HMAC, RFC 8018 B.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrfHash {
    /// `sha1`
    Sha1,
    /// `sha256`
    Sha256,
    /// `sha384`
    Sha384,
    /// `sha512`
    Sha512,
}

impl Effort {
    /// This service's own hash of a chosen secret: 19 MiB, two passes.
    pub const OWN: Self = Self {
        argon2: 2 * 19 * 1024,
        bcrypt: 0,
        pbkdf2: [0; 4],
    };

    /// The sum of both efforts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// The rest of it after `other` is done; zero where `other` is greater.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    /// The greater effort of each kind.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.each(other, u64::max)
    }

    /// Whether it is zero in each kind.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    fn each(self, other: Self, apply: impl Fn(u64, u64) -> u64) -> Self {
        let mut pbkdf2 = self.pbkdf2;
        for (mine, other) in pbkdf2.iter_mut().zip(other.pbkdf2) {
            *mine = apply(*mine, other);
        }
        Self {
            argon2: apply(self.argon2, other.argon2),
            bcrypt: apply(self.bcrypt, other.bcrypt),
            pbkdf2,
        }
    }
}

impl PrfHash {
    /// All of them, in the order of [`Effort::pbkdf2`].
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in written hashes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of its output in bytes, which is the block length of PBKDF2.
    #[must_use]
    pub const fn block(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('-', "");
        Self::ALL.into_iter().find(|hash| hash.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_are_added_and_compared_by_kind() {
        let bcrypt = Effort {
            bcrypt: 1024,
            ..Effort::default()
        };
        let both = Effort::OWN.plus(bcrypt);
        assert_eq!(both.minus(Effort::OWN), bcrypt);
        assert_eq!(Effort::OWN.max(bcrypt), both);
        assert_eq!(both.max(bcrypt), both);
        assert!(bcrypt.minus(both).is_none() && !bcrypt.is_none());
    }
}
