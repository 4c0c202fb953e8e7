//! The limits on a client's texts and lists.
//!
//! Because of them, a list of clients can be printed, and a client can send each of its tokens back
//! to be revoked or introspected.

use dropshot_chassis::identity::Thumbprint;

use super::{Algorithm, Audience, Claims, Client, Confirmation, EncodedHeader, UnsignedToken};

/// A setting of a client that is over its limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    /// A text is too long.
    #[error("{field}: it has {length} characters, and {most} are the limit")]
    Text {
        /// The setting.
        field: &'static str,
        /// The length of the text.
        length: usize,
        /// The limit.
        most: usize,
    },
    /// A list has too many entries.
    #[error("{field}: there are {number} of them, and {most} are the limit")]
    Number {
        /// The setting.
        field: &'static str,
        /// How many there are.
        number: usize,
        /// The limit.
        most: usize,
    },
    /// Tokens would be too long.
    #[error(
        "scope, audiences: a token with all of them would have {length} characters, and {most} are the limit (a longer one fits \
         into no header, and could not be revoked); give it fewer or shorter ones, or make two clients"
    )]
    Token {
        /// The length of a token.
        length: usize,
        /// The limit.
        most: usize,
    },
}

/// Gives a text of a client; `None` if it doesn't have one.
type TextOf = fn(&Client) -> Option<String>;

impl Client {
    /// The limit of its name and its contact, in characters.
    pub const LONGEST_NAME: usize = 255;
    /// The limit of its note, in characters.
    pub const LONGEST_NOTE: usize = 2_000;
    /// The limit of its certificate's name, in characters.
    pub const LONGEST_CERTIFICATE_NAME: usize = 1_024;
    /// The most networks that it may have.
    pub const MOST_NETWORKS: usize = 256;
    /// The limit of its tokens, in characters. Such a token fits into a header of 8 KiB, which most
    /// web servers accept. With the longest client assertion, it fits into the form of 16 KiB in
    /// which it is revoked.
    pub const LONGEST_TOKEN: usize = 7_680;

    /// Checks a client's settings against the limits. Settings that `before` has already are not
    /// checked: a client of an earlier release may be over a limit, and can still be changed.
    ///
    /// # Errors
    /// [`OverLimit`]: the first limit that is exceeded.
    pub fn check_limits(&self, before: Option<&Self>) -> Result<(), OverLimit> {
        let texts: [(_, _, TextOf); 4] = [
            ("name", Self::LONGEST_NAME, |it| Some(it.name.clone())),
            ("contact", Self::LONGEST_NAME, |it| it.contact.clone()),
            ("note", Self::LONGEST_NOTE, |it| it.note.clone()),
            ("certificate_name", Self::LONGEST_CERTIFICATE_NAME, |it| {
                it.certificate_name.as_ref().map(ToString::to_string)
            }),
        ];
        for (field, most, of) in texts {
            let new = of(self);
            let length = new.as_deref().map_or(0, |text| text.chars().count());
            let is_new = before.is_none_or(|before| of(before) != new);
            if is_new && length > most {
                return Err(OverLimit::Text {
                    field,
                    length,
                    most,
                });
            }
        }
        let (number, most) = (self.networks.len(), Self::MOST_NETWORKS);
        let is_new = before.is_none_or(|before| before.networks != self.networks);
        if is_new && number > most {
            return Err(OverLimit::Number {
                field: "networks",
                number,
                most,
            });
        }
        let (length, most) = (self.longest_token(), Self::LONGEST_TOKEN);
        let is_longer = before.is_none_or(|before| before.longest_token() < length);
        if is_longer && length > most {
            return Err(OverLimit::Token { length, most });
        }
        Ok(())
    }

    /// The length of the longest token that the client can get: with all of its scope and
    /// audiences, the longest issuer, a certificate, and the longest signature.
    fn longest_token(&self) -> usize {
        /// The signature of an RSA key of 4,096 bits.
        const SIGNATURE: [u8; 512] = [0; 512];
        let issuer = "x".repeat(Audience::LONGEST);
        let default: Vec<Audience> = Audience::parse(&issuer).into_iter().collect();
        let confirmation = Confirmation {
            thumbprint: Thumbprint::of(&[]),
        };
        let claims = Claims {
            issuer: &issuer,
            subject: &self.id,
            client_id: &self.id,
            audiences: match self.audiences.as_slice() {
                [] => &default,
                own => own,
            },
            expires_at: i64::from(u32::MAX),
            issued_at: i64::from(u32::MAX),
            token_id: "0123456789012345678901",
            confirmation: Some(&confirmation),
            scope: &self.scope,
        };
        // A key's id is a SHA-256, as the certificate's thumbprint is.
        let header = EncodedHeader::new(Algorithm::Es256, &confirmation.thumbprint.to_string());
        UnsignedToken::new(&header, &claims)
            .with_signature(&SIGNATURE)
            .len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{ClientId, Scope};

    fn client() -> Client {
        Client::new(ClientId::generate(), "Thales D1", Scope::default())
    }

    #[test]
    fn each_text_has_a_limit() {
        let long = |length: usize| "ä".repeat(length);
        let with = |edit: &dyn Fn(&mut Client)| {
            let mut client = client();
            edit(&mut client);
            client.check_limits(None)
        };
        with(&|it| it.name = long(Client::LONGEST_NAME)).unwrap();
        with(&|it| it.note = Some(long(Client::LONGEST_NOTE))).unwrap();
        for (field, edit) in [
            ("name", &|it: &mut Client| {
                it.name = long(Client::LONGEST_NAME + 1);
            }),
            ("contact", &|it| {
                it.contact = Some(long(Client::LONGEST_NAME + 1));
            }),
            ("note", &|it| it.note = Some(long(Client::LONGEST_NOTE + 1))),
            ("certificate_name", &|it| {
                let name = format!("dns:{}", "x".repeat(Client::LONGEST_CERTIFICATE_NAME));
                it.certificate_name = name.parse().ok();
            }),
            ("networks", &|it| {
                let network = "192.0.2.0/24".parse().unwrap();
                it.networks = vec![network; Client::MOST_NETWORKS + 1];
            }),
        ] as [(&str, &dyn Fn(&mut Client)); 5]
        {
            let error = with(edit).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }

    #[test]
    fn scope_and_audiences_are_limited_by_the_token_that_has_them() {
        let mut client = client();
        let scope = |number: usize| {
            let tokens: Vec<_> = (0..number).map(|it| format!("scope-{it:06}")).collect();
            Scope::parse(&tokens.join(" ")).unwrap()
        };
        client.scope = scope(300);
        client.check_limits(None).unwrap();
        client.scope = scope(1_400);
        assert!(matches!(
            client.check_limits(None),
            Err(OverLimit::Token { length, .. }) if length > 20_000
        ));
        client.scope = scope(1);
        // Each of the two characters takes two in JSON.
        let audience = Audience::parse(&"\"\\".repeat(127)).unwrap();
        client.audiences = vec![audience; 12];
        assert!(matches!(
            client.check_limits(None),
            Err(OverLimit::Token { .. })
        ));
    }

    #[test]
    fn a_client_of_before_can_be_changed() {
        let mut before = client();
        before.name = "N".repeat(65_536);
        let mut after = before.clone();
        after.contact = Some("ops@bank.example".to_owned());
        after.check_limits(Some(&before)).unwrap();
        after.name.push('N');
        assert!(after.check_limits(Some(&before)).is_err());
    }
}
