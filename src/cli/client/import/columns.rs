//! The columns of an import, their names at other servers, and the reading of their values.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Finding;

/// The columns, and their names at other servers. Case, `_`, `-`, `.` and blanks don't matter.
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

/// One client of the file: its values by the names of the file.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) values: Map<String, Value>,
}

/// This service's name of a column. `None` if the heading is not known.
pub(super) fn column(heading: &str) -> Option<&'static str> {
    let mut names = COLUMNS.iter().map(|(own, _)| *own);
    let known = names.find(|own| rank(own, heading).is_some());
    known.or_else(|| is_hash(heading).then_some("client_secret_hash"))
}

/// The letters and digits of a name, in lower case.
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

/// The rank of a heading among the names of a column: 0 for the column's own name. `None` if the
/// heading doesn't name this column.
fn rank(name: &str, heading: &str) -> Option<usize> {
    let wanted = folded(heading);
    if folded(name) == wanted {
        return Some(0);
    }
    let (_, others) = COLUMNS.iter().find(|(own, _)| *own == name)?;
    let place = others.iter().position(|other| *other == wanted)?;
    Some(place + 1)
}

/// Whether a value is empty, or has only empty members. Servers write such values for "none".
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as yes or no. `None` if it is neither.
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

/// A value as text: a list of texts with spaces between them, an object (a JWK set) as JSON.
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
    /// The heading whose value is used for a column. Of several, the column's own name wins, then
    /// the first name in `COLUMNS`.
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

/// The values of a row by column, and the mistakes and warnings so far.
pub(super) struct Values<'a> {
    pub(super) row: &'a Row,
    /// Whether this service wrote the row. Only blanks separate the items of its lists.
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

    /// The items of a list. In a text, blanks separate them. Commas, semicolons and bars do as
    /// well, and the import warns of it.
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
        // PostgreSQL writes an array in braces.
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

    /// A time in RFC 3339 or in seconds since 1970. 0 seconds means that there is none (RFC 7591
    /// 3.2.1).
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

    /// Notes a mistake. The message leaves the value out, because it may be a secret in the wrong
    /// column.
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
