//! A registered client, RFC 6749 2: who may ask for tokens, and for which.

use std::borrow::Borrow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use dropshot_chassis::identity::{CertificateName, Network};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    Algorithm, AssertionAudience, AuthMethod, CertificateBinding, GrantType, JwksUri, Lifetime,
    Rate, Scope, random,
};

/// A registered client. The secrets and public keys that it proves itself with are kept apart, the
/// secrets as [`super::StoredSecret`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The identifier it authenticates with.
    #[serde(rename = "client_id")]
    pub id: ClientId,
    /// A name for people.
    pub name: String,
    /// Whether it may get tokens at all.
    pub status: Status,
    /// How it proves who it is.
    #[serde(rename = "token_endpoint_auth_method")]
    pub auth_method: AuthMethod,
    /// The audience that its assertions may name, with `private_key_jwt`.
    pub assertion_audience: AssertionAudience,
    /// The name of the certificate that it proves itself with, by `tls_client_auth` (RFC 8705
    /// 2.1.2).
    pub certificate_name: Option<CertificateName>,
    /// Where it publishes its public keys, with `private_key_jwt`, if it didn't hand them in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<JwksUri>,
    /// All it may ask for, and what it gets when it asks for nothing.
    pub scope: Scope,
    /// The `aud` of its tokens (RFC 9068 3); when empty, the service's default audience.
    pub audiences: Vec<Audience>,
    /// The grant types it may use.
    pub grants: Vec<GrantType>,
    /// The JSON type of `expires_in` in its replies.
    pub expires_in_as: ExpiresInAs,
    /// Whether it may call the introspection endpoint (RFC 7662 2.1).
    pub may_introspect: bool,
    /// Which of its tokens are bound to the certificate that they were asked for with.
    pub certificate_binding: CertificateBinding,
    /// Where its requests may come from; anywhere when empty.
    pub networks: Vec<Network>,
    /// How often it may ask; `None` for the rate that the service allows every client.
    pub rate: Option<Rate>,
    /// From when on it gets no tokens; `None` for no end.
    pub expires_at: Option<Timestamp>,
    /// The lifetime of its tokens; `None` for the service's.
    pub token_lifetime: Option<Lifetime>,
    /// The algorithm that its tokens are signed with; `None` for the service's default.
    pub token_algorithm: Option<Algorithm>,
    /// Whom to ask about it.
    pub contact: Option<String>,
    /// Anything its administrators want to remember.
    pub note: Option<String>,
}

impl Client {
    /// An enabled client with the default value of each other setting.
    #[must_use]
    pub fn new(id: ClientId, name: impl Into<String>, scope: Scope) -> Self {
        Self {
            id,
            name: name.into(),
            status: Status::Enabled,
            auth_method: AuthMethod::ClientSecretBasic,
            assertion_audience: AssertionAudience::Issuer,
            certificate_name: None,
            jwks_uri: None,
            scope,
            audiences: Vec::new(),
            grants: vec![GrantType::ClientCredentials],
            expires_in_as: ExpiresInAs::String,
            may_introspect: false,
            certificate_binding: CertificateBinding::Off,
            networks: Vec::new(),
            rate: None,
            expires_at: None,
            token_lifetime: None,
            token_algorithm: None,
            contact: None,
            note: None,
        }
    }

