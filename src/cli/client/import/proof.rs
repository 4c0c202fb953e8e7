//! How the client of a row proves itself: with a secret, a hash of it, its keys, or a certificate.
//! A proof that can't be imported is a mistake. The client doesn't get another one instead.

use dropshot_chassis::identity::CertificateName;
use jiff::Timestamp;
use serde_json::Value;

use super::columns::{Values, column, folded, is_empty, plain};
use super::placeholder::placeholder;
use super::servers;
use crate::admin::SecretToImport;
use crate::keys::ClientKeys;
use crate::store::ClientRecord;
use crate::token::{AuthMethod, ClientSecret, JwksUri, Written, written};

/// What a client proves itself with.
pub(super) struct Proof {
    /// None if the row doesn't say.
    pub(super) method: Option<AuthMethod>,
    pub(super) secret: SecretToImport,
    pub(super) keys: Option<ClientKeys>,
    /// The URL of its keys, if the file doesn't hold the keys.
    pub(super) jwks_uri: Option<JwksUri>,
    pub(super) certificate_name: Option<CertificateName>,
}

const NO_SECRET: &str = "give the secret itself, or leave it empty to give the client a new one; if this really is \
                         the secret, add the client with `client add --secret-stdin`";

/// Words in the name of a member that says how the client proves itself.
const PROVES: [&str; 9] = [
    "secret",
    "password",
    "passphrase",
    "credential",
    "certificate",
    "publickey",
    "x509",
    "jwks",
    "authenticator",
];

/// Reads the proof of a row, and notes mistakes in `values`. `known` is the client with this id in
/// the store.
pub(super) fn proof(values: &mut Values<'_>, known: Option<&ClientRecord>) -> Proof {
    let said = method(values);
    let keys = values.read("jwks", ClientKeys::read).map(|read| {
        for key in &read.passed_by {
            values.warn(format!("jwks: ignored: {key}"));
        }
        read.keys
    });
    let certificate_name: Option<CertificateName> = values.parsed("certificate_name");
    let takes_secret = said.is_none_or(|method| method == AuthMethod::ClientSecretBasic);
    let secret = match takes_secret {
        true => secret(values),
        false => None,
    };
    let is_named = |name: &str| values.row.value(name).is_some();
    let by_uri = is_named("jwks_uri") && !is_named("jwks");
    let method = said.or(match (&keys, &certificate_name) {
        (Some(_), _) => Some(AuthMethod::PrivateKeyJwt),
        (None, Some(_)) => Some(AuthMethod::TlsClientAuth),
        (None, None) if by_uri && secret.is_none() => Some(AuthMethod::PrivateKeyJwt),
        (None, None) => None,
    });
    let of_known = known.map(|known| &known.client);
    match method {
        Some(AuthMethod::PrivateKeyJwt) => {
            let has_keys =
                known.is_some_and(|known| known.keys.is_some() || known.client.jwks_uri.is_some());
            if !by_uri && values.row.value("jwks").is_none() && !has_keys {
                values.wrong(
                    "jwks",
                    &"private_key_jwt needs the client's public keys: give them as a JWK set, or give their URL as jwks_uri",
                );
            }
        }
        Some(AuthMethod::TlsClientAuth) => {
            let has_name = of_known.is_some_and(|client| client.certificate_name.is_some());
            if values.row.value("certificate_name").is_none() && !has_name {
                values.wrong(
                    "certificate_name",
                    &"tls_client_auth needs the name of the client's certificate: give it as subject:CN=…,O=…, dns:…, uri:…, ip:… or \
                      email:…",
                );
            }
        }
        Some(AuthMethod::ClientSecretBasic) | None => {
            if secret.is_none() && known.is_none() {
                refuse_other_proofs(values);
            }
        }
    }
    let basic = method.is_none_or(|method| method == AuthMethod::ClientSecretBasic);
    let instead = match basic {
        true if values.is_own => of_own_list(values),
        true => SecretToImport::New { until: None },
        false => SecretToImport::Nothing,
    };
    let jwks_uri = match (by_uri, method) {
        (true, Some(AuthMethod::PrivateKeyJwt)) => values.parsed("jwks_uri"),
        (true, _) => {
            values.warn(
                "left out: jwks_uri, because the client authenticates in another way".to_owned(),
            );
            None
        }
        (false, _) => None,
    };
    Proof {
        jwks_uri,
        method,
        secret: secret.unwrap_or(instead),
        keys,
        certificate_name,
    }
}

