//! The name of a token, its `jti`.

use std::fmt;
use std::ops::Deref;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

/// 128 random bits in base64url. The name is unique (RFC 7519 4.1.7) and doesn't show how many
/// tokens there are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenId([u8; 22]);

impl TokenId {
    /// A new name.
    ///
    /// # Errors
    /// [`Unspecified`]: the random generator failed.
    pub fn generate() -> Result<Self, Unspecified> {
        let mut bits = [0; 16];
        rand::fill(&mut bits)?;
        let mut text = [0; 22];
        URL_SAFE_NO_PAD
            .encode_slice(bits, &mut text)
            .map_err(|_| Unspecified)?;
        Ok(Self(text))
    }

    /// The name of a token that this service signed; `None` if the text has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let text: [u8; 22] = text.as_bytes().try_into().ok()?;
        text.iter().copied().all(alphabet).then_some(Self(text))
    }
}

impl Deref for TokenId {
    type Target = str;

    fn deref(&self) -> &str {
        // All of base64url's alphabet is ASCII, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for TokenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_this_form_is_read() {
        let made = TokenId::generate().unwrap();
        assert_eq!(TokenId::parse(&made), Some(made));
        for text in [
            "",
            "aXXSLDIH3lgKOoHPgSwPW",
            "aXXSLDIH3lgKOoHPgSwPWwx",
            "aXXSLDIH3lgKOoHPgSwPW=",
            "aXXSLDIH3lgKOoHPgSwPé",
        ] {
            assert_eq!(TokenId::parse(text), None, "{text:?}");
        }
    }
}
