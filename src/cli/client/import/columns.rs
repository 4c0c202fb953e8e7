//! The columns of an import, what other servers call them, and reading their values.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

use super::Finding;
use super::formats::Row;

/// The columns, and what other servers call them. Case, `_`, `-`, `.` and blanks make no
/// difference.
const COLUMNS: [(&str, &[&str]); 26] = [
    ("client_id", &["id"]),
    ("name", &["clientname", "displayname"]),
    ("client_secret", &["secret"]),
    ("client_secret_hash", &["secrethash", "hashedsecret"]),
    (
        "client_secret_expires_at",
        &["secretexpiresat", "clientsecretexpires"],
    ),
    ("jwks", &["jsonwebkeyset"]),
    ("jwks_uri", &["jwksurl", "jwkseturl", "jsonwebkeyseturi"]),
    ("certificate_name", &[]),
    ("certificate_binding", &[]),
    ("assertion_audience", &[]),
    ("scope", &["scopes", "allowedscopes"]),
    ("audiences", &["audience", "aud", "resourceids"]),
    (
        "grants",
        &[
            "granttypes",
            "grant",
            "granttype",
            "authorizationgranttypes",
            "authorizationgranttype",
            "authorizedgranttypes",
            "allowedgranttypes",
        ],
    ),
    ("networks", &["network"]),
    ("rate", &[]),
    ("lifetime", &["tokenlifetime"]),
    ("algorithm", &["tokenalgorithm", "alg"]),
    ("may_introspect", &[]),
    ("expires_in_as", &[]),
    ("expires_at", &["expires"]),
    ("enabled", &[]),
    ("status", &[]),
    ("contact", &["contacts"]),
    ("note", &["description"]),
    (
        "token_endpoint_auth_method",
        &[
            "authmethod",
            "clientauthenticationmethods",
            "tokenendpointauthmethods",
        ],
    ),
    ("created_at", &["clientidissuedat"]),
];

/// Our name of a column.
pub(super) fn column(heading: &str) -> Option<&'static str> {
    let mut names = COLUMNS.iter().map(|(own, _)| *own);
    let known = names.find(|own| rank(own, heading).is_some());
    known.or_else(|| is_hash(heading).then_some("client_secret_hash"))
}

/// A name without what makes no difference.
pub(super) fn folded(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a name says that its value is a hash of a secret.
fn is_hash(heading: &str) -> bool {
    let name = folded(heading);
    let is_of_secret = ["secret", "password"]
        .iter()
        .any(|word| name.contains(word));
    let hashes = ["hash", "digest", "bcrypt", "argon", "pbkdf", "crypt"];
    is_of_secret && hashes.iter().any(|word| name.contains(word))
}

/// How far from a column's own name this one of it is; none for what names another column, or none.
fn rank(name: &str, heading: &str) -> Option<usize> {
    let wanted = folded(heading);
    if folded(name) == wanted {
        return Some(0);
    }
    let (_, others) = COLUMNS.iter().find(|(own, _)| *own == name)?;
    let place = others.iter().position(|other| *other == wanted)?;
    Some(place + 1)
}

/// Whether a value says nothing. What a server writes for "none" counts as absent.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether this text says yes or no.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => match plain(value).trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "t" | "y" => Some(true),
            "false" | "no" | "0" | "f" | "n" => Some(false),
            _ => None,
        },
    }
}

/// A value as text: lists with spaces, and objects (a JWK set) as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join(" ")
        }
        other => other.to_string(),
    }
}

impl Row {
    /// The heading whose value is taken for a column: of several, the column's own name, then what
    /// comes first in `COLUMNS`.
    pub(super) fn heading(&self, name: &str) -> Option<&str> {
        let given = self.values.iter().filter(|(_, value)| !is_empty(value));
        let headings = given.map(|(heading, _)| heading.as_str());
        let of_column = headings.filter(|heading| column(heading) == Some(name));
        of_column
            .min_by_key(|heading| (*heading != name, rank(name, heading).unwrap_or(usize::MAX)))
    }

    /// A column's value, unless it is empty.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(self.heading(name)?)
    }
}

/// The values of a row by our columns' names, with what was wrong with those read so far.
pub(super) struct Values<'a> {
    pub(super) row: &'a Row,
    /// Whether this service wrote the row, whose lists have no other separators.
    pub(super) is_own: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
}

impl Values<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.row.value(name).map(plain)
    }

    pub(super) fn read<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        parse(&text).map_err(|error| self.wrong(name, &error)).ok()
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.read(name, str::parse)
    }

    /// The items of a list. In a text, blanks separate them; commas and others do as well, which is
    /// told.
    pub(super) fn items(&mut self, name: &str) -> Option<Vec<String>> {
        const ALSO: [char; 3] = [',', ';', '|'];
        let value = self.row.value(name)?;
        let text = plain(value);
        if let (Value::String(_), Some('[')) = (value, text.trim_start().chars().next())
            && let Ok(items) = serde_json::from_str::<Vec<String>>(&text)
        {
            return Some(items);
        }
        if self.is_own || value.is_array() || !text.contains(ALSO) {
            return Some(text.split_whitespace().map(str::to_owned).collect());
        }
        // As PostgreSQL writes an array.
        let list = text
            .strip_prefix('{')
            .and_then(|list| list.strip_suffix('}'));
        let items = list
            .unwrap_or(&text)
            .split(|c: char| c.is_whitespace() || ALSO.contains(&c));
        let items = items.map(|item| item.trim_matches('"').to_owned());
        let items: Vec<String> = items.filter(|item| !item.is_empty()).collect();
        self.warn(format!(
            "{name}: read as {} values, separated by commas: {}",
            items.len(),
            items.join(" ")
        ));
        Some(items)
    }

    pub(super) fn list<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<Vec<T>> {
        let mut list = Vec::new();
        for item in self.items(name)? {
            if item.contains(',') {
                self.warn(format!("{name}: {item:?} is one value, with a comma in it"));
            }
            match item.parse() {
                Ok(item) => list.push(item),
                Err(error) => self.wrong(name, &error),
            }
        }
        Some(list)
    }

    pub(super) fn truth(&mut self, name: &str) -> Option<bool> {
        let value = self.row.value(name)?;
        let read = truth(value);
        if read.is_none() {
            self.wrong(name, &"it must be true or false");
        }
        read
    }

    /// A time: RFC 3339, or seconds since 1970 of which 0 is none (RFC 7591 3.2.1).
    pub(super) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let seconds: Option<i64> = text.trim().parse().ok();
        let read = match seconds {
            Some(0) => return None,
            Some(seconds) => Timestamp::from_second(seconds),
            None => text.trim().parse(),
        };
        let wrong = |_| self.wrong(name, &"write it as 2027-06-30T00:00:00Z");
        read.map_err(wrong).ok()
    }

    /// Without the value: it may be a secret, or stand where one should.
    pub(super) fn wrong(&mut self, name: &str, error: &dyn Display) {
        self.findings.push(Finding {
            line: self.row.line,
            message: format!("{name}: {error}"),
        });
    }

    pub(super) fn warn(&mut self, message: String) {
        self.warnings.push(Finding {
            line: self.row.line,
            message,
        });
    }
}
