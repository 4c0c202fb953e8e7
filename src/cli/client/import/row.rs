//! A client of a row: every value read, every mistake told.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::{Finding, Row};
use crate::cli::duration;
use crate::issuer::ClientToImport;
use crate::keys::ClientKeys;
use crate::token::{AuthMethod, Client, ClientId, ClientSecret, Lifetime, Scope, Status};

/// The columns, and what other servers call them. Case, `_`, `-` and spaces make no difference.
const COLUMNS: [(&str, &[&str]); 18] = [
    ("client_id", &["id"]),
    ("name", &["clientname"]),
    ("client_secret", &["secret"]),
    ("jwks", &["jsonwebkeyset"]),
    ("scope", &["scopes"]),
    ("audiences", &["audience", "aud"]),
    ("grants", &["granttypes", "grant"]),
    ("networks", &["network"]),
    ("rate", &[]),
    ("lifetime", &["tokenlifetime"]),
    ("algorithm", &["tokenalgorithm", "alg"]),
    ("may_introspect", &[]),
    ("expires_in_as", &[]),
    ("expires_at", &["expires"]),
    ("enabled", &[]),
    ("contact", &["contacts"]),
    ("note", &["description"]),
    ("token_endpoint_auth_method", &["authmethod"]),
];

/// The client of a row, unless something is wrong with it.
pub(super) fn client(
    row: &Row,
    findings: &mut Vec<Finding>,
    warnings: &mut Vec<Finding>,
) -> Option<ClientToImport> {
    let mut values = Values {
        row,
        findings: Vec::new(),
    };
    let left_out: Vec<&str> = row
        .values
        .keys()
        .map(String::as_str)
        .filter(|heading| column(heading).is_none_or(|name| row.heading(name) != Some(heading)))
        .collect();
    let mut warn = |message: String| {
        warnings.push(Finding {
            line: row.line,
            message,
        });
    };
    if !left_out.is_empty() {
        warn(format!("left out: {}", left_out.join(", ")));
    }
    let id: Option<ClientId> = values.parsed("client_id");
    if id.is_none() && values.text("client_id").is_none() {
        values.wrong("client_id", &"it is missing");
    }
    let scope = values
        .text("scope")
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let scope = values
        .read("scope", scope.as_deref(), Scope::parse)
        .unwrap_or_default();
    let secret = values.text("client_secret");
    let secret = values.read("client_secret", secret, ClientSecret::parse);
    if secret.as_ref().is_some_and(ClientSecret::is_weak) {
        warn(
            "this secret is short enough to be guessed; client rotate-secret gives it a better one"
                .to_owned(),
        );
    }
    let jwks = values.text("jwks");
    let read = values.read("jwks", jwks, ClientKeys::read);
    let keys = read.map(|read| {
        for key in &read.passed_by {
            warn(format!("jwks: passed by: {key}"));
        }
        read.keys
    });
    let method = values
        .parsed("token_endpoint_auth_method")
        .unwrap_or(match keys {
            Some(_) => AuthMethod::PrivateKeyJwt,
            None => AuthMethod::ClientSecretBasic,
        });
    if method == AuthMethod::PrivateKeyJwt && jwks.is_none() {
        values.wrong("jwks", &"private_key_jwt needs the client's public keys");
    }
    if method == AuthMethod::TlsClientAuth {
        values.wrong(
            "token_endpoint_auth_method",
            &"tls_client_auth needs the certificate's name: use `client add --certificate-name`",
        );
    }
    let lifetime = |text: &str| match text.parse().map(Duration::from_secs) {
        Ok(seconds) => Lifetime::try_from(seconds).map_err(|error| error.to_string()),
        Err(_) => duration::lifetime(text),
    };
    let token_lifetime = values.text("lifetime");
    let token_lifetime = values.read("lifetime", token_lifetime, lifetime);
    let enabled = values.truth("enabled").unwrap_or(true);
    let may_introspect = values.truth("may_introspect").unwrap_or(false);
    let id = id.unwrap_or_else(ClientId::generate);
    let name = values.text("name").unwrap_or(id.as_str()).to_owned();
    let default = Client::new(id, name, scope);
    let client = Client {
        status: if enabled {
            Status::Enabled
        } else {
            Status::Disabled
        },
        auth_method: method,
        audiences: values.list("audiences").unwrap_or_default(),
        grants: values
            .list("grants")
            .unwrap_or_else(|| default.grants.clone()),
        networks: values.list("networks").unwrap_or_default(),
        rate: values.parsed("rate"),
        token_lifetime,
        token_algorithm: values.parsed("algorithm"),
        may_introspect,
        expires_in_as: values
            .parsed("expires_in_as")
            .unwrap_or(default.expires_in_as),
        expires_at: values.parsed("expires_at"),
        contact: values.text("contact").map(str::to_owned),
        note: values.text("note").map(str::to_owned),
        ..default
    };
    if let Err(error) = client.check_limits(None) {
        values.findings.push(Finding {
            line: row.line,
            message: error.to_string(),
        });
    }
    let good = values.findings.is_empty();
    findings.append(&mut values.findings);
    good.then_some(ClientToImport {
        client,
        secret,
        keys,
    })
}

impl Row {
    /// The heading whose value is taken for a column: of several, the column's own name, then what comes first in `COLUMNS`.
    fn heading(&self, name: &str) -> Option<&str> {
        let headings = self.values.keys().map(String::as_str);
        let of_column = headings.filter(|heading| column(heading) == Some(name));
        of_column.min_by_key(|heading| (*heading != name, rank(name, heading)))
    }
}

/// The values of a row by our columns' names, with what was wrong with those read so far.
struct Values<'a> {
    row: &'a Row,
    findings: Vec<Finding>,
}

impl<'a> Values<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        let heading = self.row.heading(name)?;
        self.row.values.get(heading).map(String::as_str)
    }

    fn read<T, E: Display>(
        &mut self,
        name: &str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(text?).map_err(|error| self.wrong(name, &error)).ok()
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.read(name, self.text(name), str::parse)
    }

    fn list<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<Vec<T>> {
        let items = self.text(name)?.split_whitespace();
        let parsed = items.filter_map(|item| self.read(name, Some(item), str::parse));
        Some(parsed.collect())
    }

    fn truth(&mut self, name: &str) -> Option<bool> {
        self.read(name, self.text(name), |text| {
            match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(true),
                "false" | "no" | "0" => Ok(false),
                _ => Err("it must be true or false"),
            }
        })
    }

    /// Without the value: it may be a secret, or stand where one should.
    fn wrong(&mut self, name: &str, error: &dyn Display) {
        self.findings.push(Finding {
            line: self.row.line,
            message: format!("{name}: {error}"),
        });
    }
}

/// Our name of a column.
fn column(heading: &str) -> Option<&'static str> {
    let mut names = COLUMNS.iter().map(|(own, _)| *own);
    names.find(|own| rank(own, heading).is_some())
}

/// How far from a column's own name this one of it is; none for what names another column, or none.
fn rank(name: &str, heading: &str) -> Option<usize> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let wanted = plain(heading);
    if plain(name) == wanted {
        return Some(0);
    }
    let (_, others) = COLUMNS.iter().find(|(own, _)| *own == name)?;
    let place = others.iter().position(|other| *other == wanted)?;
    Some(place + 1)
}
