//! Compares the values that were sent with those that arrived.

use dropshot_contract::{DateTime, IpAddr, Value};

use crate::document::Document;
use crate::facts::Facts;

/// The first difference between the value sent and the value that arrived. A default that the
/// service filled in is no difference. With `wire`, a number or truth value equals its text,
/// because only a schema tells them apart on the wire.
pub(crate) fn difference<'d>(
    document: &'d Document,
    schemas: &[&'d Value],
    sent: &Value,
    got: &Value,
    wire: bool,
) -> Option<String> {
    let compare = Comparison { document, wire };
    compare.values(schemas, sent, got, 0).map(|difference| {
        let (sent, got) = (short(sent), short(got));
        format!("{difference}; sent {sent}, got {got}")
    })
}

/// A value as a message shows it: its first 400 characters.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

struct Comparison<'d> {
    document: &'d Document,
    wire: bool,
}

impl<'d> Comparison<'d> {
    fn values(
        &self,
        schemas: &[&'d Value],
        sent: &Value,
        got: &Value,
        depth: usize,
    ) -> Option<String> {
        match (sent, got) {
            (Value::Object(sent), Value::Object(got)) => {
                for (name, value) in sent {
                    let Some(arrived) = got.get(name) else {
                        return Some(format!("/{name} did not arrive"));
                    };
                    let schemas = self.property(schemas, name, depth);
                    if let Some(difference) = self.values(&schemas, value, arrived, depth + 1) {
                        return Some(format!("/{name}{difference}"));
                    }
                }
                let more = got.iter().filter(|(name, _)| !sent.contains_key(*name));
                let mut more = more.filter(|(name, value)| {
                    !self.is_default(&self.property(schemas, name, depth), value)
                });
                more.next().map(|(name, _)| format!("/{name} was not sent"))
            }
            (Value::Array(sent), Value::Array(got)) if sent.len() == got.len() => {
                let facts = Facts::of(self.document, schemas, 0);
                sent.iter()
                    .zip(got)
                    .enumerate()
                    .find_map(|(index, (sent, got))| {
                        self.values(&facts.items, sent, got, depth + 1)
                            .map(|difference| format!("/{index}{difference}"))
                    })
            }
            // On the wire, a list of one item looks like the item.
            (sent, Value::Array(got)) if self.wire && got.len() == 1 && !sent.is_array() => {
                self.values(schemas, sent, &got[0], depth + 1)
            }
            _ if self.same(sent, got) => None,
            _ => Some(" differs".to_owned()),
        }
    }

    /// The schemas of a property in all branches of a union. Only defaults are read from them.
    fn property(&self, schemas: &[&'d Value], name: &str, depth: usize) -> Vec<&'d Value> {
        if depth > 24 {
            return Vec::new();
        }
        let branches = Facts::of(self.document, schemas, 0).branches.max(1);
        let mut found: Vec<&'d Value> = Vec::new();
        for schema in (0..branches)
            .filter_map(|branch| Facts::of(self.document, schemas, branch).property(name))
            .flatten()
        {
            if !found.iter().any(|known| std::ptr::eq(*known, schema)) {
                found.push(schema);
            }
        }
        found
    }

    fn is_default(&self, schemas: &[&'d Value], got: &Value) -> bool {
        let mut defaults = schemas
            .iter()
            .filter_map(|schema| Facts::of(self.document, &[schema], 0).default);
        defaults.any(|default| self.values(schemas, default, got, 0).is_none())
    }

    fn same(&self, sent: &Value, got: &Value) -> bool {
        if sent == got {
            return true;
        }
        match (sent, got) {
            (Value::Number(sent), Value::Number(got)) => {
                sent.as_i128().is_none_or(|_| got.as_i128().is_none())
                    && sent.as_f64() == got.as_f64()
            }
            (Value::String(sent), Value::String(got)) => {
                let address = |text: &str| text.parse::<IpAddr>().ok();
                if address(sent).is_some_and(|sent| address(got) == Some(sent)) {
                    return true;
                }
                let instant = |text: &str| text.parse::<DateTime>().ok();
                instant(sent).is_some_and(|sent| instant(got) == Some(sent))
            }
            (Value::String(text), other) | (other, Value::String(text)) if self.wire => {
                text == &other.to_string()
            }
            _ => false,
        }
    }
}
