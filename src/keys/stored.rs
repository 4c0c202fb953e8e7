//! A signing key as the store keeps it: sealed, with the times of its life.

use jiff::Timestamp;
use jsonwebtoken::jwk::ThumbprintHash;
use serde::Serialize;

use super::Jwk;
use crate::token::Algorithm;

/// A signing key at rest. Its state is not stored, but follows from its times, so no replica has to
/// carry out a change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The `kid`, an RFC 7638 thumbprint.
    pub id: String,
    /// The algorithm with which it signs.
    pub algorithm: Algorithm,
    /// The public half.
    pub public_jwk: Jwk,
    /// The private half. `None` once the key can't sign any more.
    pub private_half: Option<PrivateHalf>,
    /// When it was made, and published.
    pub created_at: Timestamp,
    /// When it starts to sign. This is after its publication, so that verifiers know it by then.
    pub signs_from: Timestamp,
    /// When it stops signing.
    pub signs_until: Option<Timestamp>,
    /// When it leaves the JWK set, which is after the last token that it signed has expired.
    pub published_until: Option<Timestamp>,
    /// When an administrator withdrew it, for example because it leaked.
    pub revoked_at: Option<Timestamp>,
    /// Why it was withdrawn, in the administrator's words.
    pub revocation_reason: Option<String>,
}

/// Where the private half of a key is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateHalf {
    /// In the store: PKCS#8, sealed under the name `signing key <id>`.
    Sealed(Vec<u8>),
    /// In a PKCS#11 token, as the object with this `CKA_ID`.
    InToken(Vec<u8>),
}

impl PrivateHalf {
    /// `store` or `token`.
    #[must_use]
    pub const fn place(&self) -> &'static str {
        match self {
            Self::Sealed(_) => "store",
            Self::InToken(_) => "token",
        }
    }
}

/// Where a signing key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// In the JWK set, not yet signing.
    Published,
    /// Signing.
    Signing,
    /// In the JWK set for the tokens it signed.
    Retained,
    /// Out of the JWK set.
    Retired,
    /// Withdrawn.
    Revoked,
}

impl KeyState {
    /// All of them, in the order of a key's life.
    pub const ALL: [Self; 5] = [
        Self::Published,
        Self::Signing,
        Self::Retained,
        Self::Retired,
        Self::Revoked,
    ];

    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retained => "retained",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

impl StoredKey {
    /// Whether its id, the `kid` of its public half, and the RFC 7638 thumbprint of its public half
    /// are equal.
    #[must_use]
    pub fn is_named_after_itself(&self) -> bool {
        let thumbprint = self.public_jwk.thumbprint(ThumbprintHash::SHA256);
        let kid = self.public_jwk.common.key_id.as_ref();
        thumbprint.is_ok_and(|thumbprint| thumbprint == self.id) && kid == Some(&self.id)
    }

    /// Its state at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        let over = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if over(self.published_until) {
            KeyState::Retired
        } else if over(self.signs_until) {
            KeyState::Retained
        } else if self.signs_from <= now {
            KeyState::Signing
        } else {
            KeyState::Published
        }
    }
}
