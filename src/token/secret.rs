//! Client secrets: the form of generated ones, and what the store keeps of each secret.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Effort, ImportedHash, random};

/// A client secret in the clear. It comes from a request, or goes once to the administrator who
/// asked for it. It doesn't print, and its memory is wiped.
#[derive(Clone)]
pub struct ClientSecret(SecretString);

/// A text that can't be a client secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client secret has 1 to 512 bytes and no control characters (RFC 7617 2)")]
pub struct SecretError;

impl ClientSecret {
    /// What every generated secret starts with, so that scanners find a leaked one.
    pub const PREFIX: &str = "d1s_";
    /// 43 characters of base 62 are 256 bits.
    const RANDOM_CHARS: usize = 43;
    const CHECKSUM_CHARS: usize = 6;
    const LENGTH: usize = Self::PREFIX.len() + Self::RANDOM_CHARS + Self::CHECKSUM_CHARS;

    /// A new secret of 256 random bits: `d1s_`, 43 random characters, 6 of checksum.
    #[must_use]
    pub fn generate() -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(Self::PREFIX);
        random::append(&mut text, Self::RANDOM_CHARS);
        let checksum = Self::checksum(&text);
        text.push_str(&checksum);
        Self(text.into())
    }

    /// A secret that came from outside: from a request, or chosen by an administrator.
    ///
    /// # Errors
    /// [`SecretError`], see its message.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let valid =
            (1..=512).contains(&text.len()) && !text.bytes().any(|byte| byte.is_ascii_control());
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(SecretError)
        }
    }

    /// Whether it has the form of a generated secret with the right checksum. An attacker can make
    /// such a text too.
    #[must_use]
    pub fn looks_generated(&self) -> bool {
        Self::has_generated_form(self.expose())
    }

    /// [`Self::looks_generated`] for any text, so that a secret in the wrong place can be
    /// recognised and masked.
    #[must_use]
    pub fn has_generated_form(text: &str) -> bool {
        let body = text
            .len()
            .checked_sub(Self::CHECKSUM_CHARS)
            .and_then(|at| text.split_at_checked(at));
        text.len() == Self::LENGTH
            && text.starts_with(Self::PREFIX)
            && body.is_some_and(|(body, checksum)| Self::checksum(body) == checksum)
    }

    /// Whether it is so short that an attacker who has the store *and* the master key could guess
    /// it.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.expose().len() < 32
    }

    /// The secret itself. A reviewer looks at every call of this.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The first 32 bits of the SHA-256 of `body` in base 62. A scanner tells a secret from a
    /// look-alike by it.
    fn checksum(body: &str) -> String {
        let hash = digest::digest(&digest::SHA256, body.as_bytes());
        let mut rest = hash.as_ref()[..4]
            .iter()
            .fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        let mut digits = [0u8; Self::CHECKSUM_CHARS];
        for digit in digits.iter_mut().rev() {
            *digit = random::BASE_62[(rest % 62) as usize];
            rest /= 62;
        }
        digits.iter().map(|byte| char::from(*byte)).collect()
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// What the store keeps of a secret. [`crate::keys::SecretHasher`] makes and checks it.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretHash {
    /// HMAC-SHA-256 under the store's secret key, for generated secrets. They can't be guessed, so
    /// the hash need not be slow.
    Keyed([u8; 32]),
    /// Argon2id, keyed as well, for chosen secrets; a PHC string.
    Argon2id(String),
    /// The hash of another server, for a chosen secret that its client has not used here yet.
    Imported(ImportedHash),
}

impl SecretHash {
    /// The kind's name on the command line.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Keyed(_) => "hmac-sha256",
            Self::Argon2id(_) => "argon2id",
            Self::Imported(hash) => hash.kind(),
        }
    }

    /// Whether it is of a chosen secret, which an attacker may guess.
    #[must_use]
    pub const fn is_chosen(&self) -> bool {
        matches!(self, Self::Argon2id(_) | Self::Imported(_))
    }

    /// How much work the first check of a secret takes. Later checks compare its digest.
    #[must_use]
    pub fn effort(&self) -> Effort {
        match self {
            Self::Keyed(_) => Effort::default(),
            Self::Argon2id(_) => Effort::OWN,
            Self::Imported(hash) => hash.effort(),
        }
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHash({})", self.kind())
    }
}

/// The id of a secret. It is not secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct SecretId(pub Uuid);

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of a client's secrets, as the store keeps it. Two may be live at once, so that no request is
/// refused during a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredSecret {
    /// Its id.
    pub id: SecretId,
    /// Its hash.
    #[serde(rename = "kind", serialize_with = "kind_only")]
    pub hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; `None` if it doesn't.
    pub expires_at: Option<Timestamp>,
    /// When it last authenticated a request, to within the seconds that the service gathers before
    /// it writes.
    pub last_used_at: Option<Timestamp>,
    /// Where that request came from.
    pub last_used_from: Option<IpAddr>,
}

impl StoredSecret {
    /// Whether it works at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

fn kind_only<S: Serializer>(hash: &SecretHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(hash.kind())
}

/// Text that is wiped after use. It holds a secret between the request's bytes and a
/// [`ClientSecret`].
pub(super) type WipedText = Zeroizing<String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_have_one_form() {
        let (one, two) = (ClientSecret::generate(), ClientSecret::generate());
        assert_eq!(one.expose().len(), 53);
        assert!(
            one.expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        );
        assert!(one.looks_generated() && two.looks_generated() && !one.is_weak());
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn a_changed_character_breaks_the_checksum() {
        let text = ClientSecret::generate().expose().to_owned();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            assert!(
                !ClientSecret::has_generated_form(std::str::from_utf8(&bytes).unwrap()),
                "at {at}"
            );
        }
        assert!(!ClientSecret::has_generated_form(""));
        assert!(!ClientSecret::has_generated_form(&"é".repeat(27)));
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = ClientSecret::parse("hunter2").unwrap();
        assert_eq!(format!("{secret:?}"), "ClientSecret(..)");
        assert_eq!(
            format!("{:?}", SecretHash::Argon2id("$argon2id$x".into())),
            "SecretHash(argon2id)"
        );
    }

    #[test]
    fn control_characters_and_the_empty_text_are_no_secret() {
        for text in ["", "a\nb", "a\0", "\u{7f}", "x".repeat(513).as_str()] {
            assert_eq!(
                ClientSecret::parse(text).unwrap_err(),
                SecretError,
                "{text:?}"
            );
        }
        assert!(ClientSecret::parse("pässword with spaces:+%").is_ok());
    }
}
