//! The tables with their columns: what a copy takes along, and what the MAC of a row covers.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, Row};

use crate::store::StoreError;

/// A table. The table of leases is left out, because only a running process holds a lease.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The first column is the primary key. The order is that of a row's content under its MAC. A
    /// column that a later release adds is NULL in existing rows and not part of their content, so
    /// earlier MACs stay right.
    pub(super) columns: &'static [Column],
}

#[derive(Clone, Copy)]
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
    Bytes(&'static str),
}
use Column::{Bytes, Number, Text};

/// The value of a column, for writing.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// The values of a row by column, for writing.
pub(super) type Values = Vec<(&'static str, Value)>;

pub(super) type Query<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

/// The column that holds a row's MAC.
pub(super) const MAC: &str = "mac";
/// The columns that no MAC covers: the MAC itself, uses that are noted without being a change, and
/// the trail whose writer takes a record.
const NOT_VOUCHED: [&str; 4] = [MAC, "last_used_at", "last_used_from", "trail"];

pub(super) static META: Table = Table {
    name: "meta",
    columns: &[Text("name"), Bytes("value"), Bytes(MAC)],
};
pub(super) static SIGNING_KEYS: Table = Table {
    name: "signing_keys",
    columns: &[
        Text("id"),
        Text("algorithm"),
        Text("public_jwk"),
        Bytes("sealed_private_key"),
        Bytes("token_object"),
        Number("created_at"),
        Number("signs_from"),
        Number("signs_until"),
        Number("published_until"),
        Number("revoked_at"),
        Text("revocation_reason"),
        Bytes(MAC),
    ],
};
pub(super) static CLIENTS: Table = Table {
    name: "clients",
    columns: &[
        Text("id"),
        Text("name"),
        Number("enabled"),
        Text("auth_method"),
        Text("certificate_name"),
        Text("jwks"),
        Text("jwks_uri"),
        Text("scope"),
        Text("audiences"),
        Text("grants"),
        Text("expires_in_as"),
        Number("may_introspect"),
        Text("certificate_binding"),
        Text("networks"),
        Text("rate"),
        Number("expires_at"),
        Number("token_lifetime_seconds"),
        Text("token_algorithm"),
        Text("contact"),
        Text("note"),
        Number("created_at"),
        Number("changed_at"),
        Number("registered_at"),
        Number("tokens_not_before"),
        Number("keeps_tokens"),
        Text("assertion_audience"),
        Number("version"),
        Bytes(MAC),
    ],
};
/// Its rows are part of the content of their client.
pub(super) static CLIENT_SECRETS: Table = Table {
    name: "client_secrets",
    columns: &[
        Text("id"),
        Text("client_id"),
        Text("hash_kind"),
        Bytes("hash"),
        Number("created_at"),
        Number("expires_at"),
        Number("last_used_at"),
        Text("last_used_from"),
    ],
};
static CLIENT_USES: Table = Table {
    name: "client_uses",
    columns: &[
        Text("client_id"),
        Number("last_used_at"),
        Text("last_used_from"),
    ],
};
/// Its rows are counted, and have no MAC of their own.
pub(super) static REMOVED_CLIENTS: Table = Table {
    name: "removed_clients",
    columns: &[Text("id"), Number("tokens_not_before")],
};
pub(super) static REVOKED_TOKENS: Table = Table {
    name: "revoked_tokens",
    columns: &[
        Text("jti"),
        Text("client_id"),
        Number("expires_at"),
        Number("change"),
        Bytes(MAC),
    ],
};
/// Its rows are counted, and have no MAC of their own.
pub(super) static CHANGES: Table = Table {
    name: "changes",
    columns: &[
        Number("sequence"),
        Number("mark"),
        Text("kind"),
        Text("subject"),
        Number("at"),
    ],
};
/// Its rows are counted, and have no MAC of their own.
pub(super) static AUDIT_OUTBOX: Table = Table {
    name: "audit_outbox",
    columns: &[
        Number("number"),
        Text("trail"),
        Text("records"),
        Number("at"),
    ],
};
static MANIFEST: Table = Table {
    name: "manifest",
    columns: &[Text("part"), Bytes("value")],
};

/// All tables, in an order in which no row refers to a row of a later table.
pub(super) static TABLES: [&Table; 10] = [
    &META,
    &SIGNING_KEYS,
    &CLIENTS,
    &CLIENT_SECRETS,
    &CLIENT_USES,
    &REMOVED_CLIENTS,
    &REVOKED_TOKENS,
    &CHANGES,
    &AUDIT_OUTBOX,
    &MANIFEST,
];

impl Table {
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name()).collect()
    }

    /// The content of a row. Its columns, in the table's order, begin at the index `from`.
    pub(super) fn content_of(&self, row: &AnyRow, from: usize) -> Result<Vec<u8>, StoreError> {
        let mut content = Content::of(self);
        for (place, column) in self.vouched() {
            match column {
                Text(name) => content.put(name, row.try_get::<Option<&str>, _>(from + place)?),
                Number(name) => {
                    let number: Option<i64> = row.try_get(from + place)?;
                    content.put(name, number.map(i64::to_be_bytes));
                }
                Bytes(name) => content.put(name, row.try_get::<Option<&[u8]>, _>(from + place)?),
            }
        }
        Ok(content.0)
    }

    /// The content of a row before it is written. A column without a value is NULL.
    pub(super) fn content(&self, values: &[(&'static str, Value)]) -> Vec<u8> {
        let mut content = Content::of(self);
        for (_, column) in self.vouched() {
            let value = values.iter().find(|(name, _)| *name == column.name());
            match value {
                Some((name, Value::Text(text))) => content.put(name, text.as_ref()),
                Some((name, Value::Number(number))) => {
                    content.put(name, number.map(i64::to_be_bytes));
                }
                Some((name, Value::Bytes(bytes))) => content.put(name, bytes.as_ref()),
                None => {}
            }
        }
        content.0
    }

    fn vouched(&self) -> impl Iterator<Item = (usize, Column)> {
        let columns = self.columns.iter().copied().enumerate();
        columns.filter(|(_, column)| !NOT_VOUCHED.contains(&column.name()))
    }
}

impl Column {
    pub(super) fn name(self) -> &'static str {
        let (Text(name) | Number(name) | Bytes(name)) = self;
        name
    }
}