    /// Whether its requests may come from `address`.
    #[must_use]
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        self.networks.is_empty()
            || self
                .networks
                .iter()
                .any(|network| network.contains(address))
    }

    /// The names of the settings that differ in `other`, for the audit record of a change. A change
    /// of the status has a record of its own.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        // Destructured, so that the compiler reports a new field that is missing here.
        let Self {
            id: _,
            name,
            status: _,
            auth_method,
            assertion_audience,
            certificate_name,
            jwks_uri,
            scope,
            audiences,
            grants,
            expires_in_as,
            may_introspect,
            certificate_binding,
            networks,
            rate,
            expires_at,
            token_lifetime,
            token_algorithm,
            contact,
            note,
        } = self;
        let differs = [
            ("name", *name != other.name),
            ("auth_method", *auth_method != other.auth_method),
            (
                "assertion_audience",
                *assertion_audience != other.assertion_audience,
            ),
            (
                "certificate_name",
                *certificate_name != other.certificate_name,
            ),
            ("jwks_uri", *jwks_uri != other.jwks_uri),
            ("scope", *scope != other.scope),
            ("audiences", *audiences != other.audiences),
            ("grants", *grants != other.grants),
            ("expires_in_as", *expires_in_as != other.expires_in_as),
            ("may_introspect", *may_introspect != other.may_introspect),
            (
                "certificate_binding",
                *certificate_binding != other.certificate_binding,
            ),
            ("networks", *networks != other.networks),
            ("rate", *rate != other.rate),
            ("expires_at", *expires_at != other.expires_at),
            ("token_lifetime", *token_lifetime != other.token_lifetime),
            ("token_algorithm", *token_algorithm != other.token_algorithm),
            ("contact", *contact != other.contact),
            ("note", *note != other.note),
        ];
        differs
            .into_iter()
            .filter_map(|(name, differs)| differs.then_some(name))
            .collect()
    }
}

/// A client identifier: 1 to 128 characters of visible ASCII (RFC 6749 A.1 without the space),
/// without `:` and `%`.
///
/// The two characters are left out so that **a Basic credential names one client at most**. A colon
/// would end the id early (RFC 7617 2). Some clients form-encode the id (RFC 6749 2.3.1), and
/// others don't. Of `a%5Fb`, only the decoded reading `a_b` can be an id. Of `a+b`, only the raw
/// one can, because the decoded one has a space.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(Arc<str>);

/// A text that can't be a client identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client id has 1 to 128 characters of visible ASCII, without ':' and '%'")]
pub struct InvalidClientId;

impl ClientId {
    /// A new id: `d1c_` and 16 random characters of base 62.
    #[must_use]
    pub fn generate() -> Self {
        let mut text = String::from("d1c_");
        random::append(&mut text, 16);
        Self(text.into())
    }

    /// # Errors
    /// [`InvalidClientId`], see the type.
    pub fn parse(text: &str) -> Result<Self, InvalidClientId> {
        if Self::is_valid(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidClientId)
        }
    }

    /// The identifier as the wire carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_valid(text: &str) -> bool {
        (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b':' && byte != b'%')
    }
}

/// One resource server that a token is for: visible ASCII, usually a URI (RFC 9068 2.2, RFC 8707
/// 2). At most 255 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Audience(String);

/// A text that can't be an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an audience has 1 to 255 characters of visible ASCII, such as the URL of the API that the token is for"
)]
pub struct InvalidAudience;

impl Audience {
    /// In characters.
    pub const LONGEST: usize = 255;

    /// # Errors
    /// [`InvalidAudience`], see the type.
    pub fn parse(text: &str) -> Result<Self, InvalidAudience> {
        let valid = (1..=Self::LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAudience)
        }
    }

    /// The audience as the `aud` claim carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a client may get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It may.
    Enabled,
    /// It may not, and looks to the outside like a client that doesn't exist.
    Disabled,
}

/// The JSON type of `expires_in`. D1's contract has a string, RFC 6749 5.1 a number, and strict
/// OAuth libraries insist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpiresInAs {
    /// `"expires_in": "900"`
    String,
    /// `"expires_in": 900`
    Number,
}

impl ExpiresInAs {
    /// `string` or `number`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
        }
    }
}

impl FromStr for ExpiresInAs {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "string" => Ok(Self::String),
            "number" => Ok(Self::Number),
            _ => Err("expires_in is sent as \"string\" or as \"number\""),
        }
    }
}

impl Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        Self::parse(text)
    }
}

impl FromStr for Audience {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        Self::parse(text)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({:?})", self.as_str())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_no_character_that_the_two_credential_encodings_read_differently() {
        for id in [
            "is_tbank01",
            "a+b",
            "a@bank.example",
            "x".repeat(128).as_str(),
        ] {
            assert_eq!(ClientId::parse(id).unwrap().as_str(), id);
        }
        for id in [
            "",
            "a:b",
            "a%41",
            "a b",
            "a\n",
            "é",
            "x".repeat(129).as_str(),
        ] {
            assert_eq!(ClientId::parse(id), Err(InvalidClientId), "{id:?}");
        }
    }
}