/// The method that a row names. Of several, the first in `AuthMethod::ALL` counts.
fn method(values: &mut Values<'_>) -> Option<AuthMethod> {
    const NAME: &str = "token_endpoint_auth_method";
    // Not by `items`, which warns of commas.
    let named = plain(values.row.value(NAME)?);
    let is_between = |character: char| character.is_whitespace() || ",;|[]\"".contains(character);
    let named: Vec<String> = named
        .split(is_between)
        .filter(|name| !name.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let of_name = |name: &str| match name {
        "client_secret_post" => Some(AuthMethod::ClientSecretBasic),
        name => name.parse().ok(),
    };
    let found = AuthMethod::ALL.iter().copied().find(|method| {
        let mut methods = named.iter().map(|name| of_name(name));
        methods.any(|named| named == Some(*method))
    });
    let Some(found) = found else {
        let all = named.join(", ");
        values.wrong(
            NAME,
            &format!(
                "this service doesn't have {all}: use client_secret_basic, private_key_jwt or tls_client_auth, and \
                 give client_secret, jwks or certificate_name with it"
            ),
        );
        return None;
    };
    let is_other = |name: &&String| **name != found.as_str();
    let others: Vec<_> = named.iter().filter(is_other).map(String::as_str).collect();
    if !others.is_empty() {
        values.warn(format!("{found} replaces {}", others.join(", ")));
    }
    Some(found)
}

/// The secret of a row, or the hash of it.
fn secret(values: &mut Values<'_>) -> Option<SecretToImport> {
    if let Some(value) = values.row.value("client_secret") {
        let Value::String(text) = value else {
            values.wrong("client_secret", &format!("it is not a text: {NO_SECRET}"));
            return None;
        };
        if values.row.value("client_secret_hash").is_some() {
            values.warn("left out: the hash, because the row has the secret itself".to_owned());
        }
        return of_text(values, text);
    }
    let text = values.text("client_secret_hash")?;
    let text = text.trim();
    let is_masked = placeholder(text).is_some();
    match written(text) {
        Written::Hash(Ok(hash)) => return Some(SecretToImport::Hash(hash)),
        Written::Hash(Err(error)) => {
            values.wrong("client_secret_hash", &format!("{error}: {NO_SECRET}"));
        }
        _ if is_masked => values.wrong("client_secret_hash", &format!("it is masked: {NO_SECRET}")),
        _ => values.wrong(
            "client_secret_hash",
            &format!("it is not a hash of bcrypt, PBKDF2 or Argon2id in a known form: {NO_SECRET}"),
        ),
    }
    None
}

fn of_text(values: &mut Values<'_>, text: &str) -> Option<SecretToImport> {
    let name = "client_secret";
    // Before the check for masks: a masked hash is refused as a hash.
    let plain = match written(text) {
        Written::Hash(Ok(hash)) => return Some(SecretToImport::Hash(hash)),
        Written::Hash(Err(error)) => {
            values.wrong(
                name,
                &format!("it is the hash of a secret, but {error}: {NO_SECRET}"),
            );
            return None;
        }
        Written::Marked(plain) => {
            values.warn(
                "client_secret: the mark in braces before it is not part of the secret".to_owned(),
            );
            plain
        }
        Written::Plain(plain) => plain,
    };
    if let Some(why) = placeholder(plain) {
        values.wrong(name, &format!("{why}: {NO_SECRET}"));
        return None;
    }
    let parsed = ClientSecret::parse(plain);
    let secret = parsed.map_err(|error| values.wrong(name, &error)).ok()?;
    if secret.is_weak() {
        values.warn(
            "this secret is short enough to be guessed; `client rotate-secret` makes a better one"
                .to_owned(),
        );
    }
    Some(SecretToImport::Brought(secret))
}

/// Refuses members that say how the client proves itself and that this service doesn't read.
fn refuse_other_proofs(values: &mut Values<'_>) {
    let proves = |heading: &str| {
        let name = folded(heading);
        let is_other = column(heading).is_none() && !servers::is_read(heading);
        is_other && !name.ends_with("at") && PROVES.iter().any(|word| name.contains(word))
    };
    let given = values.row.values.iter();
    let given = given.filter(|(heading, value)| {
        let says_something = !is_empty(value) && !value.is_boolean();
        says_something && proves(heading)
    });
    let headings: Vec<String> = given.map(|(heading, _)| heading.clone()).collect();
    for heading in headings {
        values.wrong(
            &heading,
            &"it says how the client authenticates, but this service can't use it: give client_secret, \
              client_secret_hash, jwks or certificate_name, or remove it to give the client a new secret",
        );
    }
}

/// A list of this service's clients holds no secrets. A client that has a secret there gets a new
/// one, which ends when the last of those ends. A client without a secret gets none.
fn of_own_list(values: &mut Values<'_>) -> SecretToImport {
    let Some(Value::Array(listed)) = values.row.values.get("secrets") else {
        return SecretToImport::New { until: None };
    };
    let now = Timestamp::now();
    let ends = listed.iter().map(|secret| match secret.get("expires_at") {
        None | Some(Value::Null) => None,
        // An end that can't be read counts as past.
        Some(end) => Some(plain(end).parse().unwrap_or(Timestamp::MIN)),
    });
    let live: Vec<Option<Timestamp>> = ends.filter(|end| end.is_none_or(|end| end > now)).collect();
    match (live.is_empty(), live.contains(&None)) {
        (true, _) => SecretToImport::Nothing,
        (false, true) => SecretToImport::New { until: None },
        (false, false) => SecretToImport::New {
            until: live.into_iter().max().flatten(),
        },
    }
}