/// The bytes of one row. Each name and value has its length before it, so no two rows share the
/// bytes.
struct Content(Vec<u8>);

impl Content {
    fn of(table: &Table) -> Self {
        let mut content = Self(Vec::with_capacity(512));
        content.part(table.name.as_bytes());
        content
    }

    fn put(&mut self, column: &str, value: Option<impl AsRef<[u8]>>) {
        if let Some(value) = value {
            self.part(column.as_bytes());
            self.part(value.as_ref());
        }
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }
}

/// The content of several rows that share a MAC. The order of `others` doesn't matter.
pub(super) fn joined(first: &[u8], mut others: Vec<Vec<u8>>) -> Vec<u8> {
    others.sort();
    let mut content = Content(Vec::with_capacity(1024));
    content.part(first);
    for other in &others {
        content.part(other);
    }
    content.0
}

/// Puts a value into a statement.
pub(super) fn bind<'q>(query: Query<'q>, value: &'q Value) -> Query<'q> {
    match value {
        Value::Text(text) => query.bind(text.as_deref()),
        Value::Number(number) => query.bind(*number),
        Value::Bytes(bytes) => query.bind(bytes.as_deref()),
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_a_value_changes_no_content_and_any_other_does() {
        let row = |value: Value| {
            let values = vec![("name", Value::from("a")), ("value", value)];
            META.content(&values)
        };
        let one = row(Value::Bytes(Some(vec![1])));
        assert_eq!(
            row(Value::Bytes(None)),
            META.content(&[("name", "a".into())])
        );
        assert_ne!(one, row(Value::Bytes(None)));
        assert_ne!(one, row(Value::Bytes(Some(Vec::new()))));
        let with_mac = [("name", "a".into()), (MAC, Value::Bytes(Some(vec![1])))];
        assert_eq!(META.content(&with_mac), row(Value::Bytes(None)));
    }

    #[test]
    fn content_does_not_move_between_columns_and_rows() {
        let content = |name: &str, value: &str| {
            let value = Value::Bytes(Some(value.as_bytes().to_vec()));
            META.content(&[("name", name.into()), ("value", value)])
        };
        assert_ne!(content("ab", "c"), content("a", "bc"));
        let (one, two) = (vec![1], vec![2]);
        assert_eq!(
            joined(b"", vec![one.clone(), two.clone()]),
            joined(b"", vec![two.clone(), one.clone()])
        );
        assert_ne!(joined(&one, vec![two.clone()]), joined(&two, vec![one]));
    }
}
