//! The client's settings on the command line. `client add` and `client set` have the same options.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use dropshot_chassis::identity::{CertificateName, Network};
use jiff::Timestamp;

use crate::cli::duration;
use crate::token::{
    Algorithm, AssertionAudience, Audience, CertificateBinding, Client, ExpiresInAs, GrantType,
    JwksUri, Lifetime, Rate, Scope,
};

/// Options of `client add` and `client set`. An empty value clears the setting.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// The scopes that it may ask for, and gets when it asks for none: tokens separated by spaces
    #[arg(long, value_parser = Scope::parse)]
    scope: Option<Scope>,
    /// A resource server that its tokens are for. For a client that introspects, the resource
    /// server that it is. May be repeated; by default, the configuration's
    #[arg(long = "audience", value_name = "AUDIENCE")]
    audiences: Vec<Setting<Audience>>,
    /// A grant type that it may use; may be repeated; by default, client_credentials
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<Setting<GrantType>>,
    /// The JSON type of expires_in in its replies: D1 reads a string, strict OAuth libraries read a
    /// number
    #[arg(long, value_enum)]
    expires_in_as: Option<Type>,
    /// What else it may do: introspect tokens for its audiences
    #[arg(long, value_name = "RIGHT")]
    allow: Vec<Setting<Right>>,
    /// Which of its tokens are bound to the certificate of the request: off, when-presented or
    /// required; by default, off
    #[arg(long = "bind-certificate", value_name = "WHEN")]
    certificate_binding: Option<CertificateBinding>,
    /// The name of the certificate that it proves itself with, by tls_client_auth:
    /// subject:CN=…,O=…, dns:…, uri:…, ip:… or email:…
    #[arg(long, value_name = "NAME")]
    certificate_name: Option<Setting<CertificateName>>,
    /// Which aud its assertions may have, by private_key_jwt: issuer, or token-endpoint to also
    /// accept what older libraries send; by default, issuer
    #[arg(long, value_name = "WHAT")]
    assertion_audience: Option<AssertionAudience>,
    /// The https URL from which the service fetches its public keys, for private_key_jwt
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<Setting<JwksUri>>,
    /// A network that its requests may come from, such as 10.0.0.0/8; may be repeated; by default,
    /// anywhere
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<Setting<Network>>,
    /// How often it may ask: 20/s, 600/m, 5000/h; by default, the configuration's
    /// throttle.client_rate
    #[arg(long)]
    rate: Option<Setting<Rate>>,
    /// The lifetime of its tokens, such as 5m; by default, the configuration's
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    lifetime: Option<Setting<Lifetime>>,
    /// The algorithm that signs its tokens, such as RS256; by default, the configuration's
    #[arg(long)]
    algorithm: Option<Setting<Algorithm>>,
    /// It may get no tokens from this time on, such as 2027-06-30T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires: Option<Setting<Timestamp>>,
    /// The person to ask about it
    #[arg(long)]
    contact: Option<Setting<String>>,
    /// A note
    #[arg(long)]
    note: Option<Setting<String>>,
}

/// A value. `None` if the text is empty.
#[derive(Debug, Clone)]
struct Setting<T>(Option<T>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    String,
    Number,
}

/// The right that `--allow` gives to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Right;

impl Settings {
    /// Sets the settings that were given, and leaves the others unchanged.
    pub(super) fn apply(&self, client: &mut Client) {
        if let Some(name) = &self.name {
            client.name.clone_from(name);
        }
        if let Some(scope) = &self.scope {
            client.scope = scope.clone();
        }
        set_all(&mut client.audiences, &self.audiences);
        set_all(&mut client.grants, &self.grants);
        set_all(&mut client.networks, &self.networks);
        if let Some(kind) = self.expires_in_as {
            client.expires_in_as = match kind {
                Type::String => ExpiresInAs::String,
                Type::Number => ExpiresInAs::Number,
            };
        }
        if !self.allow.is_empty() {
            client.may_introspect = self.allow.iter().any(|right| right.0.is_some());
        }
        if let Some(binding) = self.certificate_binding {
            client.certificate_binding = binding;
        }
        if let Some(audience) = self.assertion_audience {
            client.assertion_audience = audience;
        }
        set(&mut client.certificate_name, self.certificate_name.as_ref());
        set(&mut client.jwks_uri, self.jwks_uri.as_ref());
        set(&mut client.rate, self.rate.as_ref());
        set(&mut client.token_lifetime, self.lifetime.as_ref());
        set(&mut client.token_algorithm, self.algorithm.as_ref());
        set(&mut client.expires_at, self.expires.as_ref());
        set(&mut client.contact, self.contact.as_ref());
        set(&mut client.note, self.note.as_ref());
    }

    /// Whether an option clears a setting. A new client has nothing to clear.
    pub(super) fn clears(&self) -> bool {
        fn empty<T>(setting: &Option<Setting<T>>) -> bool {
            setting.as_ref().is_some_and(|setting| setting.0.is_none())
        }
        self.audiences.iter().any(|setting| setting.0.is_none())
            || self.networks.iter().any(|setting| setting.0.is_none())
            || empty(&self.certificate_name)
            || empty(&self.jwks_uri)
            || empty(&self.rate)
            || empty(&self.lifetime)
            || empty(&self.algorithm)
            || empty(&self.expires)
            || empty(&self.contact)
            || empty(&self.note)
    }
}

fn set<T: Clone>(field: &mut Option<T>, setting: Option<&Setting<T>>) {
    if let Some(Setting(value)) = setting {
        field.clone_from(value);
    }
}

fn set_all<T: Clone>(list: &mut Vec<T>, settings: &[Setting<T>]) {
    if !settings.is_empty() {
        *list = settings
            .iter()
            .filter_map(|setting| setting.0.clone())
            .collect();
    }
}

fn lifetime(text: &str) -> Result<Setting<Lifetime>, String> {
    if text.is_empty() {
        return Ok(Setting(None));
    }
    duration::lifetime(text).map(|lifetime| Setting(Some(lifetime)))
}

impl<T: FromStr> FromStr for Setting<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let value = if text.is_empty() {
            None
        } else {
            Some(text.parse()?)
        };
        Ok(Self(value))
    }
}

impl FromStr for Right {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "introspect" => Ok(Self),
            _ => Err("the only right that can be given is introspect"),
        }
    }
}
